"""The page at / in a real browser, served by the real server with exact engines."""

import re
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest
import pytest_asyncio
from axe_playwright_python.async_playwright import Axe  # type: ignore[import-untyped]
from playwright.async_api import Browser, Locator, Page, WebSocketRoute, expect
from websockets.asyncio.client import connect

from tests.app.service_kit import FAKES
from tests.app.serving import EARSHOT, Server, free_port, serving
from tests.browser.chromium import chromium, microphone_file, open_page, page_in
from tests.speech import say, silence

pytestmark = pytest.mark.asyncio(loop_scope="module")

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}

LONG = "tell me everything there is to know about the house and the garden and the street and the town around it"

SERVER_GONE = (r"ERR_CONNECTION_REFUSED", r"ERR_CONNECTION_RESET", r"ERR_EMPTY_RESPONSE", r"WebSocket connection to")
"""What a browser says of a server that a test ends."""

RECORD_PARTIALS = """
window.partials = [];
document.addEventListener("DOMContentLoaded", () => new MutationObserver(() => {
  const log = document.getElementById("log");
  const partial = log.querySelector(".partial");
  if (partial) partials.push({
    text: partial.querySelector(".words").textContent,
    place: [...log.children].indexOf(partial),
    silent: partial.getAttribute("aria-hidden") === "true",
  });
}).observe(document.getElementById("log"), { childList: true, subtree: true, characterData: true }));
"""


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, **FAKES) as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started


