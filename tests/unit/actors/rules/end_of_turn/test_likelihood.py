"""How likely a caller is done: each piece of evidence counts for itself."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.conversation import ExpectedAnswer
from actors.rules.end_of_turn.completeness import Completeness
from actors.rules.end_of_turn.likelihood import BY_COMPLETENESS, BY_EXPECTED, LONG, MIDDLING, likelihood

ANY = ExpectedAnswer.ANYTHING


def test_of_a_middling_sentence_that_is_complete_it_is_what_the_recognizer_says() -> None:
    assert likelihood(Completeness.COMPLETE, ANY, 0.7, MIDDLING) == pytest.approx(0.7)


def test_what_was_asked_for_is_likelier_all_than_a_sentence_of_the_same_length() -> None:
    answer, sentence = (likelihood(found, ANY, 0.7, 4) for found in (Completeness.EXPECTED, Completeness.COMPLETE))
    assert answer > sentence


def test_who_was_asked_for_a_yes_or_no_is_likelier_done_than_who_spells() -> None:
    yes_no, anything, spelling = (
        likelihood(Completeness.COMPLETE, expected, 0.7, 4)
        for expected in (ExpectedAnswer.YES_NO, ANY, ExpectedAnswer.SPELLING)
    )
    assert yes_no > anything > spelling


def test_a_longer_utterance_is_likelier_all_up_to_a_length() -> None:
    likely = [likelihood(Completeness.COMPLETE, ANY, 0.7, words) for words in range(1, LONG + 3)]
    assert likely == sorted(likely)
    assert likely[-1] == likely[-2] == likely[LONG - 1] > likely[LONG - 2]


@given(st.sampled_from(Completeness), st.sampled_from(ExpectedAnswer), st.floats(0, 1), st.integers(0, 1_000))
def test_it_is_a_probability(found: Completeness, expected: ExpectedAnswer, over: float, words: int) -> None:
    assert set(BY_COMPLETENESS) == set(Completeness)
    assert set(BY_EXPECTED) == set(ExpectedAnswer)
    assert 0 < likelihood(found, expected, over, words) < 1
