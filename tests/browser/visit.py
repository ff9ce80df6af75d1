"""Somebody looks at the page: where things are, and what they do there."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from playwright.async_api import Browser, Locator, Page, expect

from tests.browser.chromium import LOOKS_MS, page_in
from tests.kit.service_kit import FAKES
from tests.kit.serving import Server

PHONE: dict[str, Any] = {"viewport": {"width": 360, "height": 740}, "has_touch": True, "is_mobile": True}
DESKTOP: dict[str, Any] = {"viewport": {"width": 1280, "height": 800}}

STORY = "once there was a house by the river and in it lived a bear who had a garden "
LONG = (STORY * 12).strip()
"""So much that the reply, which repeats it, takes a minute: it is sure to be heard when it is interrupted."""

QUICK = {**FAKES, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}
"""Exact engines that speak three times as fast as people do: a page takes most processor time while it sounds."""

OBSERVER = Path(__file__).with_name("observer.js")


@asynccontextmanager
async def visit(
    browser: Browser, server: Server, *, expected: tuple[str, ...] = (), **options: Any
) -> AsyncIterator[Page]:
    """The page, ready; `options` are Playwright's for its context."""
    async with page_in(browser, expected=expected, **({**DESKTOP, **options})) as page:
        await go_to(page, server)
        yield page


async def go_to(page: Page, server: Server) -> None:
    """Open the page; it has two agents to choose from."""
    await page.add_init_script(path=OBSERVER)
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


async def answered(page: Page, text: str) -> None:
    """It has been said to the end. While a reply is to be heard, the floor is the agent's."""
    await expect(log(page).locator(".entry.agent").last).to_contain_text(text)
    await floor_is(page, "Your turn")


async def was_seen(page: Page, word: str) -> None:
    """The page has said since it was opened, be it for a moment, who holds the floor."""
    await page.wait_for_function("word => seen.floors.includes(word)", arg=word, polling=LOOKS_MS)


async def agent_is_heard(page: Page, turn: int = 1, ms: int = 0) -> None:
    """The agent speaks, as is seen, on the meter too, which follows the loudspeaker; so much of a turn was heard."""
    await floor_is(page, "Agent speaks")
    meter = page.get_by_role("meter", name="Agent level")
    await expect(meter).to_have_attribute("aria-valuenow", re.compile("[1-9]"))
    played = "([turn, ms]) => seen.played.turn === turn && seen.played.ms > ms"
    await page.wait_for_function(played, arg=[turn, ms], polling=LOOKS_MS)
