"""The lines of the README that put a voice button on somebody's page, as they stand there."""

import asyncio
import re

from playwright.async_api import expect

from tests.browser.chromium import open_page
from tests.browser.somebodys_site import somebodys_site
from tests.kit.serving import EARSHOT, ROOT, serving

README_ADDRESS = "localhost:8000"
RECORDED = re.compile(r"```html\n(.*?)```", re.DOTALL)


async def test_the_button_of_the_readme_talks() -> None:
    (html,) = RECORDED.findall((ROOT / "README.md").read_text())
    with somebodys_site(html) as site, serving(EARSHOT, ALLOWED_ORIGINS=site) as server:
        here = server.url.removeprefix("http://")
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
    assert len(html.splitlines()) <= 10
