"""A button on a page of somebody else's, which the server does not let in: the button says so, and the console why."""

import re
from collections.abc import Callable

import pytest
from playwright.async_api import Browser, expect
from websockets.asyncio.client import connect

from tests.browser.chromium import page_in
from tests.browser.somebodys_site import somebodys_site
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, ROOT, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")

SILENT = "Earshot: No microphone was found"
"""This browser has none."""
BUTTON = re.compile(r"```html\n(.*?)```", re.DOTALL)


def button(server_url: str) -> str:
    """The lines of the README, for this server."""
    (html,) = BUTTON.findall((ROOT / "README.md").read_text())
    return str(html).replace("http://localhost:8000", server_url)


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        (lambda _: {}, r"The server refused: .*origin"),
        (lambda site: {"ALLOWED_ORIGINS": site, "BROWSER_AUTH": "token"}, "The server refused: .*token"),
    ],
)
async def test_a_refusal_is_shown_and_logged(
    browser: Browser, variables: Callable[[str], dict[str, str]], said: str
) -> None:
    page_of: dict[str, str] = {}
    with somebodys_site("", page_of) as site, serving(EARSHOT, **FAKES, **variables(site)) as server:
        page_of["/"] = button(server.url)
        async with page_in(browser, expected=("Earshot: The server refused", SILENT)) as page:
            logged: list[str] = []
            page.on("console", lambda message: logged.append(message.text))
            await page.goto(site)
            await page.get_by_role("button").click()
            await expect(page.get_by_role("button")).to_have_text(re.compile(said))
        assert any(re.search(f"Earshot: {said}", line) for line in logged)


async def test_a_full_server_is_shown_and_logged(browser: Browser) -> None:
    with serving(EARSHOT, **FAKES, MAX_CONCURRENT_SESSIONS="1", ALLOWED_ORIGINS="*") as server:
        address = server.url.replace("http", "ws") + "/api/v1/realtime/conversation"
        with somebodys_site(button(server.url)) as site:
            async with (
                # What comes is not read, and the server must not find that it waits.
                connect(address, proxy=None, close_timeout=0.1, max_queue=None) as first,
                page_in(browser, expected=("Earshot: All lines are busy", SILENT)) as page,
            ):
                await first.recv()
                logged: list[str] = []
                page.on("console", lambda message: logged.append(message.text))
                await page.goto(site)
                await page.get_by_role("button").click()
                await expect(page.get_by_role("button")).to_have_text(re.compile("All lines are busy"))
            assert any("Earshot: All lines are busy" in line for line in logged)


async def test_a_microphone_that_cannot_be_had_is_logged(browser: Browser) -> None:
    with (
        serving(EARSHOT, **FAKES, ALLOWED_ORIGINS="*") as server,
        somebodys_site(button(server.url)) as site,
    ):
        async with page_in(browser, expected=(SILENT,)) as page:
            await page.goto(site)
            async with page.expect_console_message(lambda message: "No microphone" in message.text):
                await page.get_by_role("button").click()
            await expect(page.get_by_role("button")).to_have_text("Hang up")
