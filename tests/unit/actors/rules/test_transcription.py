"""What is transcribed in a session that only listens, and what is done when something that is owed does not come."""

import msgspec
import pytest

from actors.agent import Limits
from actors.conversation import Ending, Role
from actors.messages.lifecycle import SessionOver
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
from actors.rules.conversation_bounds import MAX_CHARS, MAX_MESSAGES
from actors.rules.transcription import (
    WAITS,
    Transcription,
    TranscriptionEffect,
    TranscriptionSnapshot,
    as_message,
)
from actors.rules.utterance_in_hand import MOST_TOLD, UtteranceInHand

STOPPED = SpeechStopped(start_ms=1_000, end_ms=2_000, voiced_ms=900, silence_ms=400)
FINAL = FinalTranscript(text="hello", start_ms=1_000, end_ms=2_000)
LIMITS = Limits(idle_s=60, max_session_s=300)


def listening(state: TranscriptionSnapshot | None = None) -> Transcription:
    rules = Transcription(LIMITS, state or TranscriptionSnapshot())
    rules.resume(0.0, 0.0, 0.0)
    return rules


def awaiting(at: float = 2.0) -> Transcription:
    """An utterance has just ended at `at`."""
    rules = listening()
    rules.handle(SpeechStarted(1_000), at - 1)
    rules.handle(SpeechContinued(voiced_ms=500, silence_ms=0), at - 0.5)
    rules.handle(SpeechContinued(voiced_ms=500, silence_ms=20), at - 0.4)
    assert rules.handle(STOPPED, at) == []
    return rules


def wait(rules: Transcription) -> tuple[float, list[TranscriptionEffect]]:
    """What is done when the next thing that is owed does not come, and when."""
    due = rules.due()
    assert due is not None
    return due, rules.waited(due)


def test_each_final_transcript_is_a_turn_of_its_own() -> None:
    rules = awaiting()
    assert rules.handle(FINAL, 2.5) == [msgspec.structs.replace(FINAL, turn=1)]
    later = msgspec.structs.replace(FINAL, start_ms=7_500, end_ms=8_500)
    assert rules.handle(later, 9.0) == [msgspec.structs.replace(later, turn=2)]
    assert rules.due() == 69.0


def test_what_was_told_is_not_told_again_but_of_another_speaker_it_is() -> None:
    rules = awaiting()
    assert len(rules.handle(FINAL, 2.5)) == 1
    assert rules.handle(FINAL, 2.6) == []
    assert rules.handle(msgspec.structs.replace(FINAL, start_ms=1_200, end_ms=1_900), 2.6) == []
    other = msgspec.structs.replace(FINAL, speaker="speaker 2")
    assert rules.handle(other, 2.6) == [msgspec.structs.replace(other, turn=2)]
    # What lies at no place in the audio cannot be told from what was told before.
    nowhere = FinalTranscript(text="yes")
    assert [len(rules.handle(nowhere, 2.7)) for _ in range(2)] == [1, 1]


def test_words_that_come_after_later_ones_are_told_once() -> None:
    rules = listening()
    later, earlier = (msgspec.structs.replace(FINAL, start_ms=ms, end_ms=ms + 900) for ms in (3_000, 1_000))
    assert [len(rules.handle(final, 5.0)) for final in (later, earlier, earlier, later)] == [1, 1, 0, 0]
    # A stream that is opened anew hears them a little otherwise.
    again = msgspec.structs.replace(earlier, start_ms=960, end_ms=1_950)
    assert rules.handle(again, 5.1) == []


def test_what_would_be_of_long_ago_is_taken_for_what_was_told() -> None:
    rules = listening()
    finals = [msgspec.structs.replace(FINAL, start_ms=ms, end_ms=ms + 900) for ms in range(2_000, 30_000, 1_000)]
    assert all(rules.handle(final, 5.0) for final in finals)
    assert len(rules.state.utterances[""].told) == MOST_TOLD
    assert rules.handle(msgspec.structs.replace(FINAL, start_ms=500, end_ms=900), 5.0) == []


def test_a_successor_does_not_tell_again_what_its_transcriber_died_on() -> None:
    rules = awaiting()
    rules.handle(FINAL, 2.5)
    successor = listening(rules.state.copied())
    assert successor.handle(FINAL, 2.6) == []
    assert successor.state.number == 1


