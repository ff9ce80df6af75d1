"""A reply that fails is apologised for once; the second one in a row ends the session, whoever fails."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence

import pytest

from actors.agent import Voice
from actors.conversation import Ending, Role
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import TextEntered
from actors.messages.output import AudioFrame, ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SpokenPhrase,
    Synthesis,
    SynthesisEvent,
    SynthesisFinished,
    WordSynthesized,
)
from actors.runtime.clock import run_virtual
from tests.kit.fakes import FakeModel, FakeSynthesis, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.session_kit import AGENT, QUIET, RATE_HZ, Ear, stage

PHRASES = AGENT.phrases
ANSWER = "Nine to five, every day but Sunday."
KEPT = {text: SpokenPhrase(b"\1\0" * RATE_HZ) for text in (PHRASES.apology, PHRASES.no_answer)}


async def heard_or_ended(ear: Ear, count: int) -> None:
    await ear.until(lambda ear: ear.ended or len(ear.of(ReplyHeard)) >= count, 30)


def answer(_: ModelRequest) -> Sequence[ModelEvent | float]:
    return [0.2, TextGenerated(ANSWER), ReplyGenerated()]


class FailsOnce(FakeModel):
    """A model whose first reply fails."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        if len(self.requests) == 1:
            raise ModelError(ErrorKind.UNAVAILABLE, "fake")
        yield TextGenerated("Nine to five.")
        yield ReplyGenerated()


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.FAIL])
def test_a_synthesizer_that_never_says_its_reply_is_not_apologised_for_without_end(fault: Fault) -> None:
    async def main() -> None:
        faults = Faults(Plan("synthesizer.write", fault, times=1000))
        async with stage(agent=QUIET, model=FakeModel(answer), faults=faults, kept=KEPT) as on:
            await asyncio.sleep(0.2)
            for count in (1, 2, 3):
                if on.ear.ended is None:
                    on.entry.deliver(TextEntered("what are your hours"))
                    await heard_or_ended(on.ear, count)
            await on.ear.until(lambda ear: ear.ended, 30)
            assert on.ear.ended is Ending.ERROR
            texts = [m.text for m in on.ear.of(ReplyHeard) if m.text in (PHRASES.apology, PHRASES.no_answer)]
            assert texts == [PHRASES.no_answer, PHRASES.apology]

    run_virtual(main())


def test_a_reply_that_is_heard_between_two_failures_starts_the_count_anew() -> None:
    async def main() -> None:
        faults = Faults(*(Plan("synthesizer.write", Fault.STALL, first, 2) for first in (1, 4, 7)))
        async with stage(agent=QUIET, model=FakeModel(answer), faults=faults, kept=KEPT) as on:
            await asyncio.sleep(0.2)
            for count in range(1, 7):
                on.entry.deliver(TextEntered(f"question number {count} is this"))
                await heard_or_ended(on.ear, count)
            assert on.ear.ended is None
            assert [m.text for m in on.ear.of(ReplyHeard)][::2] == [PHRASES.no_answer] * 3

    run_virtual(main())


class Mute(FakeSynthesizer):
    """Speaks text without a sound, as engines do where there is nothing to pronounce."""

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        return SpeakingMutely(self, rate_hz, report)


class SpeakingMutely(FakeSynthesis):
    """One stream of a `Mute`."""

    def _make(self, reply: int, text: str) -> None:
        self._texts[reply] = self._texts.get(reply, "") + text
        self._tell(reply, PieceSynthesized(reply, len(self._texts[reply]), 0.0))


class EndsEarly(FakeSynthesizer):
    """Says that a reply is whole after a share of the audio of its first writes."""

    def __init__(self, share: float, times: int) -> None:
        super().__init__()
        self.share, self.times = share, times

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        return EndingEarly(self, rate_hz, report)


class EndingEarly(FakeSynthesis):
    """One stream of an `EndsEarly`."""

    _engine: EndsEarly

    def _tell(self, reply: int, event: SynthesisEvent) -> None:
        engine = self._engine
        match event:
            case PieceSynthesized() if engine.times:
                engine.times -= 1
                super()._tell(reply, SynthesisFinished(reply))
                self._cancelled.add(reply)
            case AudioSynthesized(reply, pcm) if engine.times:
                kept = pcm[: int(len(pcm) * engine.share) // 2 * 2]
                super()._tell(reply, AudioSynthesized(reply, kept))
            case WordSynthesized(text_start=start) if engine.times and start > 34 * engine.share:
                pass
            case _:
                super()._tell(reply, event)


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9])
@pytest.mark.parametrize("times", [1, 2])
def test_a_reply_whose_audio_ends_early_is_taken_up_once_and_then_apologised_for(share: float, times: int) -> None:
    async def main() -> None:
        on_stage = stage(agent=QUIET, model=FakeModel(answer), kept=KEPT, synthesizer=EndsEarly(share, times))
        async with on_stage as on:
            await asyncio.sleep(0.2)
            on.entry.deliver(TextEntered("what are your hours"))
            await asyncio.sleep(8)
            heard = [m.text for m in on.ear.of(ReplyHeard)]
            remembered = [m.text for m in on.session.record().messages if m.role is Role.ASSISTANT]
            assert remembered == heard
            if times == 1:
                assert heard == [ANSWER]
                return
            assert heard[-1] == PHRASES.no_answer
            sounded = "".join(heard[:-1])
            assert ANSWER.startswith(sounded)
            assert 34 * share - 9 <= len(sounded) <= 34 * share

    run_virtual(main())


