"""What is chosen on the page and in its address, and what outlives a reload of it."""

import re
from pathlib import Path

import pytest
from playwright.async_api import Browser, Page, Route, expect

from tests.browser.chromium import SERVER_GONE, microphone_file, open_page, page_in
from tests.browser.visit import DESKTOP, answered, go_to, log, notices, type_in, visit
from tests.kit.serving import Server
from tests.kit.speech import silence

pytestmark = pytest.mark.asyncio(loop_scope="session")


async def session_of(page: Page) -> str:
    """The id of the session that the page shows."""
    fact = page.locator("#session-fact")
    await expect(fact).to_have_text(re.compile("^session_"))
    return await fact.inner_text()


async def test_a_reload_in_a_conversation_goes_on_with_it(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await type_in(page, "before")
        await answered(page, "You said before. What else?")
        session = await session_of(page)
        await page.reload()
        await expect(log(page)).to_contain_text("The conversation goes on where it was.")
        await expect(log(page).locator(".entry.user .words")).to_have_text(["before"])
        assert await session_of(page) == session
        await type_in(page, "after")
        await answered(page, "You said after. What else?")
        await expect(log(page)).not_to_contain_text("You said before. What else?You said before")


async def test_a_reload_looks_for_the_conversation_while_the_server_cannot_be_reached(
    browser: Browser, server: Server
) -> None:
    async with visit(browser, server, expected=SERVER_GONE) as page:
        await type_in(page, "before")
        await answered(page, "You said before. What else?")
        session = await session_of(page)
        tries = 0

        async def fail_at_first(route: Route) -> None:
            nonlocal tries
            tries += 1
            await (route.abort("connectionrefused") if tries <= 2 else route.continue_())

        await page.route("**/realtime/token", fail_at_first)
        await page.reload()
        await expect(log(page)).to_contain_text("The conversation goes on where it was.")
        assert (await session_of(page), tries) == (session, 3)


async def test_a_link_to_another_agent_begins_with_that_one_and_a_reload_does_not(
    browser: Browser, server: Server
) -> None:
    async with visit(browser, server) as page:
        await type_in(page, "before")
        await answered(page, "You said before. What else?")
        await page.goto(f"{server.url}/?agent=hotel")
        await expect(page.get_by_role("combobox", name="Agent")).to_have_value("hotel")
        await expect(page.get_by_role("button", name="Talk")).to_be_visible()
        await expect(log(page)).to_be_empty()
        await type_in(page, "hello")
        await expect(log(page)).to_contain_text("Connected with")
        session = await session_of(page)
        await page.reload()
        await expect(log(page)).to_contain_text("The conversation goes on where it was.")
        assert await session_of(page) == session


async def test_a_double_click_is_one_click(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await page.get_by_role("button", name="Talk").dblclick()
        await expect(page.locator("#connection")).to_have_text("Live")
        await page.get_by_role("button", name="Hang up").dblclick()
        await expect(log(page)).to_contain_text("The conversation has ended.")
        await expect(page.locator("#connection")).to_have_text("Not connected")


async def test_a_conversation_that_was_ended_is_not_gone_on_with(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        await type_in(page, "hello")
        await answered(page, "You said hello. What else?")
        await page.get_by_role("button", name="Hang up").click()
        await expect(log(page)).to_contain_text("The conversation has ended.")
        await page.reload()
        await expect(page.get_by_role("combobox", name="Agent")).to_be_visible()
        await expect(page.get_by_role("button", name="Talk")).to_be_visible()
        await expect(log(page)).to_be_empty()


async def test_the_address_says_who_is_talked_with_and_how(browser: Browser, server: Server) -> None:
    async with page_in(browser, **DESKTOP) as page:
        await page.goto(f"{server.url}/?agent=hotel&mode=transcription")
        await expect(page.get_by_role("combobox", name="Agent")).to_have_value("hotel")
        await expect(page.get_by_role("combobox", name="Mode")).to_have_value("transcription")
        await expect(page.get_by_role("heading", name="Harbour House")).to_be_visible()


async def test_an_address_that_asks_for_somebody_else_is_told_so(browser: Browser, server: Server) -> None:
    async with page_in(browser, **DESKTOP) as page:
        await page.goto(f"{server.url}/?agent=nobody")
        await expect(notices(page)).to_contain_text("The address asks for the agent nobody, which is not here.")


async def test_a_mode_that_the_server_does_not_have_is_not_offered(browser: Browser, server: Server) -> None:
    async with visit(browser, server) as page:
        offered = page.locator("#mode option:not([hidden])")
        await expect(offered).to_have_text(["Conversation", "Transcription only"])


async def test_the_transcript_is_a_file_to_take_away(browser: Browser, server: Server, tmp_path: Path) -> None:
    async with visit(browser, server) as page:
        button = page.get_by_role("button", name="Download the transcript")
        await expect(button).to_be_disabled()
        await type_in(page, "hello")
        await answered(page, "You said hello. What else?")
        async with page.expect_download() as downloading:
            await button.click()
        download = await downloading.value
        await download.save_as(tmp_path / "transcript.txt")
    text = (tmp_path / "transcript.txt").read_text("utf-8")
    assert re.fullmatch(r"earshot-session_.+\.txt", download.suggested_filename)
    assert "You: hello\n" in text
    assert ": You said hello. What else?\n" in text


async def test_the_microphone_is_chosen_and_can_be_another_one(server: Server, tmp_path: Path) -> None:
    async with open_page(*microphone_file(tmp_path, silence(5_000)), **DESKTOP) as page:
        await go_to(page, server)
        await page.get_by_role("button", name="Talk").click()
        choice = page.get_by_role("combobox", name="Microphone")
        await expect(choice).to_be_enabled()
        names = await choice.locator("option").all_inner_texts()
        assert len(names) > 1
        await choice.select_option(label=names[-1])
        await expect(page.locator("#microphone-fact")).to_have_text("On")
        await expect(choice).to_have_value(re.compile(".+"))


async def test_where_nothing_is_heard_nobody_is_asked_to_speak(browser: Browser, server: Server) -> None:
    async with page_in(browser, **DESKTOP) as page:
        await page.add_init_script("Object.defineProperty(navigator, 'mediaDevices', { value: undefined })")
        await go_to(page, server)
        await expect(page.locator("#floor-hint")).to_have_text("Type a message")
        await expect(page.locator("#welcome-text")).to_contain_text("Type below")
        await type_in(page, "tell me a story that is long enough to be read " * 15)
        await expect(page.locator("#floor")).to_have_text("Agent speaks")
        await expect(page.locator("#floor-hint")).to_have_text("Type, or press Interrupt")
