"""The documentation page at /docs: everything is shown, a request is tried, a socket is opened and typed in."""

import re
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from playwright.async_api import Browser, Page, expect

from tests.browser.accessibility import no_violations_in_any_colours
from tests.browser.chromium import page_in
from tests.browser.documentation import CONVERSATION, opened
from tests.browser.visit import DESKTOP, PHONE
from tests.kit.serving import Server

pytestmark = pytest.mark.asyncio(loop_scope="session")


@asynccontextmanager
async def docs(browser: Browser, server: Server, **options: Any) -> AsyncIterator[Page]:
    """The page, with everything on it that it shows of itself."""
    async with page_in(browser, **{**DESKTOP, **options}) as page:
        await page.goto(f"{server.url}/docs")
        await expect(page.locator("#access dt").first).to_be_visible()
        yield page


async def test_every_request_and_every_socket_is_there(browser: Browser, server: Server) -> None:
    rest, sockets = (server.get(f"/{name}.json").json() for name in ("openapi", "asyncapi"))
    async with docs(browser, server) as page:
        shown = page.locator("#requests > details > summary")
        await expect(shown).to_have_count(sum(len(methods) for methods in rest["paths"].values()))
        await expect(page.locator("#sockets > details > summary")).to_have_count(len(sockets["channels"]))
        for entry in await page.locator("#requests > details, #sockets > details").all():
            await entry.locator("> summary").click()
            await expect(entry.locator("form.try")).to_be_visible()
            await entry.evaluate("details => { details.open = false; }")


async def test_it_is_there_under_its_address_with_a_slash_too(browser: Browser, server: Server) -> None:
    async with page_in(browser, **DESKTOP) as page:
        await page.goto(f"{server.url}/docs/")
        entry = await opened(page, "/api/v1/health/live", "GET")
        await entry.get_by_role("button", name="Send").click()
        await expect(entry.get_by_role("status")).to_contain_text("200, ")


async def test_a_request_can_be_tried(browser: Browser, server: Server) -> None:
    async with docs(browser, server) as page:
        entry = await opened(page, "/api/v1/health/live", "GET")
        await entry.get_by_role("button", name="Send").click()
        await expect(entry.get_by_role("status")).to_contain_text("200, ")
        await expect(entry.locator("form pre")).to_have_text('{\n  "status": "alive"\n}')


async def test_a_problem_is_shown_as_the_server_says_it(browser: Browser, server: Server) -> None:
    async with page_in(browser, expected=("404",), **DESKTOP) as page:
        await page.goto(f"{server.url}/docs")
        entry = await opened(page, "/api/v1/agents/{name}", "GET")
        await entry.get_by_label("name (path)").fill("nobody")
        await entry.get_by_role("button", name="Send").click()
        await expect(entry.get_by_role("status")).to_contain_text("404")
        await expect(entry.locator("form pre")).to_contain_text("there is no agent of that name")


async def test_a_socket_can_be_opened_and_talked_in(browser: Browser, server: Server) -> None:
    async with docs(browser, server) as page:
        entry = await opened(page, CONVERSATION, "WS")
        console = entry.locator("form.try")
        await console.get_by_role("button", name="Open").click()
        await expect(console.get_by_role("status")).to_have_text("Open")
        traffic = console.get_by_label("Messages")
        await expect(traffic).to_contain_text('"event_type":"session"')
        await console.get_by_label("As it is sent").fill('{"type":"text","text":"hello docs"}')
        await console.get_by_role("button", name="Send").click()
        await expect(traffic).to_contain_text('> {"type":"text","text":"hello docs"}')
        await expect(traffic).to_contain_text("You said hello docs")
        await expect(traffic).to_contain_text(re.compile(r"audio: \d+ messages"))
        await console.get_by_role("button", name="Close").click()
        await expect(console.get_by_role("status")).to_have_text("Closed: closed here")


async def test_a_refused_socket_says_why(browser: Browser, server: Server) -> None:
    async with docs(browser, server) as page:
        entry = await opened(page, CONVERSATION, "WS")
        await entry.locator("form").get_by_label("agent", exact=True).fill("nobody")
        await entry.get_by_role("button", name="Open").click()
        await expect(entry.get_by_role("status")).to_contain_text("1008 agent: one of")


@pytest.mark.parametrize("size", [PHONE, DESKTOP], ids=["phone", "desktop"])
async def test_nothing_keeps_anybody_out(browser: Browser, server: Server, size: dict[str, Any]) -> None:
    async with docs(browser, server, **size) as page:
        await opened(page, "/api/v1/agents/{name}", "PUT")
        await opened(page, CONVERSATION, "WS")
        await no_violations_in_any_colours(page)
        wide = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
        assert not await page.evaluate(wide)
