"""A synthesizer behind another: who speaks, and when the one that does counts as failed."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
)
from actors.runtime.clock import run_virtual
from app.providers.failover.circuit_breaker import BreakerPolicy
from app.providers.failover.synthesizer import FailoverSynthesizer
from tests.kit.failover_kit import providers

VOICE, RATE_HZ = Voice(), 16_000
AUDIO, PIECE, END = AudioSynthesized(1, bytes(640)), PieceSynthesized(1, 5, 20.0), SynthesisFinished(1)
SPOKEN = (AUDIO, PIECE, END)


class Engine:
    """An engine whose streams say what a test has them say."""

    def __init__(self, failure: Exception | None = None, voices: Mapping[str, tuple[str, ...]] | None = None) -> None:
        self.failure = failure
        self.asked: list[Any] = []
        self.report: Callable[[Any], None] = lambda event: None
        if voices is not None:
            self.voices = lambda: voices

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> "Engine":
        if self.failure is not None:
            raise self.failure
        self.report = report
        return self

    def write(self, reply: int, text: str) -> None:
        self.asked.append((reply, text))

    def finish(self, reply: int) -> None:
        self.asked.append(("finish", reply))

    def cancel(self, reply: int) -> None:
        self.asked.append(("cancel", reply))

    async def close(self) -> None:
        self.asked.append("close")


def pair(first: Engine, second: Engine) -> FailoverSynthesizer:
    return FailoverSynthesizer(providers(first, second, policy=BreakerPolicy(failures=1)))


async def speaks(both: FailoverSynthesizer, first: Engine) -> str:
    """Which of the two speaks now."""
    before = len(first.asked)
    stream = await both.open(VOICE, RATE_HZ, lambda event: None)
    stream.write(99, "hello")
    return "first" if (99, "hello") in first.asked[before:] else "second"


def run(act: Callable[[], Any]) -> None:
    async def main() -> None:
        await act()

    run_virtual(main())


def test_text_goes_to_the_provider_and_its_audio_comes_back() -> None:
    async def act() -> None:
        first, told = Engine(), list[SynthesisEvent]()
        stream = await pair(first, Engine()).open(VOICE, RATE_HZ, told.append)
        stream.write(1, "hello")
        stream.finish(1)
        stream.cancel(1)
        assert first.asked == [(1, "hello"), ("finish", 1), ("cancel", 1)]
        events = [AudioSynthesized(1, b"\0\0"), PieceSynthesized(1, 5, 20.0), SynthesisFinished(1)]
        for event in events:
            first.report(event)
        assert told == events
        await stream.close()
        first.report(AudioSynthesized(1, b"\0\0"))
        assert told == events

    run(act)


def test_what_is_no_event_is_left_to_the_session_to_pass_over() -> None:
    async def act() -> None:
        first, told = Engine(), list[Any]()
        await pair(first, Engine()).open(VOICE, RATE_HZ, told.append)
        first.report("what?")
        assert told == ["what?"]

    run(act)


def test_a_voice_that_failed_is_given_by_the_other_provider() -> None:
    async def act() -> None:
        first, second, told = Engine(), Engine(), list[SynthesisEvent]()
        both = pair(first, second)
        await both.open(VOICE, RATE_HZ, told.append)
        first.report(SynthesisFailed(1, ErrorKind.UNAVAILABLE, "it broke"))
        assert [type(event) for event in told] == [SynthesisFailed]
        assert await speaks(both, first) == "second"

    run(act)


@pytest.mark.parametrize(
    ("made", "waited_s", "next_to_speak"),
    [(0, 1.0, "first"), (0, 3.0, "second"), (3, 3.0, "second"), (5, 3.0, "first")],
)
def test_audio_that_does_not_come_counts_against_the_provider(made: int, waited_s: float, next_to_speak: str) -> None:
    async def act() -> None:
        first = Engine()
        both = pair(first, Engine())
        stream = await both.open(VOICE, RATE_HZ, lambda event: None)
        stream.write(1, "hello")
        if made:
            first.report(PieceSynthesized(1, made, 20.0))
        await asyncio.sleep(waited_s)
        await stream.close()
        assert await speaks(both, first) == next_to_speak

    run(act)


@pytest.mark.parametrize("way", ["cancelled", "finished"])
def test_nothing_is_owed_of_a_reply_that_is_over(way: str) -> None:
    async def act() -> None:
        first = Engine()
        both = pair(first, Engine())
        stream = await both.open(VOICE, RATE_HZ, lambda event: None)
        stream.write(1, "hello")
        if way == "cancelled":
            stream.cancel(1)
        else:
            for event in SPOKEN:
                first.report(event)
        await asyncio.sleep(60)
        await stream.close()
        assert await speaks(both, first) == "first"

    run(act)


@pytest.mark.parametrize(
    ("text", "told", "next_to_speak"),
    [
        ("hello", SPOKEN, "first"),
        ("hello", (PIECE, END), "second"),
        ("hello", (AudioSynthesized(1, b""), PIECE, END), "second"),
        ("hello", (AUDIO, END), "second"),
        ("hello", (END,), "second"),
        ("hello", (AUDIO, PieceSynthesized(1, 3, 20.0), END), "second"),
        ("-----", (PIECE, END), "first"),
    ],
)
def test_text_that_is_lost_without_a_word_counts_against_the_provider(
    text: str, told: tuple[SynthesisEvent, ...], next_to_speak: str
) -> None:
    async def act() -> None:
        first = Engine()
        both = pair(first, Engine())
        stream = await both.open(VOICE, RATE_HZ, lambda event: None)
        stream.write(1, text)
        stream.finish(1)
        for event in told:
            first.report(event)
        await stream.close()
        assert await speaks(both, first) == next_to_speak

    run(act)


def test_where_none_has_a_voice_the_last_says_why() -> None:
    async def act() -> None:
        both = pair(Engine(ValueError()), Engine(SynthesizerError(ErrorKind.BAD_REQUEST, "English only")))
        with pytest.raises(SynthesizerError, match="English only"):
            await both.open(VOICE, RATE_HZ, lambda event: None)

    run(act)


def test_the_voices_are_those_of_the_one_that_is_asked_first() -> None:
    async def act() -> None:
        assert pair(Engine(voices={"en-US": ("a",)}), Engine()).voices() == {"en-US": ("a",)}
        assert pair(Engine(), Engine(voices={"en-US": ("a",)})).voices() == {}

    run(act)
