"""Interruptions in a whole session, on virtual time."""

import asyncio
from array import array
from itertools import pairwise

import msgspec
import pytest

from actors.conversation import PositionPrecision, Role, UtteranceKind
from actors.messages.caller import (
    BLIND,
    MARKED,
    PACED,
    HoldEnded,
    HoldStarted,
    InputMessage,
    InterruptRequested,
    KeyPressed,
    Lead,
    TextEntered,
)
from actors.messages.lifecycle import RestartChild
from actors.messages.output import (
    AudioDiscarded,
    AudioFrame,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
    ReplyText,
    TurnMeasured,
)
from actors.messages.playback import BeginReply, FinishReply, SpeakText, StopPlayback, StopReason
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.tts import SpokenPhrase, SpokenWord
from actors.runtime.clock import run_virtual
from tests.kit.fakes import MS_PER_CHAR, FakeModel
from tests.kit.session_kit import AGENT, LONG, RATE_HZ, Ear, Stage, stage


def long_reply(request: ModelRequest) -> list[ModelEvent | float]:
    """One reply of some six seconds."""
    return [0.1, TextGenerated(LONG), ReplyGenerated()]


async def asked(on: Stage) -> None:
    """The user asks, and is being answered for a second."""
    await on.ear.until_count(ReplyHeard, 1)
    await asyncio.sleep(0.2)
    await on.talk(800)
    await on.ear.until(lambda ear: any(a.kind is UtteranceKind.REPLY for a in ear.of(AudioFrame)))
    await asyncio.sleep(1.0)


def replies(ear: Ear) -> list[AudioFrame]:
    return [audio for audio in ear.of(AudioFrame) if audio.kind is UtteranceKind.REPLY]


def test_decision_to_silence_takes_no_time() -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours", "no on friday"], model=FakeModel(long_reply)) as on:
            await asked(on)
            await on.talk(900)
            await on.ear.until_count(TurnMeasured, 1)
            (cleared_at,) = on.ear.times(AudioDiscarded)
            measured = on.ear.of(TurnMeasured)[0]
            assert measured.interrupted
            assert measured.decision_to_silence_ms == 0
            assert measured.onset_to_pause_ms == pytest.approx(60, abs=25)
            assert measured.onset_to_decision_ms is not None
            assert measured.onset_to_decision_ms <= 420
            late = [at for at, m in on.ear.shown if isinstance(m, AudioFrame) and m.reply == 2 and at > cleared_at]
            assert late == []

    run_virtual(main())


def test_exactly_one_clear_for_one_interruption() -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours", "no on friday"], model=FakeModel(long_reply)) as on:
            await asked(on)
            await on.talk(500)
            await asyncio.sleep(0.1)
            await on.talk(500)
            await on.ear.until_count(FinalTranscript, 2)
            assert len(on.ear.of(AudioDiscarded)) == 1
            assert on.ear.audio_after_clear() == 0

    run_virtual(main())


def test_history_holds_what_was_heard() -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours", "no on friday"], model=FakeModel(long_reply)) as on:
            await asked(on)
            await on.talk(900)
            await on.ear.until_count(FinalTranscript, 2)
            heard = next(m for m in on.ear.of(ReplyHeard) if m.interrupted)
            assert LONG.startswith(heard.text)
            assert heard.precision is PositionPrecision.NETWORK
            sent_ms = max(a.audio_ms for a in replies(on.ear) if a.reply == 2) + 20
            assert len(heard.text) * MS_PER_CHAR <= sent_ms
            assert len(heard.text) * MS_PER_CHAR >= sent_ms - 60 - 12 * MS_PER_CHAR
            said = [m.text for m in on.session.record().messages if m.role is Role.ASSISTANT and m.interrupted]
            assert said == [heard.text]

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, MARKED], ids=["paced", "marked"])
def test_a_false_interruption_loses_and_repeats_no_sample(lead: Lead) -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(long_reply), lead=lead) as on:
            await asked(on)
            before = len(replies(on.ear))
            await on.talk(80)
            await asyncio.sleep(0.1)
            paused = len(replies(on.ear))
            await on.ear.until(lambda ear: any(a.last and a.kind is UtteranceKind.REPLY for a in ear.of(AudioFrame)))
            assert paused - before <= 5, "it was sent on while it was paused"
            samples = array("h", b"".join(a.pcm for a in replies(on.ear)))
            expected = array("h", (1 + n % 30_000 for n in range(len(LONG) * MS_PER_CHAR * 16)))
            assert len(samples) - len(expected) < 320
            different = [n for n, sample in enumerate(expected) if samples[n] != sample]
            ramp_samples = 80 if lead is PACED else 0
            assert len(different) <= ramp_samples
            if different:
                assert different[-1] - different[0] < 80
            assert on.ear.of(AudioDiscarded) == []
            if lead is MARKED:
                assert len(on.ear.of(PlaybackPaused)) == len(on.ear.of(PlaybackResumed)) == 1

    run_virtual(main())


