"""Somebody who talks with the page, and who tries again where this machine had no time for sound."""

from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from playwright.async_api import Browser

from tests.browser.chromium import chromium, page_in
from tests.browser.sounding_page import SoundingPage

T = TypeVar("T")

TRIES = 8


@asynccontextmanager
async def talking(
    url: str, *arguments: str, expected: tuple[str, ...] = (), browser: Browser | None = None
) -> AsyncIterator[SoundingPage]:
    """The page, and somebody who has pressed its button; without a file the test speaks into the microphone.

    Who tries several times gives a `browser`: to start one takes as long as a short talk. Otherwise it is one of its
    own, started with `arguments`.
    """
    async with AsyncExitStack() as stack:
        if browser is None:
            browser = await stack.enter_async_context(chromium(*arguments))
        # The recorder is a module of the test's own, which the page's policy would forbid.
        page = await stack.enter_async_context(page_in(browser, expected=expected, bypass_csp=True))
        person = await SoundingPage.prepare(page, controlled_microphone=not arguments)
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
