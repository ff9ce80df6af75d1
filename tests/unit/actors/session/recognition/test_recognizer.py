"""The recognizer: what it tells of a caller's voice, and what it hears again when it has taken another's place."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.messages.caller import BLIND, ConnectionAttached
from actors.messages.transcript import (
    EndUtterance,
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports.stt import RecognitionOptions
from actors.rules.end_of_turn.by_words import FixedSilence
from actors.runtime import scheduler
from actors.runtime.clock import LoopClock, run_virtual
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import actor_of
from actors.session.addresses import Addresses
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.recognition.audio_tracks import AudioTracks
from actors.session.recognition.hearing import Hearing
from actors.session.recognition.recognizer import Recognizer
from actors.session.recognition.voice_judge import MOST_UNJUDGED_MS
from tests.kit.fakes import EnergyActivity, FakeRecognizer
from tests.kit.session_kit import AGENT, FRAME, RATE_HZ, SILENCE

SILENCE_MS = AGENT.endpointing.end_silence_ms


class Told:
    """The orchestrator, as far as a recognizer knows one."""

    def __init__(self) -> None:
        self.messages: list[Any] = []

    def tell(self, message: Any) -> None:
        self.messages.append(message)

    def kinds(self) -> list[type]:
        """What was told, without what comes with every window."""
        return [type(message) for message in self.messages if type(message) is not SpeechContinued]

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.messages if type(message) is kind]


class Deaf(EnergyActivity):
    """Voice activity that gives an answer that is none, for so many windows."""

    def __init__(self, windows: int, answer: float = float("nan")) -> None:
        super().__init__()
        self.windows = windows
        self.answer = answer
        self.resets = 0

    def probability(self, window: bytes) -> float:
        if self.windows > 0:
            self.windows -= 1
            return self.answer
        return super().probability(window)

    def reset(self) -> None:
        self.resets += 1


class Pauses(FixedSilence):
    """A rule for the end of a turn that notes after which pauses the caller is said to have gone on."""

    def __init__(self) -> None:
        self.pauses: list[tuple[float, bool]] = []

    def went_on(self, pause_ms: float, *, was_over: bool) -> None:
        self.pauses.append((pause_ms, was_over))


class Ear:
    """A recognizer, the audio that it listens to, and who is told."""

    def __init__(self, *utterances: str, detector: EnergyActivity | None = None) -> None:
        self.told = Told()
        self.engine = FakeRecognizer(utterances)
        self.checkpoint = Checkpoint()
        self.tracks = AudioTracks(self.checkpoint, rate_hz=RATE_HZ, keep_ms=20_000)
        self.addresses = Addresses({"recognizer": ()})
        self.connection = SessionConnection(self.addresses.supervisor)
        self.detector = detector or EnergyActivity()
        self.end_of_turn = Pauses()
        self.recognizer = self.start()

    def start(self) -> Recognizer:
        """Another recognizer in place of the former one."""
        ref = Recognizer.start(
            name="recognizer",
            speaker="",
            addresses=self.addresses,
            listener=self.told,
            checkpoint=self.checkpoint,
            ring=self.tracks.all_voices,
            connection=self.connection,
            hearing=Hearing(
                engine=self.engine,
                options=RecognitionOptions(session_id="s", rate_hz=RATE_HZ),
                detector=self.detector,
                endpointing=AGENT.endpointing,
                end_of_turn=self.end_of_turn,
            ),
            clock=LoopClock(),
            trace=Trace(),
        )
        actor = actor_of(ref)
        assert actor is not None
        self.recognizer = actor
        actor.reachable_at(self.addresses["recognizer"])
        return actor

    async def hears(self, pcm: bytes, ms: int) -> None:
        """So much of this audio comes, in frames of 20 ms."""
        for _ in range(ms // 20):
            self.addresses["recognizer"].tell(self.tracks.all_voices.append(pcm))
            await asyncio.sleep(0.02)


def hearing(act: Callable[[Ear], Any], *utterances: str, detector: EnergyActivity | None = None) -> None:
    async def main() -> None:
        ear = Ear(*utterances, detector=detector)
        await asyncio.sleep(0.01)
        try:
            await act(ear)
        finally:
            ear.recognizer.actor_ref.stop(block=False)
            await asyncio.sleep(0.1)

    run_virtual(main())


def test_voice_begins_goes_on_and_ends_and_its_words_follow() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(SILENCE, 200)
        await ear.hears(FRAME, 600)
        await ear.hears(SILENCE, SILENCE_MS + 300)
        kinds = ear.told.kinds()
        assert kinds[0] is SpeechStarted
        assert kinds[-2:] == [SpeechStopped, FinalTranscript]
        assert set(kinds[1:-2]) == {InterimTranscript}
        (final,) = ear.told.of(FinalTranscript)
        assert (final.text, final.turn) == ("are you open", 0)
        (started,) = ear.told.of(SpeechStarted)
        assert started.onset_ms == pytest.approx(200, abs=60)
        assert not ear.checkpoint.track().final_owed

    hearing(act, "are you open")


def test_a_click_is_a_noise_of_which_no_words_are_owed() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 40)
        await ear.hears(SILENCE, SILENCE_MS + 300)
        assert FinalTranscript not in ear.told.kinds()
        assert not ear.told.kinds() or ear.told.kinds()[-1] is NoiseStopped
        assert not ear.checkpoint.track().final_owed

    hearing(act, "are you open")


def test_a_voice_of_which_nothing_is_understood_is_told_as_such() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 600)
        await ear.hears(SILENCE, SILENCE_MS + 300)
        assert ear.told.kinds()[-1] is NoSpeechRecognized

    hearing(act)


def test_words_that_say_the_same_of_more_audio_are_told_once() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 2_000)
        texts = [interim.text for interim in ear.told.of(InterimTranscript)]
        assert texts == sorted(set(texts), key=texts.index)
        await ear.hears(SILENCE, SILENCE_MS + 300)

    hearing(act, "are you open")


def test_a_recognizer_that_takes_anothers_place_hears_the_utterance_again() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 400)
        assert ear.checkpoint.track().final_owed
        ear.recognizer.actor_ref.stop(block=False)
        await asyncio.sleep(0.1)
        ear.start()
        await asyncio.sleep(0.1)
        await ear.hears(FRAME, 300)
        await ear.hears(SILENCE, SILENCE_MS + 300)
        assert [final.text for final in ear.told.of(FinalTranscript)] == ["are you open"]
        assert len(ear.engine.streams[1].heard) > RATE_HZ * 2 * 0.6

    hearing(act, "are you open")


def test_what_is_said_behind_a_final_in_mid_utterance_is_heard_again_by_the_next_recognizer() -> None:
    """An engine may cut speech by rules of its own, long before the caller is done."""

    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 800)
        ear.engine.streams[0].finish_utterance()
        await ear.hears(FRAME, 2_400)
        assert [final.text for final in ear.told.of(FinalTranscript)] == ["are you open"]
        ear.recognizer.actor_ref.stop(block=False)
        await asyncio.sleep(0.1)
        ear.start()
        await ear.hears(SILENCE, SILENCE_MS + 300)
        assert [final.text for final in ear.told.of(FinalTranscript)] == ["are you open", "on a sunday"]
        heard_again_ms = len(ear.engine.streams[1].heard) / RATE_HZ * 500 - SILENCE_MS - 300
        assert 2_300 < heard_again_ms < 2_700

    hearing(act, "are you open", "on a sunday")


def test_an_utterance_whose_end_was_heard_by_another_has_its_final_all_the_same() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 400)
        await ear.hears(SILENCE, 100)
        ear.recognizer.actor_ref.stop(block=False)
        await asyncio.sleep(0.1)
        ear.detector = Deaf(10_000, 0.0)
        ear.start()
        await asyncio.sleep(1)
        assert [final.text for final in ear.told.of(FinalTranscript)] == ["are you open"]
        assert not ear.checkpoint.track().final_owed

    hearing(act, "are you open")


def each_turn_of_the_loop_handles_one_message(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on a machine that is so busy that a message takes all the time of a drain."""
    monkeypatch.setattr(scheduler, "MESSAGES_PER_DRAIN", 1)


