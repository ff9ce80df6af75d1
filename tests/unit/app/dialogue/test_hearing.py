"""What a sentence is taken for when the recognizer was not sure of it, and what reading an endless one costs."""

import time
from collections.abc import Callable
from functools import cache

import pytest

from actors.conversation import ChatMessage, Role
from actors.rules.utterances import MAX_UTTERANCE_CHARS
from app.dialogue.hearing import DOUBTFUL, MAX_WORDS, UNSURE, Hearing
from app.dialogue.schema import Dialogue, NameSlot, NumberSlot, TextSlot
from app.dialogue.state import Question, State
from tests.eval.corpus import AT
from tests.eval.text import dialogue, script


@cache
def the_dentists() -> Hearing:
    return Hearing(dialogue())


def best(text: str, confidence: float, task: str = "") -> str:
    """The intent that is taken, or nothing."""
    message = ChatMessage(role=Role.USER, text=text, turn=1, at=AT, confidence=confidence)
    match = the_dentists().read(State(task=task), [message]).best
    return match.intent if match else ""


def test_a_sure_goodbye_is_one() -> None:
    assert best("goodbye", 1.0) == "goodbye"


def test_a_doubtful_one_is_asked_again() -> None:
    assert best("goodbye", DOUBTFUL - 0.1) == ""


def test_clear_words_count_though_doubtful() -> None:
    assert best("i would like to book an appointment", DOUBTFUL - 0.1) == "book"


def test_a_task_that_a_misheard_word_may_have_named_is_not_begun() -> None:
    text = "could you please quuxify my booking"
    assert best(text, UNSURE) == "book"
    assert best(text, UNSURE - 0.1) == ""


def test_a_misheard_answer_begins_no_other_task() -> None:
    text = "could i come in next quux"
    assert best(text, UNSURE - 0.1) == best(text, UNSURE, "move") == "book"
    assert best(text, UNSURE - 0.1, "move") == ""


def test_what_was_hardly_heard_drops_no_task() -> None:
    text = "no the mind not you please"
    assert best(text, UNSURE - 0.1) == best(text, UNSURE, "move") == "never_mind"
    assert best(text, UNSURE - 0.1, "move") == ""
    assert best("never mind", UNSURE - 0.1, "move") == "never_mind"


@pytest.mark.parametrize("text", ["it's him", "It's him.", "no it's him", "that's it", "it is not that", "is it"])
def test_words_without_a_subject_leave_nothing(text: str) -> None:
    assert best(text, 1.0) not in ("never_mind", "goodbye")


@pytest.mark.parametrize("text", ["let us not do that", "never mind", "forget it", "leave it", "stop that please"])
def test_who_wants_to_leave_it_is_understood(text: str) -> None:
    assert best(text, 1.0) == "never_mind"


@pytest.mark.parametrize("text", ["i need to go", "i'm done", "i have to go now"])
def test_who_says_goodbye_without_a_subject_is_understood(text: str) -> None:
    assert best(text, 1.0) == "goodbye"


@pytest.mark.parametrize(
    ("said", "meant"),
    [
        ("to a clock please", "two o'clock please"),
        ("i would take to o'clock", "i would take two o'clock"),
        ("for a clock or ate a clock", "four o'clock or eight o'clock"),
        ("ten a clock", "ten o'clock"),
        ("go to a clock shop for a book", "go two o'clock shop for a book"),
        ("to the clock", "to the clock"),
        ("a clock", "a clock"),
    ],
)
def test_an_hour_is_heard_in_what_sounds_the_same(said: str, meant: str) -> None:
    message = ChatMessage(role=Role.USER, text=said, turn=1, at=AT)
    assert the_dentists().read(State(), [message]).words == meant.split()


@pytest.mark.parametrize("text", ["to a zorblax please", "put me a quux", "blinic of my wumpus"])
def test_words_that_nobody_knows_put_nobody_through_and_begin_nothing(text: str) -> None:
    assert best(text, 1.0) == ""


@pytest.mark.parametrize(
    ("text", "task", "ends"), [("speak soon", "", True), ("speak soon", "book", False), ("bye", "book", True)]
)
def test_what_is_only_likely_a_goodbye_ends_no_task(text: str, task: str, ends: bool) -> None:
    found = the_dentists().read(State(task=task), [ChatMessage(role=Role.USER, text=text, turn=1, at=AT)]).best
    assert (found is not None and found.intent == "goodbye") is ends


