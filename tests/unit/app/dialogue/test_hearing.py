"""What a sentence is taken for when the recognizer was not sure of it, and what reading an endless one costs."""

import time
from collections.abc import Callable

import pytest

from actors.conversation import ChatMessage, Role
from actors.rules.utterances import MAX_UTTERANCE_CHARS
from app.dialogue.engine import Script
from app.dialogue.hearing import DOUBTFUL, MAX_WORDS, Hearing
from app.dialogue.schema import Dialogue, NumberSlot
from app.dialogue.state import Question, State
from tests.eval.corpus import AT
from tests.eval.text import dialogue


def best(text: str, confidence: float) -> str:
    """The intent that is taken, or nothing."""
    message = ChatMessage(role=Role.USER, text=text, turn=1, at=AT, confidence=confidence)
    match = Hearing(dialogue()).read(State(), [message]).best
    return match.intent if match else ""


def test_a_sure_goodbye_is_one() -> None:
    assert best("goodbye", 1.0) == "goodbye"


def test_a_doubtful_one_is_asked_again() -> None:
    assert best("goodbye", DOUBTFUL - 0.1) == ""


def test_clear_words_count_though_doubtful() -> None:
    assert best("i would like to book an appointment", DOUBTFUL - 0.1) == "book"


@pytest.mark.parametrize("text", ["it's him", "It's him.", "no it's him", "that's it", "it is not that", "is it"])
def test_words_without_a_subject_leave_nothing(text: str) -> None:
    assert best(text, 1.0) not in ("never_mind", "goodbye")


@pytest.mark.parametrize("text", ["let us not do that", "never mind", "forget it", "leave it", "stop that please"])
def test_who_wants_to_leave_it_is_understood(text: str) -> None:
    assert best(text, 1.0) == "never_mind"


@pytest.mark.parametrize("text", ["i need to go", "i'm done", "i have to go now"])
def test_who_says_goodbye_without_a_subject_is_understood(text: str) -> None:
    assert best(text, 1.0) == "goodbye"


def test_know_is_no() -> None:
    message = ChatMessage(role=Role.USER, text="know that is wrong", turn=1, at=AT)
    assert Hearing(dialogue()).read(State(), [message]).words[0] == "no"


@pytest.fixture(scope="module")
def dentist() -> Script:
    return Script(dialogue())


COUNTING = Dialogue(slots={"count": NumberSlot()})

HOSTILE: dict[str, Callable[[int], str]] = {
    "words that nobody knows": lambda at: "".join(
        chr(97 + (at * 7 + place * (at % 23 + 1)) % 26) for place in range(7)
    ),
    "words that are nearly known": lambda at: "appoint" + chr(97 + at % 26) + chr(97 + at // 26 % 26) + "ment",
    "contractions": lambda at: "can't",
    "lead-ins": lambda at: "um",
    "digits one by one": lambda at: "one",
    "times": lambda at: ("from", "friday", "at", "three")[at % 4],
    "names": lambda at: ("my", "name", "is", "smith")[at % 4],
}
"""What may cost more than it is long, word by word."""


@pytest.mark.parametrize("kind", HOSTILE)
def test_reading_costs_no_more_however_long_it_is(kind: str, dentist: Script) -> None:
    def cost_s(words: int) -> float:
        text = " ".join(HOSTILE[kind](at) for at in range(words))
        message = ChatMessage(role=Role.USER, text=text[:MAX_UTTERANCE_CHARS], turn=1, at=AT)
        costs = []
        for _ in range(5):
            began = time.thread_time()
            dentist.react([message], {})
            costs.append(time.thread_time() - began)
        return min(costs)

    assert cost_s(6_000) < max(0.01, 4 * cost_s(MAX_WORDS))


def test_of_an_endless_utterance_the_end_is_read(dentist: Script) -> None:
    message = ChatMessage(role=Role.USER, text="blah " * 1_000 + "i would like to book an appointment", turn=1, at=AT)
    words = Hearing(dialogue()).read(State(), [message]).words
    assert len(words) == MAX_WORDS
    assert words[-3:] == ["book", "an", "appointment"]


@pytest.mark.parametrize("text", ["7" * 6_000, "one " * 1_500, "a'" * 3_000, "\u0663" * 6_000])
def test_numbers_without_end_are_read(text: str, dentist: Script) -> None:
    asked = State()
    asked.ask(Question.SLOT, "How many?", slot="count")
    Hearing(COUNTING).read(asked, [ChatMessage(role=Role.USER, text=text, turn=1, at=AT)])