def test_a_busy_machine_takes_no_utterance_for_over_before_it_has_heard_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    each_turn_of_the_loop_handles_one_message(monkeypatch)

    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 600)
        ear.recognizer.actor_ref.stop(block=False)
        await asyncio.sleep(0.1)
        ear.start()
        await ear.hears(FRAME, 300)
        await ear.hears(SILENCE, SILENCE_MS + 300)
        (final,) = ear.told.of(FinalTranscript)
        assert final.end_ms > 900
        assert NoSpeechRecognized not in ear.told.kinds()

    hearing(act, "are you open", "and where")


def test_an_utterance_whose_end_is_heard_again_is_asked_for_once(monkeypatch: pytest.MonkeyPatch) -> None:
    each_turn_of_the_loop_handles_one_message(monkeypatch)

    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 600)
        await ear.hears(SILENCE, SILENCE_MS)
        ear.recognizer.actor_ref.stop(block=False)
        await asyncio.sleep(0.2)
        ear.start()
        await asyncio.sleep(1)
        assert [final.text for final in ear.told.of(FinalTranscript)] == ["are you open"]
        assert NoSpeechRecognized not in ear.told.kinds()

    hearing(act, "are you open", "and where")


def test_audio_that_comes_no_more_ends_the_utterance_when_that_is_ordered() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 400)
        ear.addresses["recognizer"].tell(EndUtterance())
        await asyncio.sleep(0.5)
        assert ear.told.kinds()[-2:] == [SpeechStopped, FinalTranscript]

    hearing(act, "are you open")


