"""One server with exact engines, or with those of this machine, and one Chromium for all tests of a file."""

from collections.abc import AsyncIterator, Iterator

import pytest
import pytest_asyncio
from playwright.async_api import Browser

from tests.browser.chromium import chromium
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, serving


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with serving(EARSHOT, **FAKES) as started:
        yield started


@pytest.fixture(scope="module")
def dentist() -> Iterator[Server]:
    """What `make run` starts, for those who end nothing but their own conversation: its models take seconds to load."""
    with serving(EARSHOT, DEFAULT_AGENT="dentist") as started:
        yield started


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started
