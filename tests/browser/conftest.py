"""One driver and one Chromium for all tests of a process, and one server with exact engines for those of a file."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import chromium, one_driver
from tests.browser.visit import QUICK
from tests.kit.serving import EARSHOT, Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, **QUICK) as started:
        yield started


@pytest.fixture(scope="module")
def dentist() -> Iterator[Server]:
    """What `make run` starts, for those who end nothing but their own conversation: models take a second to load."""
    with serving(EARSHOT, DEFAULT_AGENT="dentist") as started:
        yield started


@pytest_asyncio.fixture(scope="session", loop_scope="session", autouse=True)
async def driver() -> AsyncIterator[None]:
    """Begun before any file of tests, none of which may leave a process behind."""
    async with one_driver():
        yield


@pytest_asyncio.fixture(scope="session", loop_scope="session")
async def shared_browser(driver: None) -> AsyncIterator[Callable[[], Awaitable[Browser]]]:
    """Gives the Chromium of this process, and another one where that has ended."""
    async with AsyncExitStack() as started:
        browsers: list[Browser] = []

        async def latest() -> Browser:
            if not browsers or not browsers[-1].is_connected():
                browsers.append(await started.enter_async_context(chromium()))
            return browsers[-1]

        yield latest


@pytest_asyncio.fixture(scope="module", loop_scope="session")
async def browser(shared_browser: Callable[[], Awaitable[Browser]]) -> Browser:
    """A Chromium in which each test has a context of its own."""
    return await shared_browser()
