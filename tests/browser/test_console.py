"""The console in a real browser, beside live conversations: what is wrong first, one session in detail, and orders."""

import array
import asyncio
import json
import os
import re
import signal
import threading
import wave
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from playwright.async_api import Browser, Page, Route, expect
from playwright.async_api import Error as PlaywrightError
from websockets.exceptions import WebSocketException
from websockets.sync.client import ClientConnection, connect

from app.replay.recording import AudioBeside
from tests.browser.accessibility import no_violations, no_violations_in_any_colours
from tests.browser.chromium import LOOKS_MS, SERVER_GONE, page_in
from tests.browser.visit import DESKTOP, PHONE, QUICK
from tests.kit.recorded_sessions import session_file, steps_of, write_session_file
from tests.kit.redis_server import redis_server
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, children, eventually, serving
from tests.service.api.test_routes_approvals import AGENT_FILE, REFUNDER

pytestmark = pytest.mark.asyncio(loop_scope="session")

TOKEN = "an-operator-token-of-this-test"
REFUSED = (r"status of 401",)
MARKUP = "<img src=x onerror=alert(1)> and the bear"


@pytest.fixture(scope="module", name="server")
def fixture_server() -> Iterator[Server]:
    with serving(EARSHOT, **FAKES, OPERATOR_TOKEN=TOKEN, LOG_CONTENT="on") as server:
        yield server


@contextmanager
def talking(server: Server, *session_ids: str) -> Iterator[dict[str, ClientConnection]]:
    """Conversations whose clients read all that they are sent."""
    with ExitStack() as stack:
        found = {}
        for session_id in session_ids:
            address = f"{server.url.replace('http', 'ws', 1)}/api/v1/realtime/conversation?session_id={session_id}"
            socket = stack.enter_context(connect(address, proxy=None, open_timeout=60, close_timeout=1, max_size=None))
            threading.Thread(target=read_all, args=(socket,), daemon=True).start()
            found[session_id] = socket
        yield found


def read_all(socket: ClientConnection) -> None:
    try:
        for _ in socket:
            pass
    except WebSocketException:
        return


def restart(server: Server, session_id: str, actor: str) -> None:
    path = f"/api/v1/health/actors/{session_id}/{actor}/restart"
    headers = {"Authorization": f"Bearer {TOKEN}"}
    assert (
        httpx.post(server.url + path, headers=headers, trust_env=False, verify=AUTHORITIES, timeout=60).status_code
        == 200
    )


async def sign_in(page: Page, server: Server, token: str = TOKEN) -> None:
    await page.goto(f"{server.url}/console")
    await page.get_by_label("Operator token").fill(token)
    await page.keyboard.press("Enter")


async def test_without_the_token_it_shows_nothing(browser: Browser, server: Server) -> None:
    async with page_in(browser, expected=REFUSED, **DESKTOP) as page:
        await sign_in(page, server, "guessed")
        await expect(page.get_by_text("That was refused")).to_be_visible()
        await expect(page.get_by_role("heading", name="Workers")).to_be_hidden()


async def test_on_a_phone_what_can_be_ordered_is_in_sight_and_a_live_timeline_shows_its_end(
    browser: Browser, server: Server
) -> None:
    with talking(server, "small"):
        async with page_in(browser, expected=REFUSED, **PHONE) as page:
            await sign_in(page, server)
            await page.locator("#sessions button").filter(has_text="small").click()
            order = page.get_by_role("button", name="Restart recognizer")
            await expect(order).to_be_visible()
            right, width = await order.evaluate("button => [button.getBoundingClientRect().right, innerWidth]")
            assert 0 < right <= width
            await page.wait_for_function(f"() => {SCROLLED}", polling=LOOKS_MS)
            # Who has scrolled back is left there.
            await page.evaluate(f"{FRAME}.scrollLeft = 0")
            await page.wait_for_timeout(2_500)
            assert await page.evaluate(f"{FRAME}.scrollLeft") == 0


