"""One server with exact engines and one Chromium for all tests of a file."""

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


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def browser() -> AsyncIterator[Browser]:
    async with chromium() as started:
        yield started
