"""Word errors: what counts as one, and what is only written in another way."""

import pytest

from tests.eval.word_errors import WordErrors, distance, word_errors


@pytest.mark.parametrize(
    ("said", "heard", "errors"),
    [
        ("yes please", "Yes, please.", 0),
        ("yes please", "yes", 1),
        ("yes please", "oh yes please", 1),
        ("yes please", "guess please", 1),
        ("yes please", "", 2),
        ("at half past two", "at half past 2", 0),
        ("nine oh two one oh", "90210", 0),
        ("in eighteen thirteen", "in 1813", 0),
        ("twelve ounces", "12 ounces", 0),
        ("i am sorry", "I'm sorry", 0),
        ("goodbye", "Good-bye!", 0),
    ],
)
def test_errors_of_an_utterance(said: str, heard: str, errors: int) -> None:
    assert word_errors(said, heard).errors == errors


def test_errors_add_up() -> None:
    both = word_errors("yes please", "yes") + word_errors("no", "no")
    assert both == WordErrors(words=3, errors=1, utterances=2, exact=1)
    assert both.rate == pytest.approx(1 / 3)
    assert WordErrors().rate == 0.0


def test_distance_is_the_least() -> None:
    assert distance(["a", "b", "c", "d"], ["a", "x", "c"]) == 2
    assert distance([], ["a"]) == 1
