"""Engines that break their ports: each thing costs a line, a count and itself, and neither an actor nor the session."""

import asyncio
from collections.abc import Callable, Sequence
from typing import Any

import pytest

from actors.conversation import Ending, Role
from actors.messages.output import ReplyHeard, SessionEnded
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.end_of_turn import SpeechSoFar
from actors.ports.llm import MemoryUpdated, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    WordSynthesized,
)
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.engine_violations import EngineViolations
from actors.session.recognition.parallel_recognizer import ParallelRecognizer
from actors.turn_taking_settings import Endpointing
from tests.kit.fakes import EnergyActivity, FakeModel, FakeRecognition, FakeRecognizer, FakeSynthesis, FakeSynthesizer
from tests.kit.session_kit import QUIET, Stage, stage

NAN = float("nan")
SAID = "what about this"
LINE = "has reported what its port does not allow, which is ignored:"


def wrong(value: object) -> Any:
    """A value where the types have another."""
    return value


def test_the_first_of_its_kind_is_a_warning_and_each_is_counted(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    violations = EngineViolations("synthesizer")
    for what in ("NoneType", "NoneType", "AudioSynthesized.pcm"):
        violations.pass_over(what)
    assert [(record.levelname, record.getMessage()) for record in caplog.records] == [
        ("WARNING", f"the synthesizer {LINE} NoneType"),
        ("DEBUG", f"the synthesizer {LINE} NoneType"),
        ("WARNING", f"the synthesizer {LINE} AudioSynthesized.pcm"),
    ]


async def answered(on: Stage) -> None:
    """The caller says something, and is answered."""
    await asyncio.sleep(0.5)
    await on.talk(800)
    await on.ear.until_count(ReplyHeard, 1, 20)
    assert on.ear.ended is None
    assert [m.text for m in on.entry.checkpoint.messages if m.role is Role.USER] == [SAID]
    assert all(actor.restarts == 0 for actor in map(on.actor, ("recognizer", "orchestrator", "synthesizer")))


def conversed(caplog: pytest.LogCaptureFixture, **changes: Any) -> list[str]:
    """Have a conversation in which all is as it should be, with engines that are not; the lines that it leaves."""

    async def main() -> None:
        changes.setdefault("recognizer", FakeRecognizer([SAID]))
        async with stage(agent=QUIET, **changes) as on:
            await answered(on)

    run_virtual(main())
    return [record.getMessage() for record in caplog.records]


class Activity(EnergyActivity):
    """Answers `answer` to the windows in `bad`, or raises it, and is as good as ever once it was reset."""

    def __init__(self, answer: object, bad: range = range(60, 61)) -> None:
        super().__init__()
        self._answer = answer
        self._bad = bad
        self._windows = 0
        self.resets = 0

    def probability(self, window: bytes) -> float:
        self._windows += 1
        if self._windows not in self._bad:
            return super().probability(window)
        if isinstance(self._answer, BaseException):
            raise self._answer
        return wrong(self._answer)  # type: ignore[no-any-return]

    def reset(self) -> None:
        self.resets += 1


@pytest.mark.parametrize("answer", [NAN, None, "0.5", -1.0, 7.0, [], SystemExit(), GeneratorExit(), RuntimeError("x")])
def test_a_window_without_a_probability_is_silence(answer: object, caplog: pytest.LogCaptureFixture) -> None:
    activity = Activity(answer)
    (line,) = conversed(caplog, voice_activity=lambda: activity)
    assert line.startswith(f"the voice activity {LINE} ")
    assert activity.resets == 1


def test_voice_activity_that_never_has_one_is_given_another_detector(caplog: pytest.LogCaptureFixture) -> None:
    made: list[Activity] = []

    def detector() -> Activity:
        made.append(Activity(NAN, range(1, 10_000) if not made else range(0)))
        return made[-1]

    async def main() -> None:
        async with stage(agent=QUIET, voice_activity=detector, recognizer=FakeRecognizer([SAID])) as on:
            await asyncio.sleep(2.0)
            await on.talk(800)
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert on.ear.ended is None

    run_virtual(main())
    assert len(made) == 2
    assert sum(LINE in record.getMessage() for record in caplog.records) == 1


class Rule:
    """Answers `answer`, or raises it; and raises `error` whatever it is told."""

    def __init__(self, answer: object) -> None:
        self._answer = answer

    def silence_ms(self, speech: SpeechSoFar, settings: Endpointing) -> float:
        if isinstance(self._answer, BaseException):
            raise self._answer
        return wrong(self._answer)  # type: ignore[no-any-return]

    def went_on(self, pause_ms: float, *, was_over: bool) -> None:
        raise SystemExit


@pytest.mark.parametrize("answer", [NAN, None, "400", -1, 1e9, SystemExit(), GeneratorExit()])
def test_where_the_end_of_a_turn_is_not_decided_the_usual_silence_is(
    answer: object, caplog: pytest.LogCaptureFixture
) -> None:
    lines = conversed(caplog, end_of_turn=lambda: Rule(answer))
    assert [line.startswith(f"the end of turn {LINE}") for line in lines] == [True] * len(lines)
    assert 1 <= len(lines) <= 2


class Recognizer(FakeRecognizer):
    """Tells `event`, too, twice."""

    def __init__(self, event: object) -> None:
        super().__init__([SAID])
        self._event = event

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        stream = await super().open(options, report)
        assert isinstance(stream, FakeRecognition)
        for delay_s in (0.2, 0.8):
            asyncio.get_running_loop().call_later(delay_s, report, wrong(self._event))
        return stream


@pytest.mark.parametrize("event", [None, "words", FinalTranscript, SynthesisFailed(1, wrong("x"), "y")])
def test_what_a_recognizer_tells_that_is_no_event(event: object, caplog: pytest.LogCaptureFixture) -> None:
    (line,) = conversed(caplog, recognizer=Recognizer(event))
    assert line.startswith(f"the recognizer {LINE} ")


@pytest.mark.parametrize("interim", [InterimTranscript(wrong(None), 0, 10, end_confidence=wrong("high"))])
def test_what_it_tells_of_words_is_taken_for_what_it_can_be(
    interim: InterimTranscript, caplog: pytest.LogCaptureFixture
) -> None:
    assert conversed(caplog, recognizer=Recognizer(interim)) == []


class Synthesizer(FakeSynthesizer):
    """Tells `event`, too, before and after each piece."""

    def __init__(self, event: object) -> None:
        super().__init__()
        self._event = event

    async def open(self, voice: Any, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        stream = await super().open(voice, rate_hz, report)
        assert isinstance(stream, FakeSynthesis)
        make = stream._make

        def made(reply: int, text: str) -> None:
            report(wrong(self._event))
            make(reply, text)
            report(wrong(self._event))

        stream._make = made  # type: ignore[method-assign]  # all that it makes goes through it
        return stream


@pytest.mark.parametrize(
    "event",
    [
        None,
        "audio",
        AudioSynthesized(1, b"abc"),
        AudioSynthesized(1, wrong(None)),
        AudioSynthesized(wrong(None), b"ab"),
        PieceSynthesized(1, 3, NAN),
        WordSynthesized(reply=1, text_start=wrong(None), text_end=3, audio_ms=0),
        SynthesisFailed(1, wrong("x"), "y"),
    ],
)
def test_what_a_synthesizer_tells_that_is_no_event(event: object, caplog: pytest.LogCaptureFixture) -> None:
    (line,) = conversed(caplog, synthesizer=Synthesizer(event))
    assert line.startswith(f"the synthesizer {LINE} ")


def saying(events: Sequence[object]) -> FakeModel:
    """A model that tells `events` in its reply."""

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [
            TextGenerated("It is "),
            *map(wrong, events),
            TextGenerated("open."),
            *map(wrong, events),
            ReplyGenerated(),
        ]

    return FakeModel(script)


@pytest.mark.parametrize(
    "event",
    [
        None,
        "text",
        TextGenerated(wrong(None)),
        TextGenerated(wrong(b"text")),
        ToolCalled(call_id=wrong(None), name="book", arguments="{}"),
        ToolCalled(call_id="1", name="book", arguments=wrong({})),
        MemoryUpdated(wrong(None)),
    ],
)
def test_what_a_model_tells_that_is_no_event(event: object, caplog: pytest.LogCaptureFixture) -> None:
    (line,) = conversed(caplog, model=saying([event]))
    assert line.startswith(f"the language model {LINE} ")


def test_so_many_events_that_are_none_are_enough(caplog: pytest.LogCaptureFixture) -> None:
    lines = conversed(caplog, model=saying([None] * 21_000))
    assert lines[1:] == ["a reply was cut: it had more than 20000 pieces"]


@pytest.mark.parametrize("engine", [FakeRecognizer, FakeSynthesizer])
def test_an_engine_that_opens_nothing_has_failed_to_open(engine: type[Any], caplog: pytest.LogCaptureFixture) -> None:
    class Forgetful(engine):  # type: ignore[misc]  # either of them
        async def open(self, *arguments: Any) -> Any:
            await super().open(*arguments)

    name = "recognizer" if engine is FakeRecognizer else "synthesizer"

    async def main() -> None:
        async with stage(agent=QUIET, **{name: Forgetful()}) as on:
            await on.ear.until_count(SessionEnded, 1, 20)
            assert on.ear.ended is Ending.ERROR

    run_virtual(main())
    assert f"{name} failed too often: TypeError at required_stream" in caplog.text


def test_nor_does_the_conversation_wait_for_one_beside_it() -> None:
    class Forgetful(FakeRecognizer):
        async def open(self, *_: Any) -> Any:
            return None

    async def main() -> list[RecognitionEvent]:
        events: list[RecognitionEvent] = []
        stream = await ParallelRecognizer(Forgetful(), LoopClock()).open(
            RecognitionOptions(session_id="s"), events.append
        )
        stream.push(bytes(640))
        stream.finish_utterance()
        return events

    assert run_virtual(main())[1:] == [NoSpeechRecognized(20)]
