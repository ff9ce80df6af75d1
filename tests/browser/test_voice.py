"""Somebody talks with the page in a real browser: the whole way from the microphone to the loudspeaker."""

import asyncio
import signal
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import numpy
import pytest

from tests.browser.chromium import SERVER_GONE, microphone_file, open_page
from tests.browser.sounding_page import Recording, Samples, SoundingPage
from tests.eval.callers import Caller, ToolRun
from tests.kit.ports import free_port
from tests.kit.serving import EARSHOT, Server, serving
from tests.kit.speech import FLITE_ALSO, HIBARI, say, silence

T = TypeVar("T")

BOOKING = 0
"""A seed whose caller books an appointment."""

AUDIBLE = 500.0
"""Root mean square of speech that is surely heard, of 32 768."""


@pytest.fixture(scope="module")
def dentist() -> Iterator[Server]:
    """What `make run` starts, for those who end nothing but their own conversation: its models take seconds to load."""
    with serving(EARSHOT, DEFAULT_AGENT="dentist") as started:
        yield started


def loudness(samples: Samples) -> float:
    return float(numpy.sqrt((samples.astype(float) ** 2).mean())) if len(samples) else 0.0


@asynccontextmanager
async def talking(url: str, *arguments: str, expected: tuple[str, ...] = ()) -> AsyncIterator[SoundingPage]:
    """The page, and somebody who has pressed its button; without a file the test speaks into the microphone."""
    controlled = not arguments
    # The recorder is a module of the test's own, which the page's policy would forbid.
    async with open_page(*arguments, expected=expected, bypass_csp=True) as page:
        person = await SoundingPage.prepare(page, controlled_microphone=controlled)
        await page.goto(url)
        await page.get_by_role("button", name="Talk").click()
        await person.until("call.state === 'live'")
        yield person


async def test_a_question_into_the_microphone_is_answered_aloud(dentist: Server, tmp_path: Path) -> None:
    speech = silence(9_000) + say("what are your opening hours", HIBARI) + silence(20_000)
    async with talking(dentist.url, *microphone_file(tmp_path, speech)) as person:
        await person.until_heard("Maple Street Dental")
        greeted = await person.recorded()
        # Of the answer it is told when it has been heard to its end. Chromium plays the file again and again: of
        # whom is not understood, as when this machine had no time for sound, the question is heard once more.
        await person.until_heard("eight in the morning", timeout_s=3 * len(speech) / 32_000)
        answered = await person.recorded(await person.now_s() - 3)
        shown = await person.page.get_by_role("log").inner_text()
    assert loudness(greeted.samples) > AUDIBLE
    assert loudness(answered.samples) > AUDIBLE
    assert "opening hours" in shown
    assert "eight in the morning" in shown


TRIES = 8


async def in_time(attempt: Callable[[], Awaitable[T | None]]) -> T:
    """What `attempt` gives. It gives None if this machine had no time for sound, as is measured beside it."""
    for _ in range(TRIES):
        result = await attempt()
        if result is not None:
            return result
    raise AssertionError(f"no time for sound in {TRIES} tries")


async def test_an_interruption_silences_the_page(dentist: Server) -> None:
    heard = await in_time(lambda: interrupted_greeting(dentist.url))
    assert heard.startswith("Hello, this is Maple")
    assert "What can I do for you" not in heard


async def interrupted_greeting(url: str) -> str | None:
    """What was heard of it; None if the page's marks came too late for that to be known exactly."""
    async with talking(url) as person:
        await person.say_when("playing", 1_500, say("what are your opening hours", HIBARI))
        await person.until("told.some(([name]) => name === 'cleared')")
        answer_at = await person.events()
        await person.until(f"told.slice({answer_at}).some(([name]) => name === 'reply')")
        heard = (await person.told("heard"))[0][1]
        (cancelled,) = await person.orders("tts_cancelled")
        recording = await person.recorded()
        shown = await person.page.get_by_role("log").inner_text()
    assert heard["interrupted"]
    assert "What can I do for you" not in shown
    assert recording.last_sound_s(before_s=cancelled + 0.4) < cancelled + 0.1
    return str(heard["text"]) if heard["exactness"] == "exact" else None


async def test_a_cough_interrupts_nothing_and_nothing_is_lost(dentist: Server) -> None:
    """One greeting with a cough in it, between two as they are."""
    before, (coughed, pause, said), after = await in_time(lambda: greetings_around_a_cough(dentist))
    assert_nothing_is_lost((before, after), coughed, pause)
    assert "What can I do for you" in said


Coughed = tuple[Recording, tuple[float, float], str]
"""What was heard of a greeting with a cough in it, its pause, and what was said."""


async def greetings_around_a_cough(server: Server) -> tuple[Recording, Coughed, Recording] | None:
    """The greeting as it is, with a cough, and as it is; None if one of them ran dry."""
    # At some moment greetings begin to come from audio that was made and kept in the background; until then they are
    # spoken sentence by sentence. So one of the two sounds as that with the cough would have.
    before = await greeting_of(server.url)
    coughed = await greeting_of_one_who_coughs(server)
    after = await greeting_of(server.url)
    return None if before is None or coughed is None or after is None else (before, coughed, after)