@pytest.mark.parametrize("was_told", [True, False])
def test_an_interim_transcript_of_earlier_words_does_not_keep_a_later_utterance_owed(was_told: bool) -> None:
    """A wait that stays owed when it is over would be over again at once, and the worker would do nothing else."""
    rules = awaiting()
    if was_told:
        rules.handle(FINAL, 2.5)
    rules.handle(InterimTranscript("hello", 1_000, 2_000), 2.6)
    rules.handle(SpeechStarted(3_000), 3.0)
    rules.handle(SpeechStopped(start_ms=3_000, end_ms=3_400, voiced_ms=400, silence_ms=400), 4.0)
    assert wait(rules) == (7.0, [ReopenRecognition(again=True)])
    due, effects = wait(rules)
    assert due == 10.0
    assert effects[0] == ReopenRecognition(again=False)
    # Words that were not told yet are not lost with it.
    assert [effect.text for effect in effects if isinstance(effect, FinalTranscript)] == ([] if was_told else ["hello"])
    assert rules.due() == 63.0


def test_a_wait_is_over_when_its_timer_fires_a_rounding_error_early() -> None:
    rules = awaiting()
    assert rules.waited(5.0 - 1e-9) == [ReopenRecognition(again=True)]


def test_each_speaker_has_an_utterance_of_their_own_in_hand() -> None:
    rules = listening()
    rules.handle(SpeechStarted(1_000, "caller"), 1.0)
    rules.handle(SpeechStarted(1_400, "speaker 2"), 1.4)
    rules.handle(msgspec.structs.replace(STOPPED, speaker="caller"), 1.6)
    assert wait(rules) == (2.4, [EndUtterance("speaker 2")])
    rules.handle(InterimTranscript("hel", 1_400, 1_500, "speaker 2", "en-US"), 2.5)
    assert wait(rules) == (4.6, [ReopenRecognition(again=True, speaker="caller")])
    assert wait(rules) == (
        5.4,
        [
            ReopenRecognition(again=False, speaker="speaker 2"),
            FinalTranscript(text="hel", start_ms=1_400, end_ms=1_500, speaker="speaker 2", language="en-US", turn=1),
        ],
    )


def test_a_copy_of_the_state_is_not_changed_by_what_comes_later() -> None:
    rules = awaiting()
    copied = rules.state.copied()
    rules.handle(FINAL, 2.5)
    assert copied.utterances[""].awaited_at == 2.0
    assert rules.state.utterances[""].awaited_at is None


def test_an_interim_transcript_is_shown() -> None:
    interim = InterimTranscript("hel", 1_000, 1_300)
    assert awaiting().handle(interim, 2.1) == [interim]


def test_audio_that_stops_in_mid_utterance_ends_it_and_the_transcript_is_owed() -> None:
    rules = listening()
    rules.handle(SpeechStarted(1_000), 1.0)
    assert wait(rules) == (2.0, [EndUtterance()])
    assert wait(rules) == (5.0, [ReopenRecognition(again=True)])


def test_a_final_that_does_not_come_is_asked_for_once_more_and_then_given_up() -> None:
    rules = awaiting()
    assert wait(rules) == (5.0, [ReopenRecognition(again=True)])
    assert wait(rules) == (8.0, [ReopenRecognition(again=False)])
    assert rules.due() == 61.5


def test_the_interim_transcript_stands_for_a_final_that_does_not_come() -> None:
    rules = awaiting()
    rules.handle(InterimTranscript("hello the", 1_000, 1_800), 2.1)
    due, effects = wait(rules)
    assert due == 5.0
    assert effects == [
        ReopenRecognition(again=False),
        FinalTranscript(text="hello the", start_ms=1_000, end_ms=1_800, turn=1),
    ]
    assert rules.state.utterances[""].interim is None


def test_the_final_of_an_utterance_before_leaves_the_next_one_owed() -> None:
    rules = awaiting()
    rules.handle(SpeechStarted(3_000), 3.0)
    rules.handle(SpeechStopped(start_ms=3_000, end_ms=4_000, voiced_ms=900, silence_ms=400), 4.0)
    rules.handle(FINAL, 4.1)
    assert wait(rules) == (7.0, [ReopenRecognition(again=True)])


def test_nothing_is_owed_after_nothing_was_recognised() -> None:
    rules = awaiting()
    assert rules.handle(NoSpeechRecognized(2_000), 2.5) == []
    assert rules.due() == 61.5


def test_noise_ends_nothing_and_owes_nothing_but_what_was_owed_before() -> None:
    rules = listening()
    rules.handle(SpeechStarted(1_000), 1.0)
    rules.handle(NoiseStopped(), 1.2)
    assert rules.due() == 61.0
    rules = awaiting()
    rules.handle(SpeechStarted(3_000), 3.0)
    rules.handle(NoiseStopped(), 3.2)
    assert wait(rules) == (5.0, [ReopenRecognition(again=True)])


def test_a_session_in_which_nobody_speaks_ends() -> None:
    rules = listening()
    assert rules.waited(59.9) == []
    assert wait(rules) == (60.0, [SessionOver(Ending.IDLE_TIMEOUT)])
    assert rules.due() is None
    assert rules.handle(FINAL, 61.0) == []


