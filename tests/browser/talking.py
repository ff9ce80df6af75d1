"""Somebody who talks with the page, and who tries again where this machine had no time for sound."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TypeVar

from playwright.async_api import Browser

from tests.browser.chromium import chromium, page_in
from tests.browser.sounding_page import SoundingPage
from tests.kit.serving import Server

T = TypeVar("T")

TRIES = 8


@asynccontextmanager
async def talking(
    url: str,
    *arguments: str,
    expected: tuple[str, ...] = (),
    browser: Browser | None = None,
    records: bool = False,
) -> AsyncIterator[SoundingPage]:
    """The page, and somebody who has pressed its button; without a file the test speaks into the microphone.

    What is heard is recorded if the test `records`.

    Without a `browser` it is one of its own, started with `arguments`: to start one takes as long as a short talk.
    """
    async with AsyncExitStack() as stack:
        if browser is None:
            browser = await stack.enter_async_context(chromium(*arguments))
        # The recorder is a module of the test's own, which the page's policy would forbid.
        page = await stack.enter_async_context(page_in(browser, expected=expected, bypass_csp=True))
        person = await SoundingPage.prepare(page, controlled_microphone=not arguments, records=records)
        await page.goto(url)
        await page.get_by_role("button", name="Talk").click()
        await person.until("call.state === 'live'")
        yield person


async def came_late(sent_s: Sequence[float], lasts_ms: float, server: Server) -> bool:
    """Whether the page has sent a sound in much less time, or in much more, than it lasts, or the server had no time.

    `sent_s` is when the page has sent its frames.
    """
    if not sent_s or not lasts_ms / 2 <= (sent_s[-1] - sent_s[0]) * 1_000 <= lasts_ms * 2:
        return True
    health = await asyncio.to_thread(server.get, "/api/v1/health/actors")
    late_ms = float(health.json()["loop_lag"]["max_ms"])  # at most, within the last minute
    return late_ms > lasts_ms / 2


async def in_time(attempt: Callable[[], Awaitable[T | None]]) -> T:
    """What `attempt` gives. It gives None if this machine had no time for sound, as is measured beside it."""
    for _ in range(TRIES):
        result = await attempt()
        if result is not None:
            return result
    raise AssertionError(f"no time for sound in {TRIES} tries")
