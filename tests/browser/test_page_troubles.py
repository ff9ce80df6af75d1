"""The page at / when something is amiss: it says what, and goes on as well as it can."""

import asyncio
import os
import re
import signal
from pathlib import Path

import pytest
from playwright.async_api import Browser, WebSocketRoute, expect
from websockets.asyncio.client import connect

from tests.browser.chromium import SERVER_GONE, open_page, page_in
from tests.browser.visit import DESKTOP, QUICK, answered, floor_is, go_to, log, notices, type_in, visit
from tests.kit.ports import free_port
from tests.kit.serving import EARSHOT, Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


def cut_off(server: Server) -> None:
    """End it as a power cut does: the launcher alone would leave a worker that says goodbye."""
    launcher = server.process.pid
    workers = Path(f"/proc/{launcher}/task/{launcher}/children").read_text().split()
    for pid in (launcher, *map(int, workers)):
        os.kill(pid, signal.SIGKILL)
    server.process.wait()


async def test_a_refused_microphone_leaves_typing(server: Server) -> None:
    async with open_page("--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream=deny") as page:
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


HOLD_BACK = """
const resume = AudioContext.prototype.resume;
const contexts = [];
window.AudioContext = class extends AudioContext {
  constructor(...all) { super(...all); contexts.push(this); }
};
window.holdBack = () => {
  AudioContext.prototype.resume = () => Promise.reject(new Error("not allowed"));
  contexts.forEach((context) => context.suspend());
};
window.letGo = () => { AudioContext.prototype.resume = resume; };
"""


async def test_sound_that_the_browser_holds_back_is_named_until_it_is_back(browser: Browser, server: Server) -> None:
    async with page_in(browser, **DESKTOP) as page:
        await page.add_init_script(HOLD_BACK)
        await go_to(page, server)
        await type_in(page, "hello")
        await answered(page, "You said hello. What else?")
        await page.evaluate("holdBack()")
        await expect(notices(page)).to_contain_text("The browser holds the sound back. Click, tap or press a key")
        await page.evaluate("letGo()")
        await page.keyboard.press("Shift")
        await expect(notices(page)).to_have_text("")


async def test_an_address_that_is_not_secure_is_named_and_leaves_typing() -> None:
    with serving(EARSHOT, **QUICK, ALLOWED_HOSTS="earshot.test") as server:
        port = server.url.rpartition(":")[2]
        async with open_page("--host-resolver-rules=MAP earshot.test 127.0.0.1") as page:
            await page.goto(f"http://earshot.test:{port}/")
            await page.get_by_role("button", name="Talk").click()
            await expect(notices(page)).to_contain_text("only over https or on localhost")
            await type_in(page, "hello")
            await expect(log(page)).to_contain_text("You said hello.")


@pytest.mark.parametrize("demanded", ["off", "token"])
async def test_a_lost_connection_is_taken_up_where_it_was(browser: Browser, demanded: str) -> None:
    """A server that demands tokens lets only those go on who bring one, and the session's resume token."""
    sockets: list[WebSocketRoute] = []

    def through(socket: WebSocketRoute) -> None:
        socket.connect_to_server()
        sockets.append(socket)

    with serving(EARSHOT, **QUICK, BROWSER_AUTH=demanded) as server:
        async with page_in(browser, **DESKTOP) as page:
            await page.route_web_socket(re.compile("/realtime/conversation"), through)
            await go_to(page, server)
            await type_in(page, "hello")
            await answered(page, "You said hello. What else?")
            await sockets[0].close(code=3001)
            await expect(log(page)).to_contain_text("The conversation goes on where it was.")
            await type_in(page, "again")
            await expect(log(page)).to_contain_text("You said again.")
            await expect(log(page)).not_to_contain_text("no memory")
            await expect(log(page).locator(".note")).to_have_count(2)
    assert len(sockets) == 2


async def test_a_full_server_says_so(browser: Browser) -> None:
    with serving(EARSHOT, **QUICK, MAX_CONCURRENT_SESSIONS="1") as small:
        address = small.url.replace("http", "ws") + "/api/v1/realtime/conversation"
        # What comes is not read, and the server must not find that it waits.
        async with (
            connect(address, proxy=None, close_timeout=0.1, max_queue=None) as first,
            visit(browser, small) as page,
        ):
            await first.recv()
            await type_in(page, "hello")
            await expect(notices(page)).to_contain_text("All lines are busy. Please try again in a moment.")
            # What was typed is not lost.
            await expect(page.get_by_label("Message")).to_have_value("hello")
            await expect(page.get_by_role("button", name="Talk")).to_be_visible()


async def test_a_server_that_is_gone_is_named_and_tried_again(browser: Browser) -> None:
    port = str(free_port())
    with serving(EARSHOT, **QUICK, PORT=port) as server:
        async with visit(browser, server, expected=SERVER_GONE) as page:
            await type_in(page, "hello")
            await expect(log(page)).to_contain_text("You said hello.")
            cut_off(server)
            await expect(notices(page)).to_contain_text(
                re.compile(r"The connection was lost\. Reconnecting (in \d s|now)")
            )
            await expect(page).to_have_title(re.compile("Reconnecting"))
            await floor_is(page, "Reconnecting")
            with serving(EARSHOT, **QUICK, PORT=port):
                await expect(log(page)).to_contain_text("it begins anew")
                await expect(notices(page)).to_have_text("")
                await answered(page, "What can I do for you")
                await type_in(page, "again")
                await expect(log(page)).to_contain_text("You said again.")
                # A screen reader is told when it happens; the log keeps that it happened.
                await expect(log(page)).to_contain_text("no memory of the conversation")


async def test_a_server_that_was_never_there_is_given_up(browser: Browser) -> None:
    with serving(EARSHOT, **QUICK) as server:
        async with visit(browser, server, expected=SERVER_GONE) as page:
            cut_off(server)
            await page.get_by_role("button", name="Talk").click()
            await expect(notices(page)).to_contain_text("The server cannot be reached.")
            await expect(page.get_by_role("button", name="Talk")).to_be_visible()


async def test_a_server_that_restarts_says_so(browser: Browser) -> None:
    with serving(EARSHOT, **QUICK, DRAIN_GRACE_S="15") as server:
        async with visit(browser, server, expected=SERVER_GONE) as page:
            await type_in(page, "hello")
            await expect(log(page)).to_contain_text("You said hello.")
            server.signal(signal.SIGTERM)
            await expect(notices(page)).to_contain_text("The server is about to restart.")
            await expect(page.locator("#connection")).to_have_text("Live, restarts soon")
            await expect(notices(page)).to_contain_text("The server is restarting. Reconnecting")
            await expect(page.locator("#connection")).to_have_text("Reconnecting")
            # It is still the same restart when nobody listens any more.
            await asyncio.to_thread(server.process.wait, 30)
            for _ in range(2):
                await page.wait_for_event("requestfailed")
            await expect(notices(page)).to_contain_text("The server is restarting. Reconnecting")


async def test_a_page_that_is_given_no_token_says_why(browser: Browser) -> None:
    """The socket itself could say no more than that it lacks one."""
    refusal = {"status": 429, "content_type": "application/problem+json", "body": '{"detail": "too many requests"}'}
    with serving(EARSHOT, **QUICK, BROWSER_AUTH="token") as server:
        async with page_in(browser, expected=("status of 429",), **DESKTOP) as page:
            await page.route("**/realtime/token", lambda route: route.fulfill(**refusal))
            await go_to(page, server)
            await type_in(page, "hello")
            await expect(notices(page)).to_have_text("The server refused: too many requests.")