async def greeting_of(url: str) -> Recording | None:
    """What was heard of it; None if it ran dry on the way."""
    async with talking(url) as person:
        await person.reply(0)
        names = [state for state, _ in await person.playouts()]
        recording = await person.recorded()
    return None if "empty" in names[:-1] else recording


async def greeting_of_one_who_coughs(server: Server) -> Coughed | None:
    """What was heard of it; None if it ran dry near its pause, or that lies far from where it was ordered, or if the
    cough came all at once, so that the pause was over before it began.
    """
    async with talking(server.url) as person:
        await person.say_when("playing", 1_500, cough())
        said = await person.reply(0)
        states = await person.playouts()
        assert await person.orders("tts_cancelled") == []
        recording = await person.recorded()
        coughed_s = await person.sent_loud()
    names = [state for state, _ in states]
    if "paused" not in names and (came_at_once(coughed_s) or await asyncio.to_thread(late_ms, server) > COUGH_MS / 2):
        return None
    assert names.count("paused") == 1
    paused_s = states[names.index("paused")][1]
    pause = min(recording.silences(longer_than_s=0.1), key=lambda silence: abs(silence[0] - paused_s))
    dry = any(state == "empty" and pause[0] - STRETCH_S < at < pause[1] + STRETCH_S + FADES_S for state, at in states)
    return None if dry or abs(pause[0] - paused_s) >= 0.3 else (recording, pause, said)


def came_at_once(sent_s: Sequence[float]) -> bool:
    """Whether the page has sent a cough in much less time, or in much more, than it lasts."""
    return not sent_s or not COUGH_MS / 2 <= (sent_s[-1] - sent_s[0]) * 1_000 <= COUGH_MS * 2


def late_ms(server: Server) -> float:
    """What the server's loop was late by at most within the last minute."""
    return float(server.get("/api/v1/health/actors").json()["loop_lag"]["max_ms"])


COUGH_MS = 200


def cough() -> bytes:
    """A voice of 200 ms: enough to be noticed, too little to take the floor."""
    sound = say("ah", FLITE_ALSO)
    begins = int(numpy.argmax(numpy.abs(numpy.frombuffer(sound, numpy.int16).astype(int)) > 1_000))
    return sound[2 * begins : 2 * begins + COUGH_MS * 32]


STRETCH_S = 0.4
"""So much on either side of a pause is looked at."""

FADES_S = 0.015
"""More than the fade of 5 ms on either side of a pause."""


def assert_nothing_is_lost(wholes: Sequence[Recording], paused: Recording, pause: tuple[float, float]) -> None:
    """What was heard before the pause and what was heard after it lie side by side in an undisturbed greeting."""
    begins, ends = pause
    before = paused.between(begins - FADES_S - STRETCH_S, begins - FADES_S)
    after = paused.between(ends + FADES_S, ends + FADES_S + STRETCH_S)
    whole = min(wholes, key=lambda one: max(found_in(one.samples, part)[1] for part in (before, after)))
    (before_at, misfit_before), (after_at, misfit_after) = (found_in(whole.samples, part) for part in (before, after))
    assert max(misfit_before, misfit_after) <= 40
    between = whole.samples[before_at + len(before) : after_at]
    # Silence of its own that the greeting may have just there is no sound lost.
    sounding_s = numpy.count_nonzero(between) / whole.rate_hz
    assert sounding_s <= 2 * FADES_S + 0.002
    assert len(between) / whole.rate_hz >= 2 * FADES_S - 0.002


def found_in(whole: Samples, part: Samples) -> tuple[int, int]:
    """Where `part` lies in `whole`, to the sample, and by how much a sample differs there at most."""
    size = len(whole) + len(part)
    spectrum = numpy.fft.rfft(whole.astype(float), size) * numpy.conj(numpy.fft.rfft(part.astype(float), size))
    alike = numpy.fft.irfft(spectrum, size)[: len(whole) - len(part) + 1]
    # The least squares of the differences: what is alike only for being loud is no place for a part that is quiet.
    power = numpy.concatenate(([0.0], numpy.cumsum(whole.astype(float) ** 2)))
    at = int(numpy.argmin(power[len(part) :] - power[: -len(part)] - 2 * alike))
    return at, int(numpy.abs(whole[at : at + len(part)].astype(int) - part).max())


async def test_a_conversation_by_voice_reaches_its_task(dentist: Server) -> None:
    caller = Caller(BOOKING, datetime.now(UTC).date())
    async with talking(dentist.url) as person:
        line = caller.next_line(await person.reply(0))
        while line is not None:
            before = await person.events()
            await person.say(say(line, HIBARI))
            line = caller.next_line(await person.reply(before))
        tools = await tool_runs(person)
    assert caller.task_reached(tools)


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


async def tool_runs(person: SoundingPage) -> list[ToolRun]:
    told = [detail for _, detail in await person.told("tool")]
    starts = {tool["callId"]: tool for tool in told if tool["phase"] == "start"}
    ends = [tool for tool in told if tool["phase"] == "end"]
    return [ToolRun(tool["tool"], starts[tool["callId"]]["args"], tool["result"]) for tool in ends]


pytestmark = pytest.mark.timeout(400)
