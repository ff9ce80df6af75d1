"""Replies that are begun before the caller's words are final: heard sooner, or never; counted, and without effects."""

import asyncio
import logging
from collections.abc import AsyncIterator, Callable

import msgspec
import pytest

from actors.conversation import Role
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import InterruptRequested
from actors.messages.output import AudioFrame, ReplyHeard, ToolStarted, TurnMeasured
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions
from actors.rules.end_of_turn.by_words import EndOfTurnByWords
from actors.runtime.clock import run_virtual
from actors.tools import tool
from actors.turn_taking_settings import PreemptiveGeneration
from tests.kit.fakes import FakeModel, FakeRecognition, FakeRecognizer
from tests.kit.session_kit import AGENT, Stage, stage

MODEL_S = 0.4
SILENT = msgspec.structs.replace(
    AGENT, greeting="", endpointing=msgspec.structs.replace(AGENT.endpointing, min_silence_ms=200)
)
"""Its callers may pause for 160 ms."""
CERTAIN = msgspec.structs.replace(SILENT, preemptive_generation=PreemptiveGeneration(enabled=False))


class PausingRecognition(FakeRecognition):
    """Tells the words of a pause some 60 ms after the voice has ended, as engines do."""

    def push(self, pcm: bytes) -> None:
        was_loud_ms = self._loud_ms
        super().push(pcm)
        if self._loud_ms != was_loud_ms:
            self._silent_frames, self._voice_end_ms = 0, self._ms
        elif self._loud_ms:
            self._silent_frames += 1
            if self._silent_frames == 3 and (texts := self._engine.in_pauses):  # type: ignore[attr-defined]
                self._tell(InterimTranscript(texts.pop(0), self._began_ms, self._voice_end_ms, end_confidence=0.99))


class PausingRecognizer(FakeRecognizer):
    """Hears `in_pauses` in the pauses of the caller, one after the other, and `utterances` when they are over."""

    def __init__(self, in_pauses: list[str], utterances: list[str], confidence: float = 1.0) -> None:
        super().__init__((), delay_s=0.3)
        self.in_pauses = in_pauses
        self.finals = utterances
        self.confidence = confidence

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        def reported(event: RecognitionEvent) -> None:
            if isinstance(event, FinalTranscript):
                event = msgspec.structs.replace(event, confidence=self.confidence)
            report(event)

        self.utterances = []
        stream = PausingRecognition(self, options, reported)
        self.streams.append(stream)
        self.utterances = self.finals
        return stream


class SlowModel(FakeModel):
    """Takes `MODEL_S` for its reply to each request, which it says it is to; or does what `on_request` says."""

    def __init__(self, *, calls: bool = False, fails: bool = False) -> None:
        super().__init__()
        self.asked: list[ModelRequest] = []
        self.cancelled = 0
        self._calls, self._fails = calls, fails

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.asked.append(request)
        try:
            await asyncio.sleep(MODEL_S)
        except asyncio.CancelledError:
            self.cancelled += 1
            raise
        last = request.messages[-1]
        if self._fails and len(self.asked) == 1:
            raise ModelError(ErrorKind.UNAVAILABLE, "fake")
        if self._calls and last.role is Role.USER:
            yield ToolCalled(call_id="call", name="book", arguments="{}")
        else:
            yield TextGenerated(f"You said {last.text}.")
        yield ReplyGenerated(prompt_tokens=70, completion_tokens=7)


async def speak(on: Stage, *voices_ms: int, pause_ms: int = 0) -> None:
    for voice_ms in voices_ms:
        await on.talk(voice_ms)
        await asyncio.sleep(pause_ms / 1000)


def first_audio_ms(on: Stage) -> float:
    return next(m.first_audio_ms for m in on.ear.of(TurnMeasured) if m.first_audio_ms is not None)


def heard(on: Stage) -> list[str]:
    return [message.text for message in on.ear.of(ReplyHeard)]


async def until_heard(on: Stage) -> None:
    await on.ear.until_count(ReplyHeard, 1)
    await asyncio.sleep(0.1)


def said(on: Stage) -> list[tuple[Role, str]]:
    return [(message.role, message.text) for message in on.session.record().messages]


def options(model: SlowModel, recognizer: FakeRecognizer) -> dict[str, object]:
    return {"model": model, "recognizer": recognizer, "end_of_turn": EndOfTurnByWords}


def test_the_reply_is_heard_sooner_by_the_time_of_the_end_and_of_the_final_words() -> None:
    async def main() -> None:
        waited = []
        for agent in (SILENT, CERTAIN):
            model = SlowModel()
            ears = PausingRecognizer(["i would like an appointment"], ["I would like an appointment"])
            async with stage(agent=agent, **options(model, ears)) as on:  # type: ignore[arg-type]
                await speak(on, 1_000)
                await until_heard(on)
                waited.append(first_audio_ms(on))
                assert heard(on) == [
                    "You said I would like an appointment."
                    if agent is CERTAIN
                    else "You said i would like an appointment."
                ]
                assert len(model.asked) == 1
                assert said(on)[0] == (Role.USER, "I would like an appointment")
        assert waited[0] <= waited[1] - 300

    run_virtual(main())


