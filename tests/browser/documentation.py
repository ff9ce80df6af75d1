"""Somebody opens what the documentation page at /docs has folded."""

import re

from playwright.async_api import Locator, Page

CONVERSATION = "/api/v1/realtime/conversation"


async def opened(page: Page, path: str, method: str) -> Locator:
    """The part about a request or a socket, unfolded."""
    entry = page.locator("details.entry").filter(
        has=page.locator("summary", has=page.get_by_text(path, exact=True), has_text=re.compile(f"^{method}"))
    )
    await entry.locator("> summary").click()
    return entry