def test_who_corrects_a_day_cancels_nothing() -> None:
    assert best("i would like to come on thursday not friday", 1.0) == "book"


@pytest.mark.parametrize(
    ("text", "intent"),
    [
        ("cancel my check up please", "cancel"),
        ("i need to cancel the filling on friday", "cancel"),
        ("can i move my cleaning to friday", "move"),
        ("i need a cleaning on friday", "book"),
    ],
)
def test_an_appointment_may_be_named_by_what_it_is_for(text: str, intent: str) -> None:
    assert best(text, 1.0) == intent


def test_know_is_no() -> None:
    message = ChatMessage(role=Role.USER, text="know that is wrong", turn=1, at=AT)
    assert the_dentists().read(State(), [message]).words[0] == "no"


def read(text: str, hearing: Hearing, asked: str = "") -> list[object]:
    """The values that are found, with the question for a slot open."""
    state = State()
    if asked:
        state.ask(Question.SLOT, "Which one?", slot=asked)
    message = ChatMessage(role=Role.USER, text=text, turn=1, at=AT)
    return [mention.value for mention in hearing.read(state, [message]).mentions]


FORM = Hearing(Dialogue(slots={"count": NumberSlot(), "name": NameSlot(samples=("Ann",)), "address": TextSlot()}))


@pytest.mark.parametrize(
    ("figures", "words"),
    [
        ("In 2 weeks at 9:05.", "in two weeks at nine oh five"),
        ("December 7th at 3.", "december seventh at three"),
        ("The 21st, half past 2", "the twenty first half past two"),
        ("10 to 5 on the 3 of June", "ten to five on the three of june"),
        ("Monday, 12 noon", "monday twelve noon"),
        ("9 30 or 10", "nine thirty or ten"),
        ("Can I move my 3 o'clock to 4:30 PM?", "can i move my three o'clock to four thirty pm"),
    ],
)
@pytest.mark.parametrize("asked", ["", "day", "time", "name", "reason"])
def test_figures_are_understood_as_the_words_for_them(figures: str, words: str, asked: str) -> None:
    assert read(figures, the_dentists(), asked) == read(words, the_dentists(), asked)
    assert best(figures, 1.0) == best(words, 1.0)


def test_digits_one_by_one_are_one_number_in_figures_too() -> None:
    assert read("5 5 5 1 2 3 4", FORM, "count") == [5551234]


def test_a_text_that_was_asked_for_keeps_its_figures() -> None:
    assert read("12 Oak Street, apartment 3.", FORM, "address") == ["12 oak street apartment 3"]


@pytest.mark.parametrize("text", ["19", "nineteen", "twenty five", "number two", "the 2nd"])
def test_a_number_is_no_name(text: str) -> None:
    assert read(text, FORM, "name") == []


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
def test_reading_costs_no_more_however_long_it_is(kind: str) -> None:
    def cost_s(words: int) -> float:
        text = " ".join(HOSTILE[kind](at) for at in range(words))
        message = ChatMessage(role=Role.USER, text=text[:MAX_UTTERANCE_CHARS], turn=1, at=AT)
        costs = []
        for _ in range(5):
            began = time.thread_time()
            script().react([message], {})
            costs.append(time.thread_time() - began)
        return min(costs)

    assert cost_s(6_000) < max(0.01, 4 * cost_s(MAX_WORDS))


def test_of_an_endless_utterance_the_end_is_read() -> None:
    message = ChatMessage(role=Role.USER, text="blah " * 1_000 + "i would like to book an appointment", turn=1, at=AT)
    words = the_dentists().read(State(), [message]).words
    assert len(words) == MAX_WORDS
    assert words[-3:] == ["book", "an", "appointment"]


@pytest.mark.parametrize("text", ["7" * 6_000, "one " * 1_500, "a'" * 3_000, "\u0663" * 6_000])
def test_numbers_without_end_are_read(text: str) -> None:
    asked = State()
    asked.ask(Question.SLOT, "How many?", slot="count")
    Hearing(COUNTING).read(asked, [ChatMessage(role=Role.USER, text=text, turn=1, at=AT)])


@pytest.mark.parametrize(
    "text",
    [
        "my kid chipped his front tooth",
        "my little boy knocked out his tooth",
        "i need a cleening on wensday",
        "i broke a tooth, help",
        "help i broke a tooth",
        "my tooth hurts what should i do",
    ],
)
def test_who_tells_what_has_happened_wants_an_appointment(text: str) -> None:
    assert best(text, 1.0) == "book"
