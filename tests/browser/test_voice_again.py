"""Somebody talks with the page of a server that is restarted meanwhile."""

import asyncio
import signal

import pytest

from tests.browser.chromium import SERVER_GONE
from tests.browser.talking import talking
from tests.kit.ports import free_port
from tests.kit.serving import EARSHOT, serving
from tests.kit.speech import HIBARI, say

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]


async def test_a_server_that_comes_back_is_found_again_and_talked_with() -> None:
    port = str(free_port())
    with serving(EARSHOT, DEFAULT_AGENT="dentist", PORT=port) as server:
        async with talking(server.url, expected=SERVER_GONE) as person:
            await person.reply(0)
            server.signal(signal.SIGTERM)
            await person.until("call.state === 'reconnecting'")
            await asyncio.to_thread(server.process.wait, 30)
            with serving(EARSHOT, DEFAULT_AGENT="dentist", PORT=port):
                before = await person.events()
                await person.until("call.state === 'live'")
                await person.reply(before)
                before = await person.events()
                await person.say(say("what are your opening hours", HIBARI))
                answer = await person.reply(before)
                shown = await person.page.get_by_role("log").inner_text()
    assert "eight in the morning" in answer
    assert "no memory" in shown
