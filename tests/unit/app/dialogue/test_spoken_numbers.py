"""Numbers as people say them, and what they choose by them."""

import pytest

from app.dialogue.spoken_numbers import is_left_to_us, ordinal_choice, read_number, say_number
from app.dialogue.words import words_of


@pytest.mark.parametrize(
    ("said", "number"),
    [
        ("zero", (0, 1)),
        ("forty two", (42, 2)),
        ("one hundred", (100, 2)),
        ("one hundred and five", (105, 4)),
        ("five five one two", (5512, 4)),
        ("17", (17, 1)),
        ("apple", None),
    ],
)
def test_numbers(said: str, number: tuple[int, int] | None) -> None:
    assert read_number(words_of(said), 0) == number


def test_a_number_that_is_said_is_read_back() -> None:
    for number in range(100):
        words = words_of(say_number(number))
        assert read_number(words, 0) == (number, len(words))


@pytest.mark.parametrize(
    ("said", "index"),
    [
        ("the first one", 0),
        ("the third", 2),
        ("the last one", 2),
        ("the fourth", None),
        ("no", None),
        ("whichever", 0),
        ("you choose", 0),
        ("it doesn't matter to me", 0),
    ],
)
def test_picking_from_a_list(said: str, index: int | None) -> None:
    assert ordinal_choice(words_of(said), 3) == index


def test_an_ordinal_behind_a_ten_chooses_nothing() -> None:
    assert ordinal_choice(words_of("june thirty first"), 3) is None
    assert ordinal_choice(words_of("the first"), 3) == 0


def test_a_choice_may_be_left_to_us() -> None:
    assert is_left_to_us(words_of("I don't care"))
    assert is_left_to_us(words_of("you choose please"))
    assert not is_left_to_us(words_of("the second"))


@pytest.mark.parametrize(
    ("said", "chosen"),
    [
        ("number two", 1),
        ("option three please", 2),
        ("number seven", None),
        ("the later one", 2),
        ("the earlier", 0),
        ("something later", None),
        ("any of them", 0),
        ("any others", None),
    ],
)
def test_one_is_chosen_by_its_place(said: str, chosen: int | None) -> None:
    assert ordinal_choice(words_of(said), 3) == chosen
