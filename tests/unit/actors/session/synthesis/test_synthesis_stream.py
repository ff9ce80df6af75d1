"""The stream to a text-to-speech engine: what is written before it is open, and what it may tell."""

import asyncio
import logging
from collections.abc import Callable
from typing import Any

import pytest

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import AudioSynthesized, Synthesis, SynthesisEvent
from actors.runtime.clock import run_virtual
from actors.runtime.supervised_actor import SupervisedActor, actor_of
from actors.session.engine_events import SynthesisReported
from actors.session.synthesis.synthesis_stream import OPEN_TIMEOUT_S, SynthesisStream
from tests.kit.fakes import FakeSynthesizer

OPENS_S = 0.5


class Engine(FakeSynthesizer):
    """Opens after a while, and notes what it is told."""

    def __init__(self, opens_s: float = OPENS_S, failure: Exception | None = None) -> None:
        super().__init__()
        self.opens_s = opens_s
        self.failure = failure
        self.told: list[tuple[Any, ...]] = []
        self.report: Callable[[Any], None] = lambda event: None

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        await asyncio.sleep(self.opens_s)
        if self.failure is not None:
            raise self.failure
        self.report = report
        engine = self

        class Stream:
            def write(self, reply: int, text: str) -> None:
                engine.told.append(("write", reply, text))

            def finish(self, reply: int) -> None:
                engine.told.append(("finish", reply))

            def cancel(self, reply: int) -> None:
                engine.told.append(("cancel", reply))

            async def close(self) -> None:
                engine.told.append(("close",))

        return Stream()


class Speaker(SupervisedActor):
    def __init__(self) -> None:
        super().__init__("speaker", None)
        self.reports: list[Any] = []

    def on_receive(self, message: SynthesisReported) -> None:
        self.reports.append(message.event)


def with_stream(engine: Engine | None, act: Callable[[SynthesisStream, Speaker], Any]) -> None:
    async def main() -> None:
        speaker = actor_of(Speaker.start())
        assert speaker is not None
        stream = SynthesisStream(speaker, engine, Voice(), 16_000)
        await act(stream, speaker)
        speaker.actor_ref.stop(block=False)
        await asyncio.sleep(0.1)

    run_virtual(main())


def test_text_that_is_written_before_the_stream_is_open_waits_in_order() -> None:
    engine = Engine()

    async def act(stream: SynthesisStream, speaker: Speaker) -> None:
        stream.open()
        for reply, text in ((1, "Hello."), (1, None), (2, "Gone."), (3, "There.")):
            stream.write(reply, text)
        stream.cancel(2)
        assert engine.told == []
        await asyncio.sleep(2 * OPENS_S)
        assert engine.told == [("write", 1, "Hello."), ("finish", 1), ("write", 3, "There.")]
        stream.write(3, None)
        stream.cancel(3)
        assert engine.told[3:] == [("finish", 3), ("cancel", 3)]

    with_stream(engine, act)


def test_what_the_engine_tells_reaches_the_actor_and_what_is_no_event_does_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    engine = Engine()

    async def act(stream: SynthesisStream, speaker: Speaker) -> None:
        stream.open()
        await asyncio.sleep(2 * OPENS_S)
        audio = AudioSynthesized(1, b"\0\0")
        with caplog.at_level(logging.WARNING):
            engine.report(audio)
            engine.report("noise")
        await asyncio.sleep(0)
        assert speaker.reports == [audio]

    with_stream(engine, act)
    assert "the synthesizer has reported what its port does not allow" in caplog.text


AWAY = SynthesizerError(ErrorKind.UNAVAILABLE, "away")


@pytest.mark.parametrize("engine", [Engine(failure=AWAY), Engine(opens_s=2 * OPEN_TIMEOUT_S)])
def test_an_engine_that_opens_no_stream_for_text_ends_its_actor(engine: Engine) -> None:
    async def act(stream: SynthesisStream, speaker: Speaker) -> None:
        stream.open()
        await asyncio.sleep(OPEN_TIMEOUT_S + 1)
        assert speaker.actor_ref.is_alive(), "there is nothing to say yet"
        stream.write(1, "Hello.")
        await asyncio.sleep(OPEN_TIMEOUT_S + 1)
        assert not speaker.actor_ref.is_alive()

    with_stream(engine, act)


def test_an_engine_that_is_back_when_there_is_something_to_say_says_it() -> None:
    engine = Engine(failure=AWAY)

    async def act(stream: SynthesisStream, speaker: Speaker) -> None:
        stream.open()
        await asyncio.sleep(2 * OPENS_S)
        engine.failure = None
        stream.write(1, "Hello.")
        await asyncio.sleep(2 * OPENS_S)
        assert engine.told == [("write", 1, "Hello.")]

    with_stream(engine, act)


def test_a_stream_that_opens_for_an_actor_that_has_ended_is_closed() -> None:
    engine = Engine()

    async def act(stream: SynthesisStream, speaker: Speaker) -> None:
        stream.open()
        stream.close()
        await asyncio.sleep(2 * OPENS_S)
        stream.close()
        await asyncio.sleep(0.1)
        assert engine.told == [("close",)]

    with_stream(engine, act)


def test_without_an_engine_nothing_is_opened_and_nothing_fails() -> None:
    async def act(stream: SynthesisStream, speaker: Speaker) -> None:
        assert not stream.is_available
        stream.open()
        stream.write(1, "Hello.")
        stream.cancel(1)
        stream.close()
        await asyncio.sleep(0.1)
        assert speaker.actor_ref.is_alive()

    with_stream(None, act)