def slow_reply(_: ModelRequest) -> list[ModelEvent | float]:
    return [2.0, TextGenerated(LONG), ReplyGenerated()]


@pytest.mark.parametrize("more", [TextEntered("and more"), KeyPressed("#"), InterruptRequested(), None])
@pytest.mark.parametrize("fails", [False, True], ids=["", "the synthesizer fails meanwhile"])
def test_a_client_that_was_told_to_hold_before_a_reply_began_hears_the_next_one(
    more: InputMessage | None, fails: bool
) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(AGENT, greeting="")
        utterances = ["and also this please"]
        async with stage(agent=agent, utterances=utterances, model=FakeModel(slow_reply), lead=MARKED) as on:
            await asyncio.sleep(0.5)
            on.entry.deliver(TextEntered("what are your hours"))
            await asyncio.sleep(0.8)
            on.talking = True
            await asyncio.sleep(0.12)
            assert len(on.ear.of(PlaybackPaused)) == 1
            if fails:
                on.entry.addresses["synthesizer"].tell(RestartChild("x"))
            if more is not None:
                on.entry.deliver(more)
            await asyncio.sleep(0.8)
            on.talking = False
            await on.ear.until(lambda ear: bool(replies(ear)), 20)
            holds = False
            for message in (message for _, message in on.ear.shown):
                match message:
                    case PlaybackPaused():
                        holds = True
                    case PlaybackResumed() | AudioDiscarded():
                        holds = False
                    case AudioFrame():
                        assert not holds, "it is sent what it will never play"

    run_virtual(main())


def test_a_client_that_cannot_hold_is_not_paused() -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(long_reply), lead=BLIND) as on:
            await asked(on)
            at = [t for t, m in on.ear.shown if isinstance(m, AudioFrame)]
            await on.talk(80)
            await asyncio.sleep(1)
            later = [t for t, m in on.ear.shown if isinstance(m, AudioFrame)][len(at) :]
            gaps = [b - a for a, b in pairwise(later)]
            assert max(gaps) < 0.05
            assert on.ear.of(PlaybackPaused) == []

    run_virtual(main())


@pytest.mark.parametrize("order", [TextEntered("stop that"), InterruptRequested()], ids=["typed", "interrupt"])
def test_typing_and_interrupting_silence_at_once(order: TextEntered | InterruptRequested) -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(long_reply)) as on:
            await asked(on)
            at = asyncio.get_running_loop().time()
            on.entry.deliver(order)
            await asyncio.sleep(0.01)
            assert on.ear.times(AudioDiscarded) == [at]
            assert on.ear.audio_after_clear() == 0

    run_virtual(main())


def test_an_interrupt_before_anything_was_sent_clears_nothing() -> None:
    async def main() -> None:
        slow = FakeModel(lambda _: [5.0, TextGenerated(LONG), ReplyGenerated()])
        async with stage(utterances=["what are your hours"], model=slow) as on:
            await on.ear.until_count(ReplyHeard, 1)
            await asyncio.sleep(0.2)
            await on.talk(800)
            await on.ear.until_count(FinalTranscript, 1)
            on.entry.deliver(InterruptRequested())
            await asyncio.sleep(0.5)
            assert on.ear.of(AudioDiscarded) == []

    run_virtual(main())


