"""From segments of the service to utterances of the session: every end has one outcome, no final comes twice."""

from collections.abc import Iterable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from app.providers.azure.stt.positions import KEPT, Positions
from app.providers.azure.stt.utterances import (
    ABANDONED_S,
    ANSWER_S,
    FINAL_S,
    GRACE_S,
    HELD_S,
    UNENDED_S,
    Outcome,
    Segment,
    Stalled,
    Utterances,
)

YES = Segment("yes", 100, 500)
PLEASE = Segment("please", 900, 1_400)


def finals(outcomes: "Iterable[Outcome] | Stalled") -> list[str]:
    assert not isinstance(outcomes, Stalled)
    return [outcome.text for outcome in outcomes if isinstance(outcome, FinalTranscript)]


def test_a_final_waits_for_the_end_of_the_utterance() -> None:
    utterances = Utterances()
    assert utterances.final(YES, 0.5) == [InterimTranscript("yes", 100, 500, ended_by_engine=True)]
    assert utterances.finish(1_000, suspicious=True, now=1.0) == [FinalTranscript(text="yes", start_ms=100, end_ms=500)]
    assert utterances.idle


def test_an_end_waits_for_its_final() -> None:
    utterances = Utterances()
    utterances.partial(YES, 0.4)
    assert utterances.finish(1_000, suspicious=True, now=1.0) == []
    assert utterances.wants_silence
    assert utterances.final(YES, 1.1) == [FinalTranscript(text="yes", start_ms=100, end_ms=500)]
    assert not utterances.wants_silence


def test_what_is_said_with_a_pause_in_it_is_one_utterance() -> None:
    utterances = Utterances()
    utterances.final(YES, 0.8)
    assert utterances.partial(PLEASE, 1.2) == [InterimTranscript("yes please", 100, 1_400)]
    utterances.final(PLEASE, 1.8)
    assert utterances.finish(2_000, suspicious=True, now=2.0) == [
        FinalTranscript(text="yes please", start_ms=100, end_ms=1_400)
    ]


def test_a_final_long_before_the_end_is_given_time_for_another() -> None:
    utterances = Utterances()
    utterances.final(YES, 0.8)
    assert utterances.finish(4_000, suspicious=True, now=4.0) == []
    assert utterances.tick(4.0 + GRACE_S / 2) == []
    assert finals(utterances.tick(4.0 + GRACE_S)) == ["yes"]


def test_partials_come_once_and_never_empty() -> None:
    utterances = Utterances()
    assert utterances.partial(Segment("", 0, 100), 0.1) == []
    assert utterances.partial(YES, 0.2) == [InterimTranscript("yes", 100, 500)]
    assert utterances.partial(YES, 0.3) == []


def test_what_a_new_connection_repeats_was_told() -> None:
    utterances = Utterances()
    utterances.final(YES, 0.5)
    assert utterances.partial(YES, 0.6) == []
    assert utterances.final(YES, 0.7) == []
    utterances.finish(1_000, suspicious=True, now=1.0)
    assert utterances.final(YES, 1.1) == []
    assert utterances.partial(Segment("yes", 350, 480), 1.2) == []
    assert utterances.idle


def test_no_speech_is_nothing() -> None:
    utterances = Utterances()
    assert utterances.finish(1_000, suspicious=False, now=1.0) == []
    assert utterances.tick(1.0 + ANSWER_S / 2) == []
    assert utterances.tick(1.0 + ANSWER_S) == [NoSpeechRecognized(1_000)]
    assert utterances.tick(9.0) == []


def test_the_service_may_say_that_it_was_no_speech() -> None:
    utterances = Utterances()
    utterances.finish(1_000, suspicious=True, now=1.0)
    assert utterances.final(Segment("", 0, 900), 1.2) == [NoSpeechRecognized(1_000)]


def test_no_speech_that_is_said_before_the_end_costs_no_wait() -> None:
    utterances = Utterances()
    assert utterances.final(Segment("", 200, 900), 1.2) == []
    assert utterances.finish(1_400, suspicious=True, now=1.4) == [NoSpeechRecognized(1_400)]


def test_what_is_called_no_speech_may_be_speech_after_all() -> None:
    utterances = Utterances()
    utterances.partial(YES, 0.4)
    utterances.finish(1_000, suspicious=True, now=1.0)
    assert utterances.final(Segment("", 100, 500), 1.1) == []
    assert finals(utterances.final(YES, 1.2)) == ["yes"]
    assert utterances.idle


def test_what_is_called_no_speech_is_none_when_nothing_follows() -> None:
    utterances = Utterances()
    utterances.partial(YES, 0.4)
    utterances.final(Segment("", 100, 500), 0.9)
    utterances.finish(1_000, suspicious=True, now=1.0)
    assert utterances.tick(0.8 + GRACE_S) == []
    assert utterances.tick(1.0 + GRACE_S) == [NoSpeechRecognized(1_000)]
    assert utterances.idle


def test_an_empty_final_says_nothing_by_itself() -> None:
    utterances = Utterances()
    assert utterances.final(Segment("", 0, 900), 1.2) == []
    utterances.final(Segment("yes", 900, 1_200), 1.5)
    assert utterances.final(Segment("", 1_300, 1_400), 1.6) == []
    assert finals(utterances.finish(1_500, suspicious=True, now=1.7)) == ["yes"]


