"""Somebody who talks with the page, and who tries again where this machine had no time for sound."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from typing import TypeVar

from tests.browser.chromium import open_page
from tests.browser.sounding_page import SoundingPage

T = TypeVar("T")

TRIES = 8


@asynccontextmanager
async def talking(url: str, *arguments: str, expected: tuple[str, ...] = ()) -> AsyncIterator[SoundingPage]:
    """The page, and somebody who has pressed its button; without a file the test speaks into the microphone."""
    controlled = not arguments
    # The recorder is a module of the test's own, which the page's policy would forbid.
    async with open_page(*arguments, expected=expected, bypass_csp=True) as page:
        person = await SoundingPage.prepare(page, controlled_microphone=controlled)
        await page.goto(url)
        await page.get_by_role("button", name="Talk").click()
        await person.until("call.state === 'live'")
        yield person


async def in_time(attempt: Callable[[], Awaitable[T | None]]) -> T:
    """What `attempt` gives. It gives None if this machine had no time for sound, as is measured beside it."""
    for _ in range(TRIES):
        result = await attempt()
        if result is not None:
            return result
    raise AssertionError(f"no time for sound in {TRIES} tries")
