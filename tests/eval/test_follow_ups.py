"""What the dentist's dialogue makes of other people, holidays, and sentences that go on with the one before.

The sentences here stand in no file of the agent.
"""

import pytest

from app.dialogue.state import state_of
from tests.eval.corpus import AT
from tests.eval.text import TODAY, script
from tests.kit.script_talk import ScriptTalk

FREE = {"free_times": '{"status":"free_then","times":["14:00","15:00"],"offers":["14:00"]}'}
BOOKED = {"book_appointment": '{"status":"booked"}'}


class Talk(ScriptTalk):
    """A conversation with the script of the dentist."""

    def __init__(self) -> None:
        super().__init__(script(), AT, "Hello.")

    @property
    def arguments(self) -> dict[str, str]:
        """Those of the tool that is called."""
        assert self.call is not None
        return self.call[1]


@pytest.mark.parametrize(
    ("said", "whom"),
    [
        ("my grandson has chipped a tooth", "grandson"),
        ("our youngest knocked out a tooth and my sister is bleeding", "sister"),
        ("it's my mother, her tooth hurts", "mother"),
        ("my roommate is in pain", "roommate"),
    ],
)
def test_somebody_elses_emergency_is_urgent_and_their_name_is_asked_for(said: str, whom: str) -> None:
    talk = Talk()
    talk.say(said, "tomorrow at two", FREE)
    assert state_of(talk.memory).slots["reason"] == "pain"
    assert talk.last.text.endswith(f"And what is the first name of your {whom}, please?")
    assert "for Lena" in talk.say("lena")


def test_for_whom_it_is_may_be_said_in_an_answer() -> None:
    talk = Talk()
    talk.say("i need an appointment", "my niece broke a tooth", "tomorrow at two")
    assert "the first name of your niece" in talk.say(FREE)


def test_a_second_appointment_is_for_the_other_person_on_the_same_day() -> None:
    talk = Talk()
    talk.say("i need a cleaning on friday at two", FREE, "john", "yes", BOOKED)
    assert "What is it for" in talk.say("and my partner at 3")
    talk.say("a check up")
    assert talk.arguments == {"day": "2026-06-05", "near": "15:00"}
    assert "the first name of your partner" in talk.say(FREE)


@pytest.mark.parametrize("said", ["the same for my son", "my nephew too please", "one for my uncle as well"])
def test_the_same_for_somebody_else_asks_for_no_reason_again(said: str) -> None:
    talk = Talk()
    talk.say("i need a cleaning on friday at two", FREE, "john", "yes", BOOKED, said)
    assert talk.arguments == {"day": "2026-06-05"}
    assert state_of(talk.memory).slots["reason"] == "cleaning"
    assert "name" not in state_of(talk.memory).slots


@pytest.mark.parametrize(
    ("said", "whom"),
    [
        ("can i come for a cleaning tomorrow at 2 and also for my partner at 3", "partner"),
        ("a cleaning for me tomorrow at two and one for my nephew at three", "nephew"),
        ("put me down for a cleaning tomorrow at 2 and my aunt at 3 please", "aunt"),
    ],
)
def test_of_two_wishes_the_second_is_served_once_the_first_is(said: str, whom: str) -> None:
    talk = Talk()
    talk.say(said)
    assert talk.arguments == {"day": "2026-06-04", "near": "14:00"}
    assert talk.say(FREE, "john") == (
        "So that is a cleaning on Thursday, June fourth at two o'clock, for John. Shall I book it?"
    )
    after = talk.say("yes", BOOKED)
    assert f"Now to the one for your {whom}." in after
    assert "anything else" not in after
    if talk.last.call is None:  # what it is for, is asked again where it was not said to be the same
        talk.say("a check up")
    assert talk.arguments == {"day": "2026-06-04", "near": "15:00"}
    assert f"the first name of your {whom}" in talk.say(FREE)


def test_who_drops_the_first_wish_has_dropped_the_second() -> None:
    talk = Talk()
    talk.say("book me in for a cleaning tomorrow at 2 and also for my wife at 3", FREE, "never mind")
    assert talk.say("i need a cleaning on friday at two", FREE, "john", "yes", BOOKED).endswith("do for you?")


def test_what_is_asked_next_goes_on_with_the_question_before() -> None:
    talk = Talk()
    hours = talk.say("until when are you open")
    assert talk.say("and on sunday") == hours
    prices = talk.say("what does a filling cost")
    assert talk.say("and a cleaning") == prices
    assert talk.last.call is None


def test_what_goes_on_with_nothing_is_not_understood() -> None:
    assert "did not quite get that" in Talk().say("and my wife at three")


@pytest.mark.parametrize(
    ("said", "intent"),
    [
        ("will you be open on veterans day", "holidays"),
        ("is the clinic closed on boxing day", "holidays"),
        ("do you take patients on good friday", "holidays"),
        ("what time do you shut on new year's eve", "holidays"),
        ("is doctor okafor in on thursday", "staff"),
        ("when is mrs lindqvist working", "staff"),
        ("does dr ramirez have a day off tomorrow", "staff"),
        ("could doctor nakamura see me next week", "book"),
        ("i'd like to speak to doctor haddad", "person"),
        ("are you open on friday", "hours"),
    ],
)
def test_holidays_and_people_by_name_have_answers_of_their_own(said: str, intent: str) -> None:
    match = script().intent_of(said, TODAY)
    assert match is not None
    assert match.intent == intent