def test_a_reply_to_words_that_change_is_thrown_away_unheard(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        model = SlowModel()
        ears = PausingRecognizer(["i would like an appointment"], ["i would like no appointment"])
        with caplog.at_level(logging.INFO):
            async with stage(agent=SILENT, **options(model, ears)) as on:  # type: ignore[arg-type]
                await speak(on, 1_000)
                await until_heard(on)
                assert heard(on) == ["You said i would like no appointment."]
                assert [request.messages[-1].text for request in model.asked] == [
                    "i would like an appointment",
                    "i would like no appointment",
                ]
                assert [text for _, text in said(on)] == [
                    "i would like no appointment",
                    "You said i would like no appointment.",
                ]
                assert on.entry.checkpoint.spent_tokens > 77
        lines = [
            record.getMessage() for record in caplog.records if "before the caller's words were final" in record.msg
        ]
        assert lines
        assert "1, used 0, thrown away 1" in lines[0]
        assert "appointment" not in caplog.text

    run_virtual(main())


def test_a_caller_who_goes_on_is_answered_once_and_the_first_request_is_closed() -> None:
    async def main() -> None:
        model = SlowModel()
        ears = PausingRecognizer(
            ["i would like an appointment", "i would like an appointment on monday"],
            ["i would like an appointment on monday"],
        )
        async with stage(agent=SILENT, **options(model, ears)) as on:  # type: ignore[arg-type]
            await speak(on, 1_000, 800, pause_ms=160)
            await until_heard(on)
            assert heard(on) == ["You said i would like an appointment on monday."]
            assert model.cancelled == 1
            assert len(model.asked) == 2

    run_virtual(main())


@pytest.mark.parametrize("final", ["i would like an appointment", "i would like no appointment"])
def test_a_tool_is_run_once_and_not_before_the_words_are_final(final: str) -> None:
    async def main() -> None:
        ran_at: list[float] = []
        model = SlowModel(calls=True)
        ears = PausingRecognizer(["i would like an appointment"], [final])

        @tool(timeout_s=1)
        async def book() -> str:
            """Book it."""
            ran_at.append(asyncio.get_running_loop().time())
            return "booked"

        async with stage(agent=SILENT, tools={"book": book}, **options(model, ears)) as on:  # type: ignore[arg-type]
            await speak(on, 1_000)
            await on.ear.until_count(AudioFrame, 1)
            assert len(ran_at) == len(on.ear.of(ToolStarted)) == 1
            assert model.asked[0].messages[-1].text == "i would like an appointment"
            assert ran_at[0] >= on.ear.times(FinalTranscript)[0]

    run_virtual(main())


def test_a_caller_who_goes_on_unanswered_is_answered_by_the_notes_from_before_those_words() -> None:
    async def main() -> None:
        model = SlowModel()
        ears = PausingRecognizer(
            ["i would like an appointment", "on monday at ten in the morning"],
            ["i would like an appointment", "on monday at ten in the morning"],
        )
        async with stage(agent=SILENT, **options(model, ears)) as on:  # type: ignore[arg-type]
            history = on.actor("orchestrator")._log.history
            await speak(on, 1_000)
            await on.ear.until_count(FinalTranscript, 1)
            history.memory = {"noted": "of words that were not answered"}
            on.entry.deliver(InterruptRequested())
            await speak(on, 1_000)
            await until_heard(on)
            assert model.asked[-1].messages[-1].text == "i would like an appointment on monday at ten in the morning"
            assert model.asked[-1].memory == {}
            assert len(model.asked) == 2

    run_virtual(main())


def test_a_model_that_fails_before_anybody_waits_is_asked_again() -> None:
    async def main() -> None:
        model = SlowModel(fails=True)
        ears = PausingRecognizer(["i would like an appointment"], ["i would like an appointment"])
        async with stage(agent=SILENT, **options(model, ears)) as on:  # type: ignore[arg-type]
            await speak(on, 1_000)
            await until_heard(on)
            assert heard(on) == ["You said i would like an appointment."]

    run_virtual(main())


def test_words_of_which_the_recognizer_is_not_sure_are_answered_as_such() -> None:
    async def main() -> None:
        model = SlowModel()
        ears = PausingRecognizer(["i would like an appointment"], ["i would like an appointment"], confidence=0.4)
        async with stage(agent=SILENT, **options(model, ears)) as on:  # type: ignore[arg-type]
            await speak(on, 1_000)
            await until_heard(on)
            assert [request.messages[-1].confidence for request in model.asked] == [1.0, 0.4]

    run_virtual(main())


def test_a_caller_who_hangs_up_meanwhile_leaves_nothing_behind() -> None:
    async def main() -> None:
        model = SlowModel()
        ears = PausingRecognizer(["i would like an appointment"], [])
        async with stage(agent=SILENT, **options(model, ears)) as on:  # type: ignore[arg-type]
            await speak(on, 1_000)
            await asyncio.sleep(0.15)
            assert len(model.asked) == 1
            assert said(on) == []
        assert model.cancelled == 1

    run_virtual(main())
