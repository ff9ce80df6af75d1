"""Somebody talks with the page of a server that is restarted meanwhile."""

import asyncio
import shutil
import signal
from pathlib import Path

import pytest
from playwright.async_api import Browser

from tests.browser.chromium import SERVER_GONE
from tests.browser.talking import talking
from tests.kit.ports import free_port
from tests.kit.serving import EARSHOT, ROOT, serving
from tests.kit.speech import HIBARI, say

AGENTS = ROOT / "config/agents"

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]


async def test_a_server_that_comes_back_is_found_again_and_talked_with(browser: Browser, tmp_path: Path) -> None:
    for file in AGENTS.glob("dentist*.yaml"):
        shutil.copy(file, tmp_path)  # the phrases of one agent are made sooner than those of three
    here = {"AGENTS_DIRECTORY": str(tmp_path), "PORT": str(free_port())}
    with serving(EARSHOT, **here) as server:
        async with talking(server.url, expected=SERVER_GONE, browser=browser) as person:
            await person.reply(0)
            server.signal(signal.SIGTERM)
            await person.until("call.state === 'reconnecting'")
            await asyncio.to_thread(server.process.wait, 30)
            with serving(EARSHOT, **here):
                before = await person.events()
                await person.until("call.state === 'live'")
                await person.reply(before)
                before = await person.events()
                await person.say(say("what are your opening hours", HIBARI))
                answer = await person.reply(before)
                shown = await person.page.get_by_role("log").inner_text()
    assert "eight in the morning" in answer
    assert "no memory" in shown
