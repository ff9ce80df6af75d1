"""A recognizer behind another: who hears the caller, and when the one that does counts as failed."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.errors import ErrorKind, RecognizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from actors.runtime.clock import run_virtual
from app.providers.failover.circuit_breaker import BreakerPolicy
from app.providers.failover.recognizer import FailoverRecognizer
from tests.kit.failover_kit import providers

OPTIONS = RecognitionOptions(session_id="s")
ONE_FAILURE = BreakerPolicy(failures=1)


class Engine:
    """An engine whose streams say what a test has them say."""

    def __init__(self, failure: Exception | None = None) -> None:
        self.failure = failure
        self.asked: list[Any] = []
        self.report: Callable[[RecognitionEvent], None] = lambda event: None

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> "Engine":
        if self.failure is not None:
            raise self.failure
        self.report = report
        return self

    def push(self, pcm: bytes) -> None:
        self.asked.append(pcm)

    def finish_utterance(self) -> None:
        self.asked.append("finish")

    async def close(self) -> None:
        self.asked.append("close")


def pair(first: Engine, second: Engine) -> FailoverRecognizer:
    return FailoverRecognizer(providers(first, second, policy=ONE_FAILURE))


def run(act: Callable[[], Any]) -> None:
    async def main() -> None:
        await act()

    run_virtual(main())


def test_a_stream_is_the_providers_own_and_tells_what_that_tells() -> None:
    async def act() -> None:
        first, told = Engine(), list[RecognitionEvent]()
        stream = await pair(first, Engine()).open(OPTIONS, told.append)
        stream.push(b"ab")
        stream.finish_utterance()
        events: list[RecognitionEvent] = [
            RecognitionReady(),
            InterimTranscript("good", 0.0, 100.0),
            FinalTranscript(text="good day"),
        ]
        for event in events:
            first.report(event)
        assert told == events
        assert first.asked == [b"ab", "finish"]
        await stream.close()
        first.report(NoSpeechRecognized(0.0))
        assert told == events, "nothing is told of a stream that is closed"

    run(act)


@pytest.mark.parametrize("failure", [RecognizerError(ErrorKind.UNAVAILABLE, "away"), ValueError("a defect")])
def test_one_that_opens_no_stream_is_passed_over(failure: Exception) -> None:
    async def act() -> None:
        second = Engine()
        stream = await pair(Engine(failure), second).open(OPTIONS, lambda event: None)
        stream.push(b"ab")
        assert second.asked == [b"ab"]

    run(act)


def test_where_none_opens_a_stream_the_last_says_why() -> None:
    async def act() -> None:
        both = pair(Engine(ValueError()), Engine(RecognizerError(ErrorKind.THROTTLED, "too many")))
        with pytest.raises(RecognizerError, match="too many"):
            await both.open(OPTIONS, lambda event: None)

    run(act)


def test_a_session_whose_stream_failed_is_given_another_providers_next() -> None:
    async def act() -> None:
        first, second, told = Engine(), Engine(), list[RecognitionEvent]()
        both = pair(first, second)
        await both.open(OPTIONS, told.append)
        failed = RecognitionFailed(ErrorKind.TIMEOUT, "it broke")
        first.report(failed)
        assert told == [failed]
        stream = await both.open(OPTIONS, told.append)
        stream.push(b"ab")
        assert (first.asked, second.asked) == ([], [b"ab"])

    run(act)


@pytest.mark.parametrize(("owed_s", "next_asked"), [(1.0, "first"), (2.0, "second")])
def test_a_final_that_does_not_come_counts_against_the_provider(owed_s: float, next_asked: str) -> None:
    async def act() -> None:
        first, second = Engine(), Engine()
        both = pair(first, second)
        stream = await both.open(OPTIONS, lambda event: None)
        stream.finish_utterance()
        await asyncio.sleep(owed_s)
        await stream.close()
        again = await both.open(OPTIONS, lambda event: None)
        again.push(b"ab")
        assert ("first" if b"ab" in first.asked else "second") == next_asked

    run(act)


@pytest.mark.parametrize("answer", [FinalTranscript(text="yes"), NoSpeechRecognized(0.0)])
def test_a_stream_that_has_answered_owes_nothing(answer: RecognitionEvent) -> None:
    async def act() -> None:
        first, second = Engine(), Engine()
        both = pair(first, second)
        stream = await both.open(OPTIONS, lambda event: None)
        stream.finish_utterance()
        first.report(answer)
        await asyncio.sleep(60)
        await stream.close()
        again = await both.open(OPTIONS, lambda event: None)
        again.push(b"ab")
        assert second.asked == []

    run(act)