class EchoingEar(Ear):
    """Sends our own voice back, 150 ms late, at -20 dB."""

    def __init__(self, on: Stage) -> None:
        super().__init__()
        self._on = on
        self.shown = on.ear.shown
        self.echoed = 0

    def tell(self, message: OutputMessage) -> None:
        super().tell(message)
        if isinstance(message, AudioFrame):
            quiet = array("h", (sample // 10 for sample in array("h", message.pcm)))
            loop = asyncio.get_running_loop()
            loop.call_later(0.150, self._echo, quiet.tobytes())

    def _echo(self, pcm: bytes) -> None:
        self.echoed += 1
        self._on.entry.push_audio(pcm)


def test_our_own_voice_never_pauses_us() -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(long_reply)) as on:
            await on.ear.until_count(ReplyHeard, 1)
            await asyncio.sleep(0.2)
            await on.talk(800)
            await on.ear.until_count(FinalTranscript, 1)
            await on.hang_up()
            echo = EchoingEar(on)
            on.ear = on.entry.connection.output = echo
            await echo.until(lambda ear: any(a.last and a.kind is UtteranceKind.REPLY for a in ear.of(AudioFrame)))
            await asyncio.sleep(0.3)
            assert echo.echoed > 200
            at = [t for t, m in echo.shown if isinstance(m, AudioFrame) and m.kind is UtteranceKind.REPLY]
            assert max(b - a for a, b in pairwise(at)) < 0.045, "it was paused"
            assert echo.of(AudioDiscarded) == []

    run_virtual(main())


def test_the_text_is_shown_as_it_is_about_to_be_heard() -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(long_reply)) as on:
            await asked(on)
            shown = [m.text for m in on.ear.of(ReplyText) if m.kind is UtteranceKind.REPLY]
            assert len("".join(shown)) < len(LONG)
            await on.ear.until(lambda ear: any(a.last and a.kind is UtteranceKind.REPLY for a in ear.of(AudioFrame)))
            shown = [m.text for m in on.ear.of(ReplyText) if m.kind is UtteranceKind.REPLY]
            assert "".join(shown) == LONG

    run_virtual(main())


def test_a_stop_that_overtakes_its_reply_silences_it_too() -> None:
    """The stop is urgent: it can reach the synthesizer before what was told to it first."""

    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(long_reply)) as on:
            await on.ear.until_count(ReplyHeard, 1)
            synthesizer = on.entry.addresses["synthesizer"]
            synthesizer.tell(BeginReply(7, 1, UtteranceKind.REPLY))
            synthesizer.tell(SpeakText(7, LONG))
            synthesizer.tell(FinishReply(7))
            synthesizer.tell(StopPlayback(1, 7, StopReason.BARGE_IN))
            await asyncio.sleep(1)
            assert [a for a in on.ear.of(AudioFrame) if a.reply == 7] == []
            assert on.ear.of(AudioDiscarded) == []

    run_virtual(main())


def test_of_a_kept_greeting_it_is_known_which_words_were_heard() -> None:
    async def main() -> None:
        greeting = "Hello this is the clinic."
        words = tuple(SpokenWord(at, at + 4, at * 100.0) for at in (0, 6, 11, 14, 18))
        kept = {greeting: SpokenPhrase(bytes(RATE_HZ * 2 * 3), words)}
        agent = msgspec.structs.replace(AGENT, greeting=greeting)
        async with stage(agent=agent, kept=kept) as on:
            await on.ear.until_count(AudioFrame, 1)
            await asyncio.sleep(1.25)
            on.entry.deliver(InterruptRequested())
            await on.ear.until_count(ReplyHeard, 1)
            (heard,) = on.ear.of(ReplyHeard)
            assert heard.text == "Hello this"
            assert heard.precision is PositionPrecision.NETWORK

    run_virtual(main())


@pytest.mark.parametrize("lead", [PACED, BLIND], ids=["paced", "blind"])
def test_a_caller_on_hold_is_told_the_rest_when_they_are_back(lead: Lead) -> None:
    async def main() -> None:
        async with stage(utterances=["what are your hours"], model=FakeModel(long_reply), lead=lead) as on:
            await asked(on)
            on.entry.deliver(HoldStarted())
            await asyncio.sleep(0.1)
            sent = len(replies(on.ear))
            await asyncio.sleep(20)
            assert len(replies(on.ear)) == sent
            on.entry.deliver(HoldEnded())
            await on.ear.until(lambda ear: [m.text for m in ear.of(ReplyHeard)][1:] == [LONG], 20)
            assert len(replies(on.ear)) > sent

    run_virtual(main())