def test_speech_without_an_answer_is_a_stall() -> None:
    utterances = Utterances()
    utterances.finish(1_000, suspicious=True, now=1.0)
    assert isinstance(utterances.tick(1.0 + ANSWER_S), Stalled)


def test_a_partial_without_a_final_is_a_stall() -> None:
    utterances = Utterances()
    utterances.partial(YES, 0.5)
    utterances.finish(1_000, suspicious=False, now=1.0)
    assert utterances.tick(1.0 + FINAL_S / 2) == []
    assert isinstance(utterances.tick(1.0 + FINAL_S), Stalled)


def test_what_has_no_end_is_shown_one_once() -> None:
    utterances = Utterances()
    assert not utterances.note_unended(9.0)
    utterances.partial(YES, 10.0)
    assert not utterances.note_unended(9.9 + UNENDED_S)
    assert utterances.note_unended(10.0 + UNENDED_S)
    assert not utterances.note_unended(10.1 + UNENDED_S)
    utterances.partial(Segment("yes please", 100, 800), 20.0)
    assert utterances.note_unended(20.0 + UNENDED_S)
    utterances.partial(Segment("yes please do", 100, 900), 30.0)
    utterances.finish(1_000, suspicious=True, now=30.1)
    assert not utterances.note_unended(30.1 + UNENDED_S)


def test_what_comes_of_an_end_that_was_shown_is_told_at_once() -> None:
    utterances = Utterances()
    utterances.partial(YES, 1.0)
    assert utterances.note_unended(1.0 + UNENDED_S)
    assert finals(utterances.final(YES, 4.5)) == ["yes"]
    assert utterances.finish(1_000, suspicious=True, now=5.0) == [NoSpeechRecognized(1_000)]
    assert utterances.idle


def test_a_partial_that_nobody_finishes_is_a_stall_in_the_end() -> None:
    utterances = Utterances()
    utterances.partial(YES, 0.5)
    assert utterances.tick(0.4 + ABANDONED_S) == []
    assert isinstance(utterances.tick(0.5 + ABANDONED_S), Stalled)


def test_a_final_that_voice_activity_missed_is_told_all_the_same() -> None:
    utterances = Utterances()
    utterances.final(YES, 0.5)
    assert utterances.tick(0.4 + HELD_S) == []
    assert finals(utterances.tick(0.5 + HELD_S)) == ["yes"]
    assert utterances.finish(3_000, suspicious=True, now=3.0) == [NoSpeechRecognized(3_000)]
    utterances.final(Segment("no", 3_500, 3_900), 4.0)
    assert finals(utterances.finish(4_200, suspicious=True, now=4.2)) == ["no"]


def test_a_final_ends_within_the_audio() -> None:
    utterances = Utterances()
    utterances.final(Segment("yes", 100, 1_080), 0.5)
    assert utterances.finish(1_000, suspicious=True, now=1.0) == [
        FinalTranscript(text="yes", start_ms=100, end_ms=1_000)
    ]


@given(st.lists(st.tuples(st.sampled_from("pfe!t"), st.integers(0, 400), st.integers(1, 400)), max_size=60))
def test_every_end_has_an_outcome_and_finals_never_overlap(steps: list[tuple[str, int, int]]) -> None:
    utterances = Utterances()
    outcomes: list[Outcome] = []
    now, ends, at_ms = 0.0, 0, 0

    def tick() -> bool:
        told = utterances.tick(now)
        if isinstance(told, Stalled):
            return False
        outcomes.extend(told)
        return True

    for kind, back_ms, length_ms in steps:
        now += 0.2
        at_ms += 200
        start_ms = max(0, at_ms - back_ms)
        segment = Segment("" if kind == "e" else "word", start_ms, start_ms + length_ms)
        match kind:
            case "p":
                outcomes += utterances.partial(segment, now)
            case "f" | "e":
                outcomes += utterances.final(segment, now)
            case "!":
                outcomes += utterances.finish(at_ms, suspicious=False, now=now)
                ends += 1
            case _:
                if not tick():
                    return
    for _ in range(60):
        now += 0.5
        if not tick():
            return
    assert utterances.idle
    told = [outcome for outcome in outcomes if isinstance(outcome, FinalTranscript)]
    nothing = [outcome for outcome in outcomes if isinstance(outcome, NoSpeechRecognized)]
    assert len(told) + len(nothing) >= ends
    for earlier, later in zip(told, told[1:], strict=False):  # noqa: RUF007 - neighbours
        assert earlier.end_ms <= later.start_ms
    assert all(final.text and final.start_ms < final.end_ms for final in told)


def test_silence_of_ours_is_no_audio_of_the_caller() -> None:
    positions = Positions()
    positions.sent(1_000)
    positions.added(700)
    positions.sent(500)
    assert [positions.of_caller(sent) for sent in (400, 1_000, 1_300, 1_700, 1_900, 2_200)] == [
        400, 1_000, 1_000, 1_000, 1_200, 1_500,
    ]  # fmt: skip
    assert positions.of_caller(9_000) == 1_500


def test_a_long_call_has_right_positions_and_remembers_little() -> None:
    positions = Positions()
    for _ in range(3 * KEPT):
        positions.sent(1_000)
        positions.added(700)
    positions.sent(300)
    assert positions.of_caller(positions.sent_ms) == pytest.approx(3 * KEPT * 1_000 + 300)
    assert len(positions._gaps) <= KEPT