@pytest.mark.parametrize("again", [True, False])
def test_a_stream_is_opened_anew_with_what_was_not_settled_or_without(again: bool) -> None:
    async def act(ear: Ear) -> None:
        ear.engine.delay_s = 60.0
        await ear.hears(FRAME, 400)
        await ear.hears(SILENCE, SILENCE_MS + 100)
        ear.engine.delay_s = 0.1
        ear.addresses["recognizer"].tell(ReopenRecognition(again))
        await asyncio.sleep(1)
        assert len(ear.engine.streams) == 2
        assert [final.text for final in ear.told.of(FinalTranscript)] == (["are you open"] if again else [])
        assert ear.checkpoint.track().final_owed is False

    hearing(act, "are you open")


@pytest.mark.parametrize("size_bytes", [2, 638, 642, 1_280, 5_000])
def test_audio_of_any_size_is_heard(size_bytes: int) -> None:
    async def act(ear: Ear) -> None:
        voice = FRAME * 30
        for at in range(0, len(voice), size_bytes):
            ear.addresses["recognizer"].tell(ear.tracks.all_voices.append(voice[at : at + size_bytes]))
            await asyncio.sleep(0)
        await asyncio.sleep(0.1)
        (started,) = ear.told.of(SpeechStarted)
        assert started.onset_ms < 100

    hearing(act, "are you open")


@pytest.mark.parametrize("answer", [float("nan"), -0.1, 1.5])
@pytest.mark.parametrize("windows", [1, 10, 70])
def test_voice_of_which_voice_activity_says_nothing_at_first_is_found_where_it_began(
    answer: float, windows: int
) -> None:
    """It is asked about twice as often then, and fails for half as many windows."""
    deaf = Deaf(windows, answer)

    async def act(ear: Ear) -> None:
        await ear.hears(SILENCE, 200)
        deaf.windows = windows
        await ear.hears(FRAME, 1_000)
        assert deaf.resets > 0
        (started,) = ear.told.of(SpeechStarted)
        assert started.onset_ms == 200.0
        await ear.hears(SILENCE, 1_000)
        (stopped,) = ear.told.of(SpeechStopped)
        assert (stopped.start_ms, stopped.end_ms) == (200.0, 1_200.0)

    deaf.windows = 0
    hearing(act, "are you open", detector=deaf)


@pytest.mark.parametrize("windows", [10, 40, 70])
def test_an_utterance_is_not_over_because_voice_activity_says_nothing(windows: int) -> None:
    deaf = Deaf(0)

    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, 800)
        deaf.windows = windows
        await ear.hears(FRAME, 800)
        assert len(ear.told.of(SpeechStarted)) == 1
        assert ear.told.of(SpeechStopped) == []
        await ear.hears(SILENCE, 1_000)
        (stopped,) = ear.told.of(SpeechStopped)
        assert (stopped.end_ms, stopped.voiced_ms) == (1_600.0, 1_600.0)

    hearing(act, "are you open", detector=deaf)


def test_a_short_word_in_a_gap_of_voice_activity_is_heard() -> None:
    deaf = Deaf(0)

    async def act(ear: Ear) -> None:
        await ear.hears(SILENCE, 200)
        deaf.windows = 50
        await ear.hears(SILENCE, 60)
        await ear.hears(FRAME, 300)
        await ear.hears(SILENCE, 1_200)
        (final,) = ear.told.of(FinalTranscript)
        assert final.text == "yes"

    hearing(act, "yes", detector=deaf)


def test_what_was_not_judged_is_no_part_of_what_comes_behind_a_gap() -> None:
    deaf = Deaf(0)

    async def act(ear: Ear) -> None:
        await ear.hears(SILENCE, 200)
        deaf.windows = 1_000
        await ear.hears(FRAME, 300)
        deaf.windows = 0
        for _ in range(10):
            ear.tracks.all_voices.append(FRAME)  # which the recognizer is not told of
        await ear.hears(SILENCE, 600)
        assert ear.told.messages == []

    hearing(act, detector=deaf)


def test_voice_activity_that_says_nothing_for_long_has_failed() -> None:
    async def act(ear: Ear) -> None:
        await ear.hears(FRAME, MOST_UNJUDGED_MS + 100)
        assert not ear.recognizer.actor_ref.is_alive()

    hearing(act, detector=Deaf(10_000))


@pytest.mark.parametrize(("listened_ms", "is_cut_off"), [(0, True), (480, True), (500, False)])
def test_who_speaks_again_was_cut_off_unless_they_have_listened_to_the_agent(
    listened_ms: float, is_cut_off: bool
) -> None:
    async def act(ear: Ear) -> None:
        ear.connection.attach(ConnectionAttached(connection_id="c", lead=BLIND, rate_hz=RATE_HZ))
        ear.connection.audio_sent(1, 9_000)
        await ear.hears(FRAME, 400)
        await ear.hears(SILENCE, SILENCE_MS + 100)
        ear.connection.audio_sent(2, listened_ms + BLIND.lead_ms)
        await ear.hears(FRAME, 400)
        assert [was_over for _, was_over in ear.end_of_turn.pauses] == [True] * is_cut_off

    hearing(act, "hello", "hello")
