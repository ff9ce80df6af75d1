"""The page while a conversation goes from one agent to another."""

from collections.abc import Iterator

import pytest
from playwright.async_api import Browser, expect

from tests.browser.chromium import page_in
from tests.browser.visit import DESKTOP, QUICK, go_to, log, type_in
from tests.kit.serving import EARSHOT, Server, serving

pytestmark = pytest.mark.asyncio(loop_scope="session")


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    # Without a model of its own the agents' scripts answer.
    engines = {name: value for name, value in QUICK.items() if name != "LANGUAGE_MODEL"}
    with serving(EARSHOT, **engines, DEFAULT_AGENT="hotel") as started:
        yield started


async def test_each_reply_has_the_name_of_the_agent_that_says_it(browser: Browser, server: Server) -> None:
    async with page_in(browser, **DESKTOP) as page:
        await go_to(page, server)
        await type_in(page, "i would like to book a table")
        await expect(log(page)).to_contain_text("there is a table for you whenever you come", timeout=60_000)
        await expect(log(page).locator(".note")).to_contain_text(
            ["Connected with Harbour House.", "You are with Harbour Kitchen now."]
        )
        entries = log(page).locator(".entry.agent")
        await expect(entries.filter(has_text="One moment.")).to_contain_text("Harbour House")
        await expect(entries.filter(has_text="good evening")).to_contain_text("Harbour Kitchen")
        await expect(entries.filter(has_text="whenever you come")).to_contain_text("Harbour Kitchen")
        await page.reload()
        await expect(log(page)).to_contain_text("The conversation goes on where it was.")
        await type_in(page, "what is on the menu")
        reply = log(page).locator(".entry.agent").filter(has_text="fish of the day")
        await expect(reply).to_contain_text("Harbour Kitchen", timeout=60_000)
