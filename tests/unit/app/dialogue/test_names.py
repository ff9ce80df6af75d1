"""Which word of an answer is the name."""

import pytest

from app.dialogue.names import is_plausible, name_in, without_other_names
from app.dialogue.schema import NameSlot
from app.dialogue.words import words_of

SLOT = NameSlot(prompt=("Your name?",), answers=("my name is {name}", "it's {name}"), samples=("Anna", "Bob"))


@pytest.mark.parametrize(
    ("said", "name"),
    [
        ("Bob", "Bob"),
        ("it's Ida", "Ida"),
        ("um, well, Ida please", "Ida"),
        ("Bob, no, Ida", "Ida"),
        ("Ida, not Bob", "Ida"),
        ("no wait, it's Ann, not Bob", "Ann"),
        ("Bob, I mean Anna", "Anna"),
        ("not Bob but Ida", "Ida"),
        ("Mary Jane", "Mary Jane"),
        ("hmm", ""),
        ("mm hm", ""),
        ("nothing", ""),
        ("no", ""),
        ("my wife", ""),
        ("I do not want to say my name", ""),
        ("twenty", ""),
        ("b o b", ""),
    ],
)
def test_names(said: str, name: str) -> None:
    assert name_in(words_of(said), SLOT) == name


def test_what_is_said_before_a_correction_is_left_out() -> None:
    assert without_other_names(["bob", "sorry", "ann"]) == ["ann"]
    assert without_other_names(["no"]) == ["no"]
    assert without_other_names(["not", "bob"]) == ["not", "bob"]


def test_a_word_that_the_dialogue_knows_is_no_name() -> None:
    assert is_plausible("ida", ())
    assert not is_plausible("urgent", ("urgent",))
    assert not is_plausible("i", ())
    assert not is_plausible("r2d2", ())
    assert not is_plausible("wife", ())
