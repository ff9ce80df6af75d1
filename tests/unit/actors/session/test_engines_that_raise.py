"""Engines that raise what would end the process or a task: the caller is answered, and no other actor hears of it."""

import asyncio
import gc
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeStore, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import AGENT, FRAME, QUIET, stage

ERRORS = (SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError)


class Once:
    """Raises `error` the first time."""

    def __init__(self, error: type[BaseException]) -> None:
        self._errors = [error]

    def strike(self) -> None:
        if self._errors:
            raise self._errors.pop()


def _opening(engine: Any, once: Once) -> Any:
    """The engine, which fails to open its first stream."""
    opened = engine.open

    async def open_stream(*arguments: Any) -> Any:
        once.strike()
        return await opened(*arguments)

    engine.open = open_stream
    return engine


def _stream(engine: Any, method: str, once: Once) -> Any:
    """The engine, a stream of which fails once at `method`."""
    opened = engine.open

    async def open_stream(*arguments: Any) -> Any:
        stream = await opened(*arguments)
        genuine = getattr(stream, method)

        def called(*given: Any) -> Any:
            once.strike()
            return genuine(*given)

        async def closed() -> None:
            once.strike()
            await genuine()

        setattr(stream, method, closed if method == "close" else called)
        return stream

    engine.open = open_stream
    return engine


class Model(FakeModel):
    """Fails once, before it says anything or after it has begun."""

    def __init__(self, once: Once, *, is_late: bool) -> None:
        super().__init__()
        self._once = once
        self._is_late = is_late

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        if self._is_late:
            yield TextGenerated("It is open. ")
        self._once.strike()
        yield TextGenerated("It is open until six.")
        yield ReplyGenerated()


class Store(FakeStore):
    """Fails once to keep a record."""

    def __init__(self, once: Once) -> None:
        super().__init__()
        self._once = once

    async def save(self, record: Any) -> None:
        self._once.strike()
        await super().save(record)


def _engines(place: str, once: Once) -> dict[str, Any]:
    name, _, method = place.partition(".")
    match name:
        case "model":
            return {"model": Model(once, is_late=method == "later")}
        case "store":
            return {"store": Store(once)}
        case _:
            engine = FakeRecognizer() if name == "recognizer" else FakeSynthesizer()
            return {name: _opening(engine, once) if method == "open" else _stream(engine, method, once)}


PLACES = (
    "recognizer.open", "recognizer.push", "recognizer.close", "synthesizer.open", "synthesizer.write",
    "synthesizer.finish", "synthesizer.close", "model.at once", "model.later", "store.save",
)  # fmt: skip


@pytest.mark.parametrize("error", ERRORS)
@pytest.mark.parametrize("place", PLACES)
def test_the_caller_is_answered_and_nothing_ends_in_a_traceback(
    place: str, error: type[BaseException], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> None:
        async with stage(agent=AGENT, **_engines(place, Once(error))) as on:
            await on.ear.until_count(ReplyHeard, 1, 20)
            on.entry.deliver(TextEntered("when are you open"))
            await on.ear.until_count(ReplyHeard, 2, 40)
            assert on.ear.ended is None

    run_virtual(main())
    gc.collect()  # a task whose exception nobody takes complains of it only then
    assert [record for record in caplog.records if record.exc_info] == []
    if error is not asyncio.CancelledError or not place.endswith(".close"):
        assert caplog.records, "what has failed is a line"


@pytest.mark.parametrize(("failures", "streams"), [(60, 1), (90, 2)])
def test_words_that_voice_activity_has_not_judged_are_judged_late_or_heard_again(failures: int, streams: int) -> None:
    """It fails for 0.6 s, or until its actor is started anew, which listens to all that again."""

    async def main() -> None:
        faults = Faults(Plan("voice_activity.probability", Fault.FAIL, 20, failures))
        recognizer = FakeRecognizer(["what about this"])
        async with stage(agent=QUIET, recognizer=recognizer, faults=faults) as on:
            await asyncio.sleep(0.5)
            await on.talk(2_000)
            await on.ear.until_count(FinalTranscript, 1)
            assert len(recognizer.streams) == streams
            assert recognizer.streams[-1].heard.count(FRAME) * 20 >= 1_960

    run_virtual(main())