@pytest.mark.parametrize("text", ["🙂", "...", "***"])
def test_a_reply_of_nothing_to_pronounce_has_failed_and_is_not_remembered(text: str) -> None:
    def unspeakable(_: ModelRequest) -> Sequence[ModelEvent | float]:
        return [0.2, TextGenerated(text), ReplyGenerated()]

    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(unspeakable), kept=KEPT, synthesizer=Mute()) as on:
            await asyncio.sleep(0.2)
            on.entry.deliver(TextEntered("what are your hours"))
            await on.ear.until_count(ReplyHeard, 1, 5)
            assert [m.text for m in on.ear.of(ReplyHeard)] == [PHRASES.no_answer]
            assert [m.text for m in on.session.record().messages if m.role is Role.ASSISTANT] == [PHRASES.no_answer]

    run_virtual(main())


@pytest.mark.parametrize(
    ("again", "read"),
    [
        ("what are your hours", "what are your hours"),
        ("what are your hours please", "what are your hours please"),
        ("I mean the dentist", "what are your hours I mean the dentist"),
    ],
)
def test_words_said_again_after_a_failure_are_read_once(again: str, read: str) -> None:
    async def main() -> None:
        model = FailsOnce()
        async with stage(agent=QUIET, model=model, kept=KEPT) as on:
            await asyncio.sleep(0.2)
            on.entry.deliver(TextEntered("what are your hours"))
            await on.ear.until_count(ReplyHeard, 1, 20)
            on.entry.deliver(TextEntered(again))
            await on.ear.until_count(ReplyHeard, 2, 20)
            assert [m.text for m in model.requests[-1].messages if m.role is Role.USER] == [read]
            assert on.ear.of(FinalTranscript)[-1].text == read
            assert [m.text for m in on.session.record().messages if m.role is Role.USER] == [read]

    run_virtual(main())


class BreaksOff(FakeModel):
    """Says a sentence and the beginning of another; then its stream fails, or ends without an end. At first only."""

    def __init__(self, kind: ErrorKind | None) -> None:
        super().__init__()
        self.kind = kind

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        yield TextGenerated("We have a table on Friday. ")
        if len(self.requests) > 1:
            yield ReplyGenerated()
            return
        yield TextGenerated("Your code is ")
        await asyncio.sleep(0.5)
        if self.kind is not None:
            raise ModelError(self.kind, "fake")


@pytest.mark.parametrize(
    ("kind", "phrase"),
    [
        (ErrorKind.UNAVAILABLE, PHRASES.no_answer),
        (ErrorKind.TIMEOUT, PHRASES.busy),
        (ErrorKind.REFUSED, PHRASES.refused),
        (None, PHRASES.no_answer),
    ],
)
def test_a_reply_that_breaks_off_is_apologised_for_when_its_beginning_was_heard(
    kind: ErrorKind | None, phrase: str
) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=BreaksOff(kind)) as on:
            await asyncio.sleep(0.2)
            on.entry.deliver(TextEntered("a table please"))
            await on.ear.until_count(ReplyHeard, 2, 10)
            assert [m.text for m in on.ear.of(ReplyHeard)] == ["We have a table on Friday. Your code is", phrase]
            on.entry.deliver(TextEntered("yes please do"))
            await on.ear.until_count(ReplyHeard, 3, 10)
            assert on.ear.of(ReplyHeard)[-1].text == "We have a table on Friday."

    run_virtual(main())


@pytest.mark.parametrize("after_s", [2.4, 2.8])
def test_a_yes_into_the_question_of_the_apology_has_it_tried_again(after_s: float) -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=FailsOnce(), utterances=["yes"]) as on:
            await asyncio.sleep(0.2)
            on.entry.deliver(TextEntered("what are your hours"))
            await on.ear.until_count(AudioFrame, 1, 10)
            await asyncio.sleep(after_s - 0.7)
            await on.talk(200)
            await on.ear.until_count(ReplyHeard, 2, 20)
            assert [m.text for m in on.ear.of(ReplyHeard)] == [PHRASES.no_answer, "Nine to five."]
            assert [m.text for m in on.session.record().messages if m.role is Role.USER] == ["what are your hours yes"]

    run_virtual(main())
