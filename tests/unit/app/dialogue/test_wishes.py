"""What becomes of several wishes of one utterance, in conversations with the dentist's agent."""

from collections.abc import Iterator

import pytest

from app.dialogue.model import ScriptModel
from app.tools.appointments import CALENDAR
from tests.eval.conversation import Conversation

MODEL = ScriptModel()
PRICES = "A check-up is sixty dollars"
HOURS = "We are open Monday to Friday"
ADDRESS = "We are at twelve Maple Street"
INSURANCE = "Yes, we accept all major dental insurances"


@pytest.fixture(autouse=True)
def empty_calendar() -> Iterator[None]:
    CALENDAR.clear()
    yield
    CALENDAR.clear()


async def heard(*said: str) -> str:
    """The last reply."""
    conversation = Conversation(MODEL)
    reply = ""
    for text in said:
        reply = await conversation.say(text)
    return reply


@pytest.mark.parametrize(
    ("said", "answers"),
    [
        ("how much is a filling and when are you open", (PRICES, HOURS)),
        ("when are you open and where are you", (HOURS, ADDRESS)),
        ("are you open on sunday? do you take insurance?", (HOURS, INSURANCE)),
        ("what are your hours and also the address please", (HOURS, ADDRESS)),
        ("i need a cleaning on monday, how much is it", (PRICES, "On Monday")),
        ("do you take insurance? i need a cleaning on monday", (INSURANCE, "On Monday")),
        ("can you book me tomorrow morning and tell me how much a cleaning costs", (PRICES, "What is it for")),
    ],
)
async def test_a_question_beside_another_wish_is_answered_too(said: str, answers: tuple[str, str]) -> None:
    reply = await heard(said)
    first, second = (reply.find(answer) for answer in answers)
    assert 0 <= first < second, reply


async def test_of_three_questions_each_is_answered_once() -> None:
    reply = await heard("how much is it and where are you and when are you open")
    assert [reply.count(answer) for answer in (PRICES, ADDRESS, HOURS)] == [1, 1, 1]


@pytest.mark.parametrize(
    ("said", "absent"),
    [
        ("how much is a cleaning and a filling", "Which day"),
        ("are you open on monday and tuesday", "On Monday"),
        ("where are you and is there parking", HOURS),
        ("thanks and goodbye", "What can I do"),
    ],
)
async def test_what_is_one_wish_is_not_divided(said: str, absent: str) -> None:
    assert absent not in await heard(said)


@pytest.mark.parametrize(
    "said", ["monday and how much is it", "how much is it? monday", "monday. by the way, what do you cost"]
)
async def test_a_question_beside_an_answer_costs_neither(said: str) -> None:
    reply = await heard("i need a cleaning", said)
    assert PRICES in reply
    assert "On Monday" in reply


async def test_a_yes_beside_a_question_is_one() -> None:
    conversation = Conversation(MODEL)
    for text in ("i need a cleaning on monday", "the first one", "bob", "yes and where are you"):
        reply = await conversation.say(text)
    assert ADDRESS in reply
    assert conversation.runs[-1].name == "book_appointment"


async def test_of_two_tasks_each_has_its_own_day() -> None:
    conversation = Conversation(MODEL)
    await conversation.say("cancel my appointment on friday and book a new one for monday")
    assert conversation.runs[-1].arguments == {"day": "2026-06-05"}
    await conversation.say("yes")
    assert conversation.runs[-1].name == "cancel_appointment"
    await conversation.say("a cleaning")
    assert conversation.runs[-1].arguments["day"] == "2026-06-08"


async def test_two_appointments_of_one_sentence_are_made_one_after_the_other() -> None:
    conversation = Conversation(MODEL)
    await conversation.say("i want to book a cleaning for monday and a filling for tuesday")
    for text in ("the first one", "tom"):
        await conversation.say(text)
    assert "Now to the other one." in await conversation.say("yes")
    for text in ("the second one", "yes"):
        await conversation.say(text)
    booked = [run.arguments for run in conversation.runs if run.name == "book_appointment"]
    assert [(each["reason"], each["day"]) for each in booked] == [
        ("cleaning", "2026-06-08"),
        ("filling", "2026-06-09"),
    ]


@pytest.mark.parametrize(
    "said", ["yes and book another one for my wife at ten", "yes, and also one for my wife at ten"]
)
async def test_what_is_wanted_besides_does_not_change_what_is_agreed_to(said: str) -> None:
    conversation = Conversation(MODEL)
    for text in ("i need a cleaning on monday", "the first one", "bob"):
        await conversation.say(text)
    reply = await conversation.say(said)
    booked = [run for run in conversation.runs if run.name == "book_appointment"]
    assert booked[0].arguments["time"] == "08:30"
    assert "Now to the one for your wife." in reply


async def test_a_day_for_two_is_the_day_of_both() -> None:
    conversation = Conversation(MODEL)
    reply = await conversation.say("i need a cleaning for me and my wife on monday")
    assert "On Monday" in reply
    for text in ("the first one", "bob"):
        await conversation.say(text)
    assert "Now to the one for your wife." in await conversation.say("yes")


@pytest.mark.parametrize(
    "said",
    [
        "i have a cleaning on friday and want to move it to monday",
        "i can't come on friday and would like to come on monday",
    ],
)
async def test_one_task_in_two_sentences_is_one(said: str) -> None:
    conversation = Conversation(MODEL)
    await conversation.say(said)
    assert [(run.name, run.arguments["day"]) for run in conversation.runs] == [
        ("find_appointment", "2026-06-05"),
        ("free_times", "2026-06-08"),
    ]


async def test_a_yes_with_a_change_is_a_change() -> None:
    conversation = Conversation(MODEL)
    for text in ("i need a cleaning on monday", "the first one", "bob", "yes but make it tuesday"):
        reply = await conversation.say(text)
    assert "On Tuesday" in reply


@pytest.mark.parametrize(
    "said",
    [
        "i need to cancel tomorrow's appointment, actually move it to friday",
        "cancel my appointment tomorrow no wait i need to move it to friday",
    ],
)
async def test_a_task_that_is_taken_back_is_not_begun(said: str) -> None:
    conversation = Conversation(MODEL)
    await conversation.say(said)
    assert [(run.name, run.arguments["day"]) for run in conversation.runs] == [
        ("find_appointment", "2026-06-04"),
        ("free_times", "2026-06-05"),
    ]