@asynccontextmanager
async def visit(
    browser: Browser, server: Server, *, expected: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[Page]:
    """The page, ready."""
    async with page_in(browser, expected=expected, **({**DESKTOP, **options})) as page:
        await go_to(page, server)
        yield page


async def go_to(page: Page, server: Server) -> None:
    """Open the page; it has two agents to choose from."""
    await page.goto(server.url)
    await expect(page.get_by_role("combobox", name="Agent")).to_be_visible()


def log(page: Page) -> Locator:
    return page.get_by_role("log", name="Transcript")


def notices(page: Page) -> Locator:
    return page.get_by_role("status")


async def type_in(page: Page, text: str) -> None:
    await page.get_by_label("Message").fill(text)
    await page.keyboard.press("Enter")


async def floor_is(page: Page, word: str) -> None:
    """What is seen at a glance, in words."""
    await expect(page.locator("#floor")).to_have_text(word)


async def agent_is_heard(page: Page) -> None:
    """And seen: on the meter, which follows the loudspeaker."""
    await floor_is(page, "Agent speaks")
    meter = page.get_by_role("meter", name="Agent level")
    await expect(meter).to_have_attribute("aria-valuenow", re.compile("[1-9]"))


async def no_violations(page: Page) -> None:
    """What axe-core finds wrong with the page as it is."""
    found = await Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


async def too_wide(page: Page) -> list[str]:
    """What reaches beyond the window, or beyond what scrolls up and down."""
    found: list[str] = await page.evaluate("""
        ["html", "#scroll", "#details"]
            .map((name) => document.querySelector(name))
            .filter((part) => part.scrollWidth > part.clientWidth)
            .flatMap((part) => [...part.querySelectorAll("*")]
                .filter((inner) => inner.getBoundingClientRect().right > part.getBoundingClientRect().right)
                .map((inner) => `${inner.localName}#${inner.id}.${inner.getAttribute("class")} in ${part.localName}`)
                .concat(`${part.scrollWidth} > ${part.clientWidth}`))
    """)
    return found


async def test_a_typed_question_is_answered_by_keyboard_alone(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        keyboard = page.keyboard
        await keyboard.press("Tab")
        await expect(page.get_by_role("link", name="Skip to the message field")).to_be_focused()
        await keyboard.press("Enter")
        await expect(page.get_by_label("Message")).to_be_focused()
        await keyboard.type("good morning")
        await keyboard.press("Tab")
        await expect(page.get_by_role("button", name="Send")).to_be_focused()
        await keyboard.press("Enter")
        await expect(log(page)).to_contain_text("good morning")
        await expect(log(page)).to_contain_text("You said good morning. What else?")
        await floor_is(page, "Your turn")
        await page.get_by_label("Message").focus()
        for _ in range(3):
            await keyboard.press("Shift+Tab")
            if await page.get_by_role("button", name="Hang up").evaluate("b => b === document.activeElement"):
                break
        await keyboard.press("Enter")
        await expect(log(page)).to_contain_text("The conversation has ended.")
        await expect(page.get_by_role("button", name="Talk")).to_be_focused()


async def test_every_control_is_reached_in_the_order_in_which_it_is_read(browser: Browser, server: Server) -> None:
    async with visit(browser, server, **PHONE) as page:
        names = []
        for _ in range(12):
            await page.keyboard.press("Tab")
            names.append(await page.evaluate("document.activeElement.id"))
            if names[-1] == "send":
                break
    assert names == ["", "agent", "mode", "scheme", "details-toggle", "scroll", "talk", "text", "send"]


async def test_escape_interrupts_and_the_reply_is_cut_to_what_was_heard(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await type_in(page, LONG)
        await expect(log(page)).to_contain_text(f"You said {LONG}")
        await agent_is_heard(page)
        # Some words of it have to be heard first.
        await page.wait_for_timeout(1_000)
        await page.keyboard.press("Escape")
        reply = log(page).locator(".entry.agent").last
        await expect(reply).to_contain_text("interrupted")
        await floor_is(page, "Your turn")
        text = (await reply.locator(".words").inner_text()).removesuffix("interrupted").strip()
        await expect(page.locator("#interrupted-fact")).to_have_text("1")
    assert f"You said {LONG}".startswith(text)
    assert len(text) < len(LONG)


async def test_the_times_of_each_turn_are_shown(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await type_in(page, "one")
        await expect(page.get_by_role("definition").first).to_have_text(re.compile(r"^\d+ ms$"))
        await expect(page.get_by_role("img", name=re.compile("first audio after"))).to_be_visible()
        await floor_is(page, "Your turn")
        await type_in(page, "two")
        table = page.get_by_role("table", name="Times of each turn in milliseconds")
        await expect(table.get_by_role("row")).to_have_count(4)
        assert await table.locator("tbody td:first-child").all_inner_texts() == ["0", "1", "2"]
        await expect(page.locator("#plot circle")).to_have_count(2)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_nothing_keeps_anybody_out(browser: Browser, server: Server, size: dict[str, Any], scheme: str) -> None:
    # With motion, what is still fading in has a contrast that nobody reads.
    async with visit(browser, server, color_scheme=scheme, reduced_motion="reduce", **size) as page:
        await no_violations(page)
        await type_in(page, LONG)
        await expect(log(page)).to_contain_text("You said")
        await agent_is_heard(page)
        await no_violations(page)
        await page.keyboard.press("Escape")
        await expect(log(page)).to_contain_text("interrupted")
        toggle = page.get_by_role("button", name="Timing and details")
        if await toggle.is_visible():
            await toggle.click()
        await expect(page.get_by_role("heading", name="Timing")).to_be_visible()
        await no_violations(page)
        await page.evaluate("document.getElementById('talk').click()")
        await expect(log(page)).to_contain_text("The conversation has ended.")
        await no_violations(page)


@pytest.mark.parametrize(("width", "height"), [(320, 568), (640, 400), (320, 256)])
async def test_nothing_needs_scrolling_sideways(browser: Browser, server: Server, width: int, height: int) -> None:
    async with visit(browser, server, viewport={"width": width, "height": height}) as page:
        assert await too_wide(page) == []
        await type_in(page, "supercalifragilistic" * 10)
        await expect(log(page)).to_contain_text("You said supercali")
        assert await too_wide(page) == []
        await agent_is_heard(page)
        await page.keyboard.press("Escape")
        await page.get_by_role("button", name="Timing and details").click()
        await expect(page.get_by_role("img", name=re.compile("Times of"))).to_be_visible()
        assert await too_wide(page) == []


async def test_the_buttons_are_big_enough_for_a_thumb(browser: Browser, server: Server) -> None:
    async with visit(browser, server, **PHONE) as page:
        await type_in(page, "hello")
        await expect(page.get_by_role("button", name="Hang up")).to_be_visible()
        for control in await page.locator("button:visible, select:visible, input:visible").all():
            box = await control.bounding_box()
            assert box is not None
            assert min(box["width"], box["height"]) >= 44, await control.get_attribute("id")


async def test_the_colours_can_be_chosen_and_are_kept(browser: Browser, server: Server) -> None:
    background = "getComputedStyle(document.documentElement).backgroundColor"
    async with visit(browser, server, color_scheme="light") as page:
        switch = page.get_by_role("button", name="Dark colours")
        await expect(switch).to_have_attribute("aria-pressed", "false")
        light = await page.evaluate(background)
        await switch.click()
        await expect(switch).to_have_attribute("aria-pressed", "true")
        dark = await page.evaluate(background)
        await page.reload()
        await expect(switch).to_have_attribute("aria-pressed", "true")
        assert await page.evaluate(background) == dark
        await switch.click()
        assert await page.evaluate(background) == light != dark


async def test_the_policy_is_obeyed(browser: Browser, server: Server) -> None:
    async with visit(browser, server, expected=(r"(?i)content security policy",)) as page:
        await page.evaluate("""
            const script = document.createElement("script");
            script.textContent = "window.smuggled = true";
            document.body.append(script);
        """)
        assert await page.evaluate("window.smuggled") is None


async def test_what_comes_from_outside_is_text_and_nothing_else(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await type_in(page, "<img src=x onerror=alert(1)><b>bold</b>")
        await expect(log(page).locator(".entry.user")).to_contain_text("<img src=x onerror=alert(1)><b>bold</b>")
        await expect(log(page).locator(".entry.agent").last).to_contain_text("You said <img")
        await expect(log(page).locator("img, b")).to_have_count(0)


async def test_a_tool_is_one_line_of_the_conversation(browser: Browser) -> None:
    engines = {name: value for name, value in FAKES.items() if name != "LANGUAGE_MODEL"}
    with serving(EARSHOT, **engines, LANGUAGE_MODEL="script", DEFAULT_AGENT="dentist") as server:
        async with visit(browser, server) as page:
            await page.get_by_role("combobox", name="Agent").select_option(label="Maple Street Dental")
            await type_in(page, "I would like to book a cleaning on friday")
            await expect(log(page)).to_contain_text(re.compile(r"free times.*day: \d{4}-\d\d-\d\d.*\d ms", re.DOTALL))
            chip = log(page).locator(".chip").first
            box = await chip.bounding_box()
            assert box is not None
            assert box["height"] < 40
            await expect(log(page).locator(".entry.agent").last).to_contain_text("Which time suits you")


async def test_an_agent_is_chosen_before_the_conversation(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await page.get_by_role("combobox", name="Agent").select_option(label="Harbour House")
        await expect(page.get_by_role("heading", name="Harbour House")).to_be_visible()
        await page.get_by_role("button", name="Talk").click()
        await expect(log(page)).to_contain_text("Connected with Harbour House.")
        await expect(log(page)).to_contain_text("Welcome to Harbour House")
        await expect(page.get_by_role("combobox", name="Agent")).to_be_disabled()
        await expect(page.get_by_label("Mode")).to_be_disabled()
        assert "Live: Harbour House" in await page.title()


async def test_who_only_wants_a_transcript_is_told_that_nobody_answers(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await page.get_by_label("Mode").select_option(label="Transcription only")
        await expect(page.get_by_label("Message")).to_be_disabled()
        await expect(page.get_by_placeholder("Nobody answers: transcription only")).to_be_visible()
        await page.get_by_role("button", name="Talk").click()
        await expect(log(page)).to_contain_text("Connected")
        await expect(page.get_by_role("button", name="Interrupt")).to_be_hidden()


async def test_what_is_said_is_shown_at_once_and_read_aloud_once(server: Server, tmp_path: Path) -> None:
    speech = silence(6_000) + say("what are your opening hours") + silence(60_000)
    arguments = microphone_file(tmp_path, speech)
    async with open_page(*arguments) as page:
        await page.add_init_script(RECORD_PARTIALS)
        await go_to(page, server)
        await page.get_by_role("combobox", name="Agent").select_option(label="Harbour House")
        await page.get_by_role("button", name="Talk").click()
        said = log(page).locator(".entry.user:not([aria-hidden])")
        await expect(said.first).to_contain_text("what are your opening hours", timeout=20_000)
        await expect(log(page)).to_have_attribute("aria-live", "polite")
        place = await said.first.evaluate("e => [...e.parentElement.children].indexOf(e)")
        partials = await page.evaluate("partials")
        mute = page.get_by_role("button", name="Mute")
        await mute.click()
        await expect(page.locator("#mute")).to_have_attribute("aria-pressed", "true")
        await expect(page.locator("#microphone-fact")).to_have_text("Muted")
    assert partials != []
    assert all(partial["silent"] for partial in partials)
    assert "what are your opening hours".startswith(partials[0]["text"])
    assert partials[-1]["place"] == place


async def test_a_refused_microphone_leaves_typing(server: Server) -> None:
    async with open_page("--use-fake-device-for-media-stream", "--deny-permission-prompts") as page:
        await go_to(page, server)
        await page.get_by_role("button", name="Talk").click()
        await expect(notices(page)).to_contain_text("The microphone was refused.")
        await type_in(page, "hello")
        await expect(log(page)).to_contain_text("You said hello.")
        await expect(page.get_by_role("button", name="Use microphone")).to_be_visible()


async def test_no_microphone_leaves_typing(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await page.get_by_role("button", name="Talk").click()
        await expect(notices(page)).to_contain_text("No microphone was found. You can type instead.")
        await type_in(page, "hello")
        await expect(log(page)).to_contain_text("You said hello.")


async def test_an_address_that_is_not_secure_is_named_and_leaves_typing(server: Server) -> None:
    port = server.url.rpartition(":")[2]
    async with open_page("--host-resolver-rules=MAP earshot.test 127.0.0.1") as page:
        await page.goto(f"http://earshot.test:{port}/")
        await page.get_by_role("button", name="Talk").click()
        await expect(notices(page)).to_contain_text("only over https or on localhost")
        await type_in(page, "hello")
        await expect(log(page)).to_contain_text("You said hello.")


async def test_a_lost_connection_is_taken_up_where_it_was(browser: Browser, server: Server) -> None:
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    async with page_in(browser, **DESKTOP) as page:
        await page.route_web_socket(re.compile("/realtime/conversation"), through)
        await go_to(page, server)
        await type_in(page, "hello")
        await expect(log(page)).to_contain_text("You said hello. What else?")
        await floor_is(page, "Your turn")
        await sockets[0].close(code=3001)
        await expect(log(page)).to_contain_text("The conversation goes on where it was.")
        await type_in(page, "again")
        await expect(log(page)).to_contain_text("You said again.")
        await expect(log(page)).not_to_contain_text("no memory")
        await expect(log(page).locator(".note")).to_have_count(2)
    assert len(sockets) == 2


async def test_a_full_server_says_so(browser: Browser) -> None:
    with serving(EARSHOT, **FAKES, MAX_CONCURRENT_SESSIONS="1") as small:
        address = small.url.replace("http", "ws") + "/api/v1/realtime/conversation"
        async with connect(address, proxy=None, close_timeout=0.1) as first, visit(browser, small) as page:
            await first.recv()
            await type_in(page, "hello")
            await expect(notices(page)).to_contain_text("All lines are busy. Please try again in a moment.")
            # What was typed is not lost.
            await expect(page.get_by_label("Message")).to_have_value("hello")
            await expect(page.get_by_role("button", name="Talk")).to_be_visible()


async def test_a_server_that_is_gone_is_named_and_tried_again(browser: Browser) -> None:
    port = str(free_port())
    with serving(EARSHOT, **FAKES, PORT=port) as server:
        async with visit(browser, server, expected=SERVER_GONE) as page:
            await type_in(page, "hello")
            await expect(log(page)).to_contain_text("You said hello.")
            server.process.kill()
            await expect(notices(page)).to_contain_text(
                re.compile(r"The connection was lost\. Reconnecting (in \d s|now)")
            )
            assert "Reconnecting" in await page.title()
            await floor_is(page, "Reconnecting")
            with serving(EARSHOT, **FAKES, PORT=port):
                await expect(log(page)).to_contain_text("it begins anew", timeout=30_000)
                await floor_is(page, "Agent speaks")
                await expect(notices(page)).to_have_text("")
                await type_in(page, "again")
                await expect(log(page)).to_contain_text("You said again.")
                # A screen reader is told when it happens; the log keeps that it happened.
                await expect(log(page)).to_contain_text("no memory of the conversation")


async def test_a_server_that_was_never_there_is_given_up(browser: Browser) -> None:
    with serving(EARSHOT, **FAKES) as server:
        async with visit(browser, server, expected=SERVER_GONE) as page:
            server.process.kill()
            server.process.wait()
            await page.get_by_role("button", name="Talk").click()
            await expect(notices(page)).to_contain_text("The server cannot be reached.")
            await expect(page.get_by_role("button", name="Talk")).to_be_visible()


async def test_a_server_that_restarts_says_so(browser: Browser) -> None:
    with serving(EARSHOT, **FAKES) as server:
        async with visit(browser, server, expected=SERVER_GONE) as page:
            await type_in(page, "hello")
            await expect(log(page)).to_contain_text("You said hello.")
            server.signal(signal.SIGTERM)
            await expect(notices(page)).to_contain_text("The server is restarting. Reconnecting")
