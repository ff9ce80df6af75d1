"""Somebody talks with the page in a real browser: the whole way from the microphone to the loudspeaker."""

from datetime import UTC, datetime
from pathlib import Path

import numpy
import pytest
from playwright.async_api import Browser

from tests.browser.chromium import microphone_file
from tests.browser.sounding_page import Samples, SoundingPage
from tests.browser.talking import came_late, in_time, talking
from tests.eval.callers import Caller, ToolRun
from tests.kit.serving import Server
from tests.kit.speech import HIBARI, say, silence

pytestmark = [pytest.mark.timeout(400), pytest.mark.asyncio(loop_scope="session")]

BOOKING = 0
"""A seed whose caller books an appointment."""

AUDIBLE = 500.0
"""Root mean square of speech that is surely heard, of 32 768."""


def loudness(samples: Samples) -> float:
    return float(numpy.sqrt((samples.astype(float) ** 2).mean())) if len(samples) else 0.0


async def test_a_question_into_the_microphone_is_answered_aloud(dentist: Server, tmp_path: Path) -> None:
    speech = silence(9_000) + 3 * (say("what are your opening hours", HIBARI) + silence(20_000))
    async with talking(dentist.url, *microphone_file(tmp_path, speech), records=True) as person:
        await person.until_heard("Maple Street Dental")
        greeted = await person.recorded()
        # Of the answer it is told when it has been heard to its end. Of whom is not understood, as when this machine
        # had no time for sound, the question is heard once more.
        await person.until_heard("eight in the morning", timeout_s=len(speech) / 32_000)
        answered = await person.recorded(greeted.last_sound_s())
        shown = await person.page.get_by_role("log").inner_text()
    assert loudness(greeted.samples) > AUDIBLE
    ends_s = answered.last_sound_s()
    assert loudness(answered.between(ends_s - 3, ends_s)) > AUDIBLE
    assert "opening hours" in shown
    assert "eight in the morning" in shown


async def test_an_interruption_silences_the_page(browser: Browser, dentist: Server) -> None:
    heard = await in_time(lambda: interrupted_greeting(browser, dentist))
    assert heard.startswith("Hello, this is Maple")
    assert "What can I do for you" not in heard


HEARD = "told.some(([name]) => name === 'heard')"


async def interrupted_greeting(browser: Browser, server: Server) -> str | None:
    """What was heard of it.

    None if the page's marks came too late for that to be known exactly, or if the question came late or in pieces: of
    one of which nothing is understood the greeting goes on, though it fell silent for the voice.
    """
    question = say("what are your opening hours", HIBARI)  # a greeting is over sooner than the voice is loaded
    async with talking(server.url, browser=browser, records=True) as person:
        await person.say_when("playing", 1_500, question)
        await person.until("told.some(([name]) => name === 'cleared')")
        went_on = f"told.slice({await person.events()}).some(([, {{ kind }}]) => kind === 'greeting')"
        await person.until(f"{HEARD} || {went_on}")
        orders = await person.orders("tts_cancelled")
        heard = [detail for _, detail in await person.told("heard")]
        if not heard or not heard[0]["interrupted"] or len(orders) != 1:
            told = await person.told()
            assert await came_late(await person.sent_loud(), loud_ms(question), server), told
            return None
        await person.until("told.some(([name, { kind }]) => name === 'reply' && kind !== 'greeting')")
        recording = await person.recorded()
        shown = await person.page.get_by_role("log").inner_text()
    (cancelled,) = orders
    assert "What can I do for you" not in shown
    assert recording.last_sound_s(before_s=cancelled + 0.4) < cancelled + 0.1
    return str(heard[0]["text"]) if heard[0]["exactness"] == "exact" else None


def loud_ms(pcm: bytes) -> float:
    """How long speech at 16 kHz lasts from its first loud sample to its last one."""
    loud = numpy.flatnonzero(numpy.abs(numpy.frombuffer(pcm, numpy.int16).astype(int)) > 1_000)
    return float(loud[-1] - loud[0]) / 16


async def test_a_conversation_by_voice_reaches_its_task(browser: Browser, dentist: Server) -> None:
    caller = Caller(BOOKING, datetime.now(UTC).date())
    async with talking(dentist.url, browser=browser) as person:
        line = caller.next_line(await person.reply(0))
        while line is not None:
            before = await person.events()
            await person.say(say(line, HIBARI))
            line = caller.next_line(await person.reply(before))
        tools = await tool_runs(person)
    assert caller.task_reached(tools)


async def tool_runs(person: SoundingPage) -> list[ToolRun]:
    told = [detail for _, detail in await person.told("tool")]
    starts = {tool["callId"]: tool for tool in told if tool["phase"] == "start"}
    ends = [tool for tool in told if tool["phase"] == "end"]
    return [ToolRun(tool["tool"], starts[tool["callId"]]["args"], tool["result"]) for tool in ends]
