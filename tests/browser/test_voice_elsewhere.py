"""Somebody talks with an agent elsewhere than on its page: in the documentation, and on a page of their own."""

import asyncio
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.async_api import expect

from tests.browser.chromium import microphone_file, open_page
from tests.browser.documentation import CONVERSATION, opened
from tests.browser.somebodys_site import somebodys_site
from tests.browser.visit import DESKTOP
from tests.kit.serving import EARSHOT, ROOT, Server, serving
from tests.kit.speech import HIBARI, say, silence

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

README_ADDRESS = "localhost:8000"
(README_BUTTON,) = re.findall(r"```html\n(.*?)```", (ROOT / "README.md").read_text(), re.DOTALL)
"""The lines that put a voice button on somebody's page, as they stand there."""


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    """Somebody's page with the lines of the README, and nothing else."""
    with somebodys_site(README_BUTTON) as address:
        yield address


@pytest.fixture(scope="module")
def dentist(site: str) -> Iterator[Server]:
    """What `make run` starts, for a site that is let in: its models take seconds to load.

    It is one for both tests, each of which ends nothing but its own conversation.
    """
    with serving(EARSHOT, ALLOWED_ORIGINS=site) as started:
        yield started


async def test_the_microphone_is_heard_in_a_socket_of_the_documentation(dentist: Server, tmp_path: Path) -> None:
    # Asked again: where this machine had no time for sound, the first word may be missing.
    speech = 3 * (silence(2_000) + say("what are your opening hours", HIBARI) + silence(10_000))
    async with open_page(*microphone_file(tmp_path, speech), **DESKTOP) as page:
        await page.goto(f"{dentist.url}/docs")
        console = (await opened(page, CONVERSATION, "WS")).locator("form.try")
        await console.get_by_role("button", name="Open").click()
        await expect(console.get_by_label("Messages")).to_contain_text("Maple Street Dental")
        await console.get_by_role("button", name="Talk").click()
        await expect(console.get_by_role("button", name="Stop talking")).to_be_visible()
        heard = re.compile(r'"message":"[^"]*opening hours', re.IGNORECASE)
        await expect(console.get_by_label("Messages")).to_contain_text(heard, timeout=90_000)


async def test_the_button_of_the_readme_talks(dentist: Server, site: str) -> None:
    here = dentist.url.removeprefix("http://")
    arguments = (
        f"--host-resolver-rules=MAP {README_ADDRESS} {here}",
        "--use-fake-ui-for-media-stream",
        "--use-fake-device-for-media-stream",
    )
    async with open_page(*arguments) as page:
        greeted = asyncio.Event()
        page.on("console", lambda message: greeted.set() if "Maple Street Dental" in message.text else None)
        await page.goto(site)
        button = page.get_by_role("button")
        await expect(button).to_have_text("Talk")
        await button.click()
        await expect(button).to_have_text("Hang up")
        await asyncio.wait_for(greeted.wait(), 30)
        await button.click()
        await expect(button).to_have_text("Talk")
    assert len(README_BUTTON.splitlines()) <= 10
