"""earshot.js on a page of somebody else's that has nothing but a conversation, and what can go wrong around it."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, WebSocketRoute

from tests.browser.chromium import LOOKS_MS, open_page, page_in, stop_clock
from tests.browser.somebodys_site import somebodys_site
from tests.browser.visit import QUICK
from tests.kit.serving import EARSHOT, Server, eventually, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

HTML = """<!doctype html><title>Somebody's page</title>
<script type="module">
  import { Earshot } from "SERVER/static/earshot.js";
  window.told = [];
  window.made = (options) => {
    const call = new Earshot(options);
    for (const name of ["state", "microphone", "sound", "heard"])
      call.addEventListener(name, ({ detail }) => told.push([name, detail.state ?? detail.text]));
    return call;
  };
  window.call = made();
</script>
"""

MICROPHONE = """
window.streams = [];
window.asked = [];
navigator.mediaDevices.getUserMedia = (wanted) => {
  window.wanted = wanted;
  const stream = new AudioContext().createMediaStreamDestination().stream;
  streams.push(stream);
  return new Promise((allow) => asked.push(() => allow(stream)));
};
window.released = () => streams.every((stream) => stream.getTracks().every((track) => track.readyState === "ended"));
"""
"""A microphone that is given when the test says so: `asked[n]()`."""

CONTEXTS = """
window.contexts = [];
window.AudioContext = class extends AudioContext {
  constructor(...all) { super(...all); contexts.push(this); }
};
"""

UNREACHABLE = "Earshot: The server cannot be reached"
"""What the module says on the console when it gives up."""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, **QUICK, ALLOWED_ORIGINS="*") as started:
        yield started


@pytest.fixture(scope="module")
def site(server: Server) -> Iterator[str]:
    with somebodys_site(HTML.replace("SERVER", server.url)) as address:
        yield address


@asynccontextmanager
async def empty_page(browser: Browser, site: str, *scripts: str, expected: tuple[str, ...] = ()) -> AsyncIterator[Page]:
    """The page, with its conversation, `call`."""
    async with page_in(browser, expected=expected) as page:
        for script in scripts:
            await page.add_init_script(script)
        await go_to(page, site)
        yield page


async def go_to(page: Page, site: str) -> None:
    await page.goto(site)
    await until(page, "window.call !== undefined")


async def told(page: Page, name: str) -> list[Any]:
    """The states or texts that the page was told of this name."""
    return [what for told_name, what in await page.evaluate("told") if told_name == name]


async def until(page: Page, condition: str) -> None:
    await page.wait_for_function(condition, polling=LOOKS_MS)


async def test_two_conversations_on_one_page_do_not_meet(browser: Browser, site: str) -> None:
    async with empty_page(browser, site) as page:
        await page.evaluate("""() => {
            window.other = made({ agent: "hotel" });
            other.addEventListener("session", () => other.say("two"));
            call.addEventListener("session", () => call.say("one"));
            return Promise.all([call.start({ microphone: false }), other.start({ microphone: false })]);
        }""")
        await until(page, "told.filter(([name, text]) => name === 'heard' && /said (one|two)/.test(text)).length === 2")
        assert await page.evaluate("call.sessionId !== other.sessionId")
        await page.evaluate("other.stop()")
        assert await page.evaluate("[call.state, other.state]") == ["live", "ended"]


async def test_who_hangs_up_while_asked_for_the_microphone_is_not_listened_to(browser: Browser, site: str) -> None:
    async with empty_page(browser, site, MICROPHONE, CONTEXTS) as page:
        await page.evaluate("void call.start()")
        await until(page, "asked.length === 1")
        await page.evaluate("call.stop()")
        await until(page, "contexts[0].state === 'closed'")
        await page.evaluate("asked[0]()")
        await until(page, "released()")
        assert await told(page, "microphone") == ["asking", "off"]
        assert await told(page, "state") == ["connecting", "ended"]


async def test_a_conversation_begun_anew_while_the_former_still_asks_has_one_microphone(
    browser: Browser, site: str
) -> None:
    async with empty_page(browser, site, MICROPHONE) as page:
        await page.evaluate("void call.start()")
        await until(page, "asked.length === 1")
        await page.evaluate("call.stop(); void call.start()")
        await until(page, "asked.length === 2")
        await page.evaluate("asked[1](); asked[0]()")
        await until(page, "call.state === 'live' && call.microphone === 'on'")
        assert (await page.evaluate("wanted"))["audio"].items() >= {"echoCancellation": True, "channelCount": 1}.items()
        live = "streams.map((stream) => stream.getTracks()[0].readyState)"
        assert await page.evaluate(live) == ["ended", "live"]
        await page.evaluate("call.stop()")
        assert await page.evaluate("released()")


async def test_the_microphone_is_asked_for_once_and_may_be_refused_meanwhile(browser: Browser, site: str) -> None:
    async with empty_page(browser, site, MICROPHONE) as page:
        await page.evaluate("call.start({ microphone: false })")
        await page.evaluate("void call.setMicrophone(true); void call.setMicrophone(true)")
        assert await page.evaluate("asked.length") == 1
        await page.evaluate("call.setMicrophone(false)")
        await page.evaluate("asked[0]()")
        await until(page, "released()")
        assert await told(page, "microphone") == ["asking", "off"]
        assert await page.evaluate("call.microphone") == "off"


async def test_a_microphone_that_is_taken_away_is_named_and_another_may_be_used(browser: Browser, site: str) -> None:
    async with empty_page(browser, site, MICROPHONE, expected=("Earshot: The microphone was taken away",)) as page:
        await page.evaluate("void call.start()")
        await until(page, "asked.length === 1")
        await page.evaluate("asked[0]()")
        await until(page, "call.microphone === 'on' && call.state === 'live'")
        await page.evaluate("streams[0].getTracks()[0].dispatchEvent(new Event('ended'))")
        await until(page, "call.microphone === 'unplugged'")
        await page.evaluate("void call.setMicrophone(true)")
        await until(page, "asked.length === 2")
        await page.evaluate("asked[1]()")
        await until(page, "call.microphone === 'on'")
        assert await page.evaluate("call.state") == "live"


async def test_sound_that_stops_is_started_again(browser: Browser, site: str) -> None:
    async with empty_page(browser, site, CONTEXTS) as page:
        await page.evaluate("call.start({ microphone: false })")
        await until(page, "contexts[0].state === 'running'")
        await page.evaluate("contexts[0].suspend()")
        await until(page, "contexts[0].state === 'running'")
        await page.evaluate("call.stop()")
        await until(page, "contexts[0].state === 'closed'")


HELD = HTML.replace(
    "window.call = made();",
    """window.call = made();
       call.addEventListener("sound", ({ detail }) => tell(detail.state));
       call.start({ microphone: false });""",
)


async def test_sound_that_is_held_back_is_named_and_comes_with_a_gesture(server: Server) -> None:
    with somebodys_site(HELD.replace("SERVER", server.url)) as site:
        async with open_page(
            "--autoplay-policy=document-user-activation-required", expected=("AudioContext was not",)
        ) as page:
            # Whatever a test evaluates in a page counts as a gesture: the page has to tell by itself.
            states: asyncio.Queue[str] = asyncio.Queue()
            await page.expose_function("tell", states.put_nowait)
            await page.goto(site)
            async with asyncio.timeout(30):
                assert await states.get() == "held"
                await page.mouse.click(10, 10)
                assert await states.get() == "on"


async def test_who_leaves_the_page_hangs_up(browser: Browser, server: Server, site: str) -> None:
    async with empty_page(browser, site) as page:
        await page.evaluate("call.start({ microphone: false })")
        session_id = await page.evaluate("call.sessionId")
        # What a browser that goes to another page still sends for the former one is its own affair.
        await page.evaluate("void dispatchEvent(new PageTransitionEvent('pagehide'))")
        await asyncio.to_thread(eventually, lambda: how_it_ended(server, session_id) == "NORMAL", 30)


def how_it_ended(server: Server, session_id: str) -> str | None:
    sessions = server.get("/api/v1/sessions").json()["sessions"]
    reasons: dict[str, str | None] = {session["session_id"]: session["ended_reason"] for session in sessions}
    return reasons[session_id]


async def test_a_dead_connection_is_found_out_and_a_late_timer_is_none(browser: Browser, site: str) -> None:
    pongs = asyncio.Semaphore(0)
    hears = True

    def through(socket: WebSocketRoute) -> None:
        def pass_on(message: str | bytes) -> None:
            if hears:
                socket.send(message)
                if b'"pong"' in (message if isinstance(message, bytes) else message.encode()):
                    pongs.release()

        socket.connect_to_server().on_message(pass_on)

    async with page_in(browser) as page:
        await page.route_web_socket(re.compile("/realtime/conversation"), through)
        await stop_clock(page)
        await go_to(page, site)
        await page.evaluate("call.start({ microphone: false })")
        for _ in range(3):
            # As in a hidden tab: a minute passes, and only then the timer is due, once.
            await page.clock.fast_forward(60_000)
            await asyncio.wait_for(pongs.acquire(), 30)
        assert await told(page, "state") == ["connecting", "live"]
        hears = False
        # By steps, and no further: what runs on finds out the next connection too, to which nobody listens yet.
        for _ in range(31):
            if await page.evaluate("call.state") == "reconnecting":
                break
            await page.clock.run_for(1_000)
        hears = True
        await until(page, "call.state === 'reconnecting'")
        await page.clock.run_for(1_000)
        await until(page, "call.state === 'live'")
        assert await told(page, "state") == ["connecting", "live", "reconnecting", "live"]


async def test_a_server_that_goes_on_restarting_is_tried_less_and_less_often_and_given_up(
    browser: Browser, site: str
) -> None:
    async def refuse(socket: WebSocketRoute) -> None:
        await socket.close(code=1012, reason="the server is restarting")

    async with page_in(browser, expected=(UNREACHABLE,)) as page:
        await page.route_web_socket(re.compile("/realtime/conversation"), refuse)
        await stop_clock(page)
        await go_to(page, site)
        await page.evaluate("""() => {
            window.waits = [];
            call.addEventListener("state", ({ detail }) => detail.retryInMs && waits.push(detail.retryInMs));
            void call.start({ microphone: false });
        }""")
        for tried in range(1, 200):
            await until(page, f"waits.length === {tried} || call.state === 'ended'")
            if await page.evaluate("call.state") == "ended":
                break
            await page.clock.run_for(5_000)
        waits = await page.evaluate("waits")
        assert (await told(page, "state"))[-1] == "ended"
    for wait, most in zip(waits, (300, 600, 1_200, 2_400, 4_800, *[5_000] * len(waits)), strict=False):
        assert most / 2 <= wait <= most
    # Two minutes, of which each try was given five seconds.
    assert 20 < len(waits) < 30


async def test_a_server_that_says_nothing_is_given_up(browser: Browser, site: str) -> None:
    async with page_in(browser, expected=(UNREACHABLE,)) as page:
        called = asyncio.Event()
        await page.route_web_socket(re.compile("/realtime/conversation"), lambda _: called.set())
        await stop_clock(page)
        await go_to(page, site)
        await page.evaluate("void call.start({ microphone: false })")
        await asyncio.wait_for(called.wait(), 30)
        await page.clock.run_for(15_000)
        await until(page, "call.state === 'ended'")
        assert await told(page, "state") == ["connecting", "ended"]
