"""What a sentence is taken for when the recognizer was not sure of it."""

from actors.conversation import ChatMessage, Role
from app.adapters.script.hearing import DOUBTFUL, Hearing
from app.adapters.script.state import State
from tests.eval.corpus import AT
from tests.eval.text import dialogue


def best(text: str, confidence: float) -> str:
    """The intent that is taken, or nothing."""
    message = ChatMessage(Role.USER, text, 1, at=AT, confidence=confidence)
    match = Hearing(dialogue()).read(State(), [message]).best
    return match.intent if match else ""


def test_a_sure_goodbye_is_one() -> None:
    assert best("goodbye", 1.0) == "goodbye"


def test_a_doubtful_one_is_asked_again() -> None:
    assert best("goodbye", DOUBTFUL - 0.1) == ""


def test_clear_words_count_though_doubtful() -> None:
    assert best("i would like to book an appointment", DOUBTFUL - 0.1) == "book"


def test_know_is_no() -> None:
    message = ChatMessage(Role.USER, "know that is wrong", 1, at=AT)
    assert Hearing(dialogue()).read(State(), [message]).words[0] == "no"
