"""Somebody coughs into the page's microphone while the agent speaks: it pauses, and not a sample of it is lost."""

import pytest
from playwright.async_api import Browser

from tests.browser.coughing import assert_nothing_is_lost, greetings_around_a_cough
from tests.browser.talking import in_time
from tests.kit.serving import Server

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]


async def test_a_cough_interrupts_nothing_and_nothing_is_lost(browser: Browser, dentist: Server) -> None:
    """One greeting with a cough in it, between two as they are."""
    before, (coughed, pause, said), after = await in_time(lambda: greetings_around_a_cough(browser, dentist))
    assert_nothing_is_lost((before, after), coughed, pause)
    assert "What can I do for you" in said