def test_a_session_ends_when_it_has_lasted_as_long_as_it_may() -> None:
    rules = listening()
    for at in range(10, 300, 10):
        rules.handle(FINAL, float(at))
    assert wait(rules) == (300.0, [SessionOver(Ending.NORMAL)])


def test_a_session_that_is_over_does_nothing_else_that_was_due() -> None:
    rules = listening()
    assert rules.waited(1_000.0) == [SessionOver(Ending.IDLE_TIMEOUT)]


@pytest.mark.parametrize(("audio_at", "awaited_at"), [(3.0, None), (None, 3.0)])
def test_a_successor_still_waits_for_what_was_owed(audio_at: float | None, awaited_at: float | None) -> None:
    said = UtteranceInHand(audio_at=audio_at, awaited_at=awaited_at)
    rules = Transcription(LIMITS, TranscriptionSnapshot(number=4, utterances={"": said, "caller": UtteranceInHand()}))
    rules.resume(100.0, 90.0, 99.0)
    assert wait(rules) == (103.0, [ReopenRecognition(again=True)])
    assert rules.handle(FINAL, 104.0) == [msgspec.structs.replace(FINAL, turn=5)]


def test_every_wait_says_who_owes_what_and_what_happens_else() -> None:
    assert all(wait.awaited and wait.owed_by and wait.clock and wait.otherwise for wait in WAITS)
    assert len({wait.awaited for wait in WAITS}) == len(WAITS)


def test_what_is_known_of_unfinished_utterances_stands_at_the_end_once_and_in_order() -> None:
    rules = awaiting()
    rules.handle(InterimTranscript("hello", 1_000, 1_900), 1.9)
    rules.handle(InterimTranscript("and me", 1_000, 1_500, speaker="other"), 1.9)
    told = rules.unfinished()
    assert [(final.text, final.speaker, final.turn) for final in told] == [("and me", "other", 1), ("hello", "", 2)]
    assert rules.unfinished() == []


def test_what_was_told_does_not_stand_again() -> None:
    rules = awaiting()
    rules.handle(InterimTranscript("hello", 1_000, 1_900), 1.9)
    rules.handle(FINAL, 2.5)
    assert rules.unfinished() == []
    rules.handle(InterimTranscript("hello", 1_000, 1_900), 2.6)
    assert rules.unfinished() == []


def test_a_final_transcript_is_a_message_of_the_caller() -> None:
    final = msgspec.structs.replace(FINAL, turn=3, speaker="other", confidence=0.5, language="de-DE")
    message = as_message(final, 12.0)
    assert (message.role, message.text, message.turn, message.at) == (Role.USER, "hello", 3, 12.0)
    assert (message.start_ms, message.end_ms, message.confidence) == (1_000, 2_000, 0.5)
    assert (message.speaker, message.language) == ("other", "de-DE")


def test_on_hold_nobody_waits_for_the_callers_voice_and_the_longest_hold_is_a_wait_of_its_own() -> None:
    rules = Transcription(msgspec.structs.replace(LIMITS, max_hold_s=100), TranscriptionSnapshot())
    rules.resume(0.0, 0.0, 0.0)
    rules.hold_ended(1.0)
    assert rules.due() == 60.0
    rules.hold_started(10.0)
    rules.hold_started(20.0)
    assert rules.due() == 110.0
    assert rules.waited(109.0) == []
    rules.hold_ended(50.0)
    assert rules.due() == 110.0  # from their return on they have a minute, as ever
    rules.hold_started(60.0)
    # Others go on talking meanwhile.
    rules.handle(SpeechStarted(1_000), 90.0)
    rules.handle(NoiseStopped(), 91.0)
    assert wait(rules) == (190.0, [SessionOver(Ending.IDLE_TIMEOUT)])


def test_a_successor_begins_the_wait_for_the_end_of_a_hold_anew() -> None:
    rules = listening()
    rules.hold_started(10.0)
    successor = Transcription(msgspec.structs.replace(LIMITS, max_hold_s=100), rules.state.copied())
    successor.resume(20.0, 0.0, 0.0)
    assert successor.due() == 120.0


@pytest.mark.parametrize(
    "state", [TranscriptionSnapshot(number=MAX_MESSAGES - 1), TranscriptionSnapshot(chars=MAX_CHARS - len(FINAL.text))]
)
def test_a_transcript_that_is_as_long_as_it_may_be_ends_its_session(state: TranscriptionSnapshot) -> None:
    rules = listening(state)
    assert rules.due() == LIMITS.idle_s
    assert len(rules.handle(FINAL, 2.5)) == 1
    assert wait(rules) == (2.5, [SessionOver(Ending.NORMAL)])