async def test_what_is_pressed_or_marked_stays_so_while_the_lists_are_shown_anew(
    browser: Browser, server: Server
) -> None:
    with talking(server, "other", "pressed"):
        async with page_in(browser, expected=REFUSED, **DESKTOP) as page:
            await sign_in(page, server)
            entry = page.locator("#sessions button").filter(has_text="pressed")
            facts = entry.locator(".facts")
            was = await facts.inner_text()
            await entry.hover()
            await page.mouse.down()
            await entry.locator(".id").evaluate("id => getSelection().selectAllChildren(id)")
            marked = await page.evaluate("getSelection().toString()")
            await expect(facts).not_to_have_text(was)
            assert await page.evaluate("getSelection().toString()") == marked != ""
            await page.mouse.up()
            await expect(page.get_by_role("heading", name="pressed")).to_be_visible()
            restart_it = page.get_by_role("button", name="Restart recognizer")
            await restart_it.focus()
            row = page.locator("#actors tr").filter(has_text="recognizer")
            was = await row.inner_text()
            await expect(row).not_to_have_text(re.compile(re.escape(was.split("\t")[3])))
            await expect(restart_it).to_be_focused()
            await page.keyboard.press("Enter")
            await expect(page.get_by_text("Restart the recognizer of pressed?")).to_be_visible()


FRAME = 'document.getElementById("timeline").parentElement'
SCROLLED = f"{FRAME}.scrollLeft > 40 && {FRAME}.scrollLeft + {FRAME}.clientWidth > {FRAME}.scrollWidth - 24"


async def test_a_session_in_trouble_is_seen_at_a_glance_and_in_detail(browser: Browser, server: Server) -> None:
    with talking(server, "alpha", "beta", "gamma") as talks:
        async with page_in(browser, expected=REFUSED, **DESKTOP) as page:
            await sign_in(page, server)
            wrong = page.get_by_role("region", name="What is wrong").get_by_role("listitem")
            await expect(page.locator("#sessions li")).to_have_count(3)
            await expect(wrong).to_have_text(["Nothing."])
            talks["gamma"].send(json.dumps({"type": "text", "text": MARKUP}))
            restart(server, "gamma", "synthesizer")
            await expect(wrong.first).to_contain_text("synthesizer was started again once")
            await expect(page.locator("#sessions .id").first).to_have_text("gamma")
            await expect(page).to_have_title("⚠ Earshot console")
            await wrong.get_by_role("button", name="gamma").press("Enter")
            await expect(page.get_by_role("heading", name="gamma")).to_be_visible()
            row = page.get_by_role("row").filter(has_text="└ synthesizer")
            await expect(row.get_by_role("cell").nth(4)).to_have_text("1")
            await expect(page.locator("#timeline rect.agent").first).to_be_visible()
            # Text of a caller is text, whatever it looks like.
            await page.get_by_text("What happened, in words").click()
            await expect(page.locator("#events")).to_contain_text(f"the caller said: {MARKUP}")
            assert await page.locator("#board img").count() == 0


@pytest.mark.parametrize("content", [True, False], ids=["with words", "masked"])
async def test_a_session_file_is_shown_as_the_session_was(
    browser: Browser, server: Server, tmp_path: Path, *, content: bool
) -> None:
    file = await asyncio.to_thread(write_session_file, tmp_path, content=content)
    async with page_in(browser, expected=REFUSED, **DESKTOP) as page:
        await sign_in(page, server)
        await page.get_by_label("Open a session file").set_input_files(file)
        await expect(page.get_by_role("heading", name="session-1, from a file")).to_be_visible()
        facts = page.locator("#detail-facts")
        await expect(facts).to_contain_text("tester, media, earshot 0.1.0")
        await expect(facts).to_contain_text("ended NORMAL")
        await expect(page.get_by_role("heading", name="Actors")).to_be_hidden()
        await expect(page.get_by_role("button", name="End session")).to_be_hidden()
        # Four interruptions, and two pauses that were none.
        await expect(page.locator("#timeline line.cut")).to_have_count(4)
        await expect(page.locator("#timeline rect.user").first).to_be_visible()
        await page.get_by_text("What happened, in words").click()
        words = page.locator("#events")
        await expect(words).to_contain_text("the agent goes on: it was no interruption")
        await expect(words).to_contain_text("the tools are back")
        said = expect(words)
        await (said.to_contain_text("for Miller") if content else said.not_to_contain_text("Miller"))
        await no_violations(page)


