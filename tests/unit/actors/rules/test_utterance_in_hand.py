"""What one speaker is saying: what is owed of it and by when, and what of it was told."""

import pytest

from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.rules.utterance_in_hand import MOST_TOLD, UtteranceInHand, as_final


def final(start_ms: float, end_ms: float) -> FinalTranscript:
    return FinalTranscript(text="hello", start_ms=start_ms, end_ms=end_ms)


def test_audio_is_due_while_somebody_speaks_and_the_transcript_when_they_have_stopped() -> None:
    said = UtteranceInHand()
    assert (said.audio_due, said.transcript_due) == (None, None)
    said.audio_at = 1.0
    assert (said.audio_due, said.transcript_due) == (2.0, None)
    said.over(1.5)
    assert (said.audio_due, said.transcript_due) == (None, 4.5)
    said.audio_at = 2.0
    assert (said.audio_due, said.transcript_due) == (3.0, None), "they go on: the recognizer waits for the end"
    said.settle()
    assert said.awaited_at is None


@pytest.mark.parametrize(
    ("interim", "is_current"),
    [
        (None, False),
        (InterimTranscript("hello", 1_000, 2_500), True),
        (InterimTranscript("hello", 500, 900), False),
        (InterimTranscript("hello", 0, 0), True),
    ],
    ids=["none", "of the utterance", "of one before", "of no known place"],
)
def test_an_interim_transcript_counts_if_it_is_of_what_is_awaited(
    interim: InterimTranscript | None, is_current: bool
) -> None:
    assert UtteranceInHand(awaited_start_ms=1_000.0, interim=interim).has_current_interim is is_current


def test_the_final_transcript_settles_its_utterance_and_one_of_before_does_not() -> None:
    said = UtteranceInHand(awaited_at=3.0, awaited_start_ms=2_000.0)
    assert said.take(final(1_000, 1_900))
    assert said.awaited_at == 3.0
    assert said.take(final(2_000, 2_900))
    assert said.awaited_at is None


def test_the_same_part_of_the_audio_is_told_once() -> None:
    said = UtteranceInHand()
    assert [said.take(final(*place)) for place in ((1_000, 2_000), (1_050, 1_950), (100, 900), (1_900, 2_900))] == [
        *(True, False, True, True),
    ]


def test_audio_before_all_that_is_remembered_was_told() -> None:
    said = UtteranceInHand()
    assert all(said.take(final(1_000 * n, 1_000 * n + 900)) for n in range(1, MOST_TOLD + 1))
    assert not said.take(final(100, 900))


def test_words_without_a_place_are_always_new() -> None:
    said = UtteranceInHand()
    assert [said.take(FinalTranscript(text="yes")) for _ in range(2)] == [True, True]
    assert said.told == ()


def test_an_interim_transcript_stands_for_the_final_one_with_all_that_is_known_of_it() -> None:
    interim = InterimTranscript("guten tag", 1_000, 2_000, speaker="caller", language="de-DE")
    assert as_final(interim) == FinalTranscript(
        text="guten tag", start_ms=1_000, end_ms=2_000, speaker="caller", language="de-DE"
    )