PUT_AWAY = r"blob:.*ERR_ABORTED"
"""What the browser says of audio that it does not have to read to its end."""
TONE_S = 60


async def until_audio(page: Page, holds: str) -> None:
    """Wait until something is true of the player, `it`."""
    holding = f"() => {{ const it = document.getElementById('audio'); return {holds}; }}"
    await page.wait_for_function(holding, timeout=60_000, polling=LOOKS_MS)


def write_tone(path: Path) -> None:
    """A minute of audio of both sides."""
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(2)
        sound.setsampwidth(2)
        sound.setframerate(16_000)
        sound.writeframes(array.array("h", [8_000, -8_000] * (16_000 * TONE_S)).tobytes())


def write_both_files(folder: Path) -> list[Path]:
    """A session file, and its audio, which begins half a second before the session."""
    steps = steps_of("barge-in")
    audio = AudioBeside(file="session.wav", at=steps[0].at - 0.5, seconds=TONE_S)
    (folder / "session.jsonl").write_bytes(session_file(steps, content=False, audio=audio))
    write_tone(folder / "session.wav")
    return [folder / "session.wav", folder / "session.jsonl"]


async def test_the_audio_beside_a_session_file_is_played_along_its_timeline(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    files = await asyncio.to_thread(write_both_files, tmp_path)
    async with page_in(browser, expected=(*REFUSED, PUT_AWAY), **DESKTOP) as page:
        await sign_in(page, server)
        await page.get_by_label("Open a session file").set_input_files(files)
        await page.get_by_role("button", name="Listen to it").click()
        audio = page.locator("#audio")
        await expect(audio).to_be_visible()
        await until_audio(page, "it.duration > 59")
        # Ten seconds after the first event, which is half a second into the audio.
        await page.evaluate("document.getElementById('audio').currentTime = 10.5")
        playhead = page.locator("#timeline line.play")
        await expect(playhead).to_have_attribute("x1", re.compile(r"^29[5-7]"))
        await page.locator("#timeline").click(position={"x": 56 + 5 * 24, "y": 60})
        now = await page.evaluate("document.getElementById('audio').currentTime")
        assert abs(now - 5.5) < 0.2
        await page.evaluate("document.getElementById('audio').play()")
        await until_audio(page, f"it.currentTime > {now + 0.5} && !it.paused")
        await no_violations(page)
        await page.get_by_label("Open a session file").set_input_files(files[1])
        await expect(page.locator("#audio-panel")).to_be_hidden()
        await expect(page.locator("#detail-facts")).to_contain_text("its audio is session.wav")
        await page.get_by_label("Open a session file").set_input_files(files[0])
        await expect(page.get_by_role("alert")).to_contain_text("Audio alone has no timeline")


async def test_the_audio_of_a_session_that_is_over_is_listened_to(browser: Browser, tmp_path: Path) -> None:
    environ = {"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(tmp_path), "RECORD_AUDIO": "on"}
    with (
        serving(EARSHOT, **{**QUICK, **environ}, OPERATOR_TOKEN=TOKEN) as server,
        talking(server, "golf") as talks,
    ):
        async with page_in(browser, expected=(*REFUSED, r"status of 404 .*/golf", PUT_AWAY), **PHONE) as page:
            await sign_in(page, server)
            await page.locator("#sessions button", has_text="golf").click()
            await page.get_by_text("What happened, in words").click()
            await expect(page.locator("#events")).to_contain_text("a reply was heard")
            await expect(page.locator("#audio-panel")).to_be_hidden()
            await asyncio.to_thread(talks["golf"].send, bytes(640))
            await page.get_by_role("button", name="End session").click()
            await page.get_by_role("button", name="Do it").click()
            await expect(page.locator("#detail-facts")).to_have_text("The session is over.")
            await page.get_by_role("button", name="Listen to it").click()
            await until_audio(page, "it.duration > 0.5")
            await page.evaluate("document.getElementById('audio').play()")
            await until_audio(page, "it.currentTime > 0.3")
            await expect(page.locator("#timeline line.play")).to_be_attached()
            await no_violations(page)
            assert not await page.evaluate(TOO_WIDE)
        assert "/sessions/{session_id}/audio" in server.log()


NO_SESSION_FILES = (
    ("", "it is no session file"),
    ("not json", "line 1 is no JSON"),
    ('{"type": "session", "format": "another"}', "it is no session file"),
    ('{"type": "session", "format": "earshot session", "version": 7}', "it has version 7"),
    ("[1, 2]\n", "it is no session file"),
)
"""What is in a file, and what the console says of it."""


async def test_what_is_no_session_file_is_said_to_be_none(browser: Browser, server: Server, tmp_path: Path) -> None:
    async with page_in(browser, expected=REFUSED, **DESKTOP) as page:
        await sign_in(page, server)
        for number, (text, told) in enumerate(NO_SESSION_FILES):
            file = tmp_path / f"other-{number}.jsonl"
            file.write_text(text)
            await page.get_by_label("Open a session file").set_input_files(file)
            await expect(page.get_by_role("alert")).to_have_text(
                re.compile(rf"^other-{number}\.jsonl cannot.*: {told}")
            )


async def test_what_is_said_of_a_file_stays_when_the_console_has_found_its_server(
    browser: Browser, server: Server, tmp_path: Path
) -> None:
    file = tmp_path / "other.jsonl"
    file.write_text("not json")
    found = asyncio.Event()

    async def late(route: Route) -> None:
        await found.wait()
        await route.continue_()

    async with page_in(browser, expected=REFUSED, **DESKTOP) as page:
        await sign_in(page, server, "guessed")
        await expect(page.get_by_text("That was refused")).to_be_visible()
        await page.route("**/logs", late)
        await page.get_by_label("Operator token").fill(TOKEN)
        await page.keyboard.press("Enter")
        await page.get_by_label("Open a session file").set_input_files(file)
        await expect(page.get_by_role("alert")).to_contain_text("line 1 is no JSON")
        found.set()
        await expect(page.get_by_role("status")).to_have_text("Live")
        await expect(page.get_by_role("alert")).to_contain_text("line 1 is no JSON")


async def test_orders_are_asked_for_once_more_and_carried_out(browser: Browser, server: Server) -> None:
    with talking(server, "delta"):
        # Once it is over, the session has no actors to be asked for.
        async with page_in(browser, expected=(*REFUSED, r"status of 404 .*/delta"), **DESKTOP) as page:
            await sign_in(page, server)
            await page.locator("#sessions button", has_text="delta").click()
            order = page.get_by_role("button", name="Restart recognizer")
            await order.click()
            await expect(page.get_by_role("dialog")).to_contain_text("Restart the recognizer of delta?")
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("dialog")).to_be_hidden()
            await order.click()
            await page.get_by_role("button", name="Do it").click()
            row = page.get_by_role("row").filter(has_text="└ recognizer")
            await expect(row.get_by_role("cell").nth(4)).to_have_text("1")
            await page.get_by_role("button", name="End session").click()
            await page.get_by_role("button", name="Do it").click()
            await expect(page.locator("#detail-facts")).to_have_text("The session is over.")
            await expect(page.locator("#events")).to_contain_text("the session ended: NORMAL")


async def test_what_waits_for_an_operator_stands_first_and_is_decided_there(browser: Browser, tmp_path: Path) -> None:
    (tmp_path / "tester.yaml").write_text(AGENT_FILE)
    refunds = {"AGENTS_DIRECTORY": str(tmp_path), "LANGUAGE_MODEL": REFUNDER}
    with (
        serving(EARSHOT, **{**FAKES, **refunds}, OPERATOR_TOKEN=TOKEN, LOG_CONTENT="on") as server,
        talking(server, "echo", "foxtrot") as sockets,
    ):
        async with page_in(browser, expected=REFUSED, **DESKTOP) as page:
            await sign_in(page, server)
            panel = page.get_by_role("region", name="Waiting for you")
            await expect(page.get_by_role("heading", name="Workers")).to_be_visible()
            await expect(panel).to_be_hidden()
            for socket in sockets.values():
                await asyncio.to_thread(socket.send, '{"type": "text", "text": "my money, please"}')
            await expect(panel.get_by_role("listitem")).to_have_count(2)
            row = panel.get_by_role("listitem").filter(has_text="foxtrot")
            await expect(row).to_contain_text('tester wants to call refund with {"to": "Ada"}')
            await no_violations(page)
            await row.get_by_role("button", name="Decline refund of foxtrot").click()
            await expect(page.get_by_role("dialog")).to_contain_text("Decline refund of foxtrot?")
            await page.get_by_label("Reason, for the agent to tell").fill("too late")
            await page.get_by_role("button", name="Do it").click()
            await expect(row).to_be_hidden()
            await panel.get_by_role("button", name="Approve refund of echo").click()
            await expect(page.get_by_label("Reason, for the agent to tell")).to_be_hidden()
            await page.get_by_role("button", name="Keep it").click()
            await expect(panel.get_by_role("listitem")).to_have_count(1)
            await panel.get_by_role("button", name="Approve refund of echo").click()
            await page.get_by_role("button", name="Do it").click()
            await expect(panel).to_be_hidden()
            await page.locator("#sessions button", has_text="echo").click()
            await page.get_by_text("What happened, in words").click()
            for session, said in (("echo", "It is done."), ("foxtrot", "It is not done.")):
                await page.locator("#sessions button", has_text=session).click()
                await expect(page.locator("#events")).to_contain_text(said)
            await asyncio.to_thread(sockets["echo"].send, '{"type": "text", "text": "twice, please"}')
            await expect(panel.get_by_role("listitem")).to_have_count(2)
            # A press on either of them counts while the list is shown anew, once a second: both keep their elements.
            rows = panel.get_by_role("listitem")
            await page.evaluate("document.querySelectorAll('#approvals li').forEach((row) => { row.wasThere = true; })")
            was = await rows.last.inner_text()
            await expect(rows.last).not_to_have_text(was)
            assert await page.evaluate("[...document.querySelectorAll('#approvals li')].every((row) => row.wasThere)")


async def test_a_session_of_another_server_is_shown_and_opened_and_a_server_that_dies_is_seen(
    browser: Browser, tmp_path: Path
) -> None:
    with redis_server(tmp_path) as redis, ExitStack() as stack:
        shared = {**FAKES, "OPERATOR_TOKEN": TOKEN, "REDIS_URL": redis.url}
        here, there = (stack.enter_context(serving(EARSHOT, **shared)) for _ in range(2))
        stack.enter_context(talking(there, "far"))
        async with page_in(browser, expected=(*REFUSED, *SERVER_GONE, r"status of 404"), **DESKTOP) as page:
            await sign_in(page, here)
            wrong = page.get_by_role("region", name="What is wrong").get_by_role("listitem")
            await expect(page.locator("#workers tr")).to_have_count(2)
            await expect(page.locator("#sessions .id")).to_have_text(["far"])
            await expect(wrong).to_have_text(["Nothing."])
            await asyncio.to_thread(restart, there, "far", "synthesizer")
            await expect(wrong.first).to_contain_text("synthesizer was started again once")
            await wrong.get_by_role("button", name="far").click()
            await expect(page.get_by_role("heading", name="far")).to_be_visible()
            row = page.get_by_role("row").filter(has_text="└ synthesizer")
            await expect(row.get_by_role("cell").nth(4)).to_have_text("1")
            await expect(page.locator("#timeline rect.agent").first).to_be_visible()
            await page.get_by_role("button", name="End session").click()
            await page.get_by_role("button", name="Do it").click()
            await expect(page.locator("#detail-facts")).to_have_text("The session is over.")
            # What happened in it is had from where it was still.
            await expect(page.locator("#timeline rect.agent").first).to_be_visible()
            (worker,) = children(there.process.pid)
            os.kill(there.process.pid, signal.SIGKILL)
            os.kill(worker, signal.SIGKILL)
            await expect(wrong.first).to_contain_text(f"Worker {worker} is gone: no word for")


async def test_a_dead_worker_and_a_failing_provider_are_seen_at_a_glance(browser: Browser) -> None:
    failing = {
        "LANGUAGE_MODEL": "tests.service.failing_engines:fails_in_open",
        "LANGUAGE_MODEL_FALLBACK": FAKES["LANGUAGE_MODEL"],
    }
    with serving(EARSHOT, **{**FAKES, **failing}, OPERATOR_TOKEN=TOKEN, WEB_CONCURRENCY="2") as server:
        workers = children(server.process.pid)
        with talking(server, *(f"call-{number}" for number in range(6))) as talks:
            for socket in talks.values():
                socket.send(json.dumps({"type": "text", "text": "hello"}))
            async with page_in(browser, expected=(*REFUSED, *SERVER_GONE), **DESKTOP) as page:
                await sign_in(page, server)
                wrong = page.locator("#wrong li.bad")
                await expect(page.locator("#workers tr")).to_have_count(2)
                await expect(wrong.first).to_contain_text("circuit breaker open")
                os.kill(workers[0], signal.SIGKILL)
                gone = wrong.filter(has_text=f"Worker {workers[0]}")
                await expect(gone).to_contain_text(FATE)
                # Another has been started in its place.
                await expect(page.locator("#workers tr").filter(has_text="ready")).to_have_count(2)
                await expect(page.locator("#link")).to_have_text("Live")
            async with page_in(browser, expected=(*REFUSED, *SERVER_GONE), **PHONE) as later:
                await sign_in(later, server)
                gone = later.locator("#wrong li.bad").filter(has_text=f"Worker {workers[0]}")
                await expect(gone).to_contain_text(FATE)
                row = later.locator("#workers tr").filter(has_text=str(workers[0]))
                await expect(row).to_contain_text("lost: call-")
                await no_violations(later)
                assert not await later.evaluate(TOO_WIDE)


async def test_a_server_of_one_worker_tells_of_the_one_before(browser: Browser) -> None:
    with serving(EARSHOT, **FAKES, OPERATOR_TOKEN=TOKEN) as server:
        (worker,) = children(server.process.pid)
        with talking(server, "alone"):
            await asyncio.to_thread(eventually, lambda: server.get("/api/v1/health").json()["active_sessions"] == 1)
            os.kill(worker, signal.SIGKILL)
        async with page_in(browser, expected=(*REFUSED, *SERVER_GONE), **DESKTOP) as page:
            await until_answered(page, server)
            gone = page.locator("#wrong li.bad").filter(has_text=f"Worker {worker}")
            await expect(gone).to_contain_text("its one session is lost")
            await expect(page.locator("#workers tr").filter(has_text="ready")).to_have_count(1)


async def until_answered(page: Page, server: Server) -> None:
    """Sign in, once there is a worker again."""
    for _ in range(60):
        with suppress(PlaywrightError):
            return await sign_in(page, server)
        await asyncio.sleep(0.5)
    raise AssertionError("not in time")


FATE = re.compile(r"is gone: signal 9 ended it \d+ s ago; its (one session|\d sessions) (is|are all) lost")
TOO_WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_nothing_keeps_anybody_out(browser: Browser, server: Server, size: dict[str, Any]) -> None:
    # A name of its own: the session of the test before may be ending still.
    session_id = f"epsilon-{size['viewport']['width']}"
    with talking(server, session_id) as talks:
        talks[session_id].send(json.dumps({"type": "text", "text": "once there was a house by the river"}))
        async with page_in(browser, expected=REFUSED, **size) as page:
            await page.goto(f"{server.url}/console")
            await expect(page.get_by_label("Operator token")).to_be_visible()
            await no_violations_in_any_colours(page)
            await sign_in(page, server)
            restart(server, session_id, "recognizer")
            await page.locator("#sessions button", has_text=session_id).click()
            await expect(page.locator("#timeline rect.agent").first).to_be_visible()
            await expect(page.locator("#wrong .bad", has_text=session_id)).to_have_count(1)
            await no_violations_in_any_colours(page)
            assert not await page.evaluate(TOO_WIDE)
