"""What the dentist's dialogue begins with a first sentence that may mean several things: a wrong guess asks, and does
not act. The sentences here stand in no file of the agent.
"""

from typing import Any

import pytest

from tests.eval.test_follow_ups import Talk
from tests.eval.text import TODAY, script


def arguments(talk: Talk) -> dict[str, Any]:
    """What the tool is called with that is called now."""
    assert talk.call is not None, "no tool is called"
    return talk.call[1]


@pytest.mark.parametrize(
    "said",
    [
        "can i come on wensday",
        "can i come on wednesday",
        "can i come tuesday",
        "can my son come on monday",
        "can i come on friday at 14h30",
        "can i come tomorrow at 9h",
        "can i come on the third",
        "may i come wednsday",
        "i need to come in on thirsday",
        "i want to come wenesday",
        "i want to come on thursday not friday",
        "i broke a tooth, help",
        "help i broke a tooth",
        "broke my tooth, please help me",
        "i took 2 tsp of painkiller and my tooth hurts",
        "i would like to see Dr. Müller",
    ],
)
def test_who_asks_whether_they_may_come_has_no_appointment_to_move(said: str) -> None:
    match = script().intent_of(said, TODAY)
    assert match is not None
    assert match.intent == "book"


@pytest.mark.parametrize(
    "said",
    [
        "could i come saterday",
        "can we come on monday",
        "i cant come on thursday",
        "move it",
        "14h30",
        "Hr. Müller",
        "2 tsp",
        "thursday is fine",
    ],
)
def test_what_may_be_several_things_begins_none_of_them(said: str) -> None:
    talk = Talk()
    talk.say(said)
    assert talk.last.call is None
    assert "i can book, move or cancel" in talk.last.text.lower() or "what is it for" in talk.last.text.lower()


def test_who_is_torn_is_served_when_they_say_which() -> None:
    talk = Talk()
    assert "book, move or cancel" in talk.say("can we come on monday")
    assert "What is it for" in talk.say("i would like to book an appointment")


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("can i come on wensday", "2026-06-10"),
        ("can i come thrusday", "2026-06-04"),
        ("can i come tusday", "2026-06-09"),
    ],
)
def test_the_day_is_the_one_that_was_meant(said: str, day: str) -> None:
    talk = Talk()
    talk.say(said, "a cleaning please")
    assert arguments(talk)["day"] == day


@pytest.mark.parametrize(
    ("said", "time"),
    [
        ("tomorrow at 14h30", "14:30"),
        ("tomorrow at 9h", "09:00"),
        ("tomorrow at 14.30", "14:30"),
        ("tomorrow at 9h05", "09:05"),
    ],
)
def test_the_time_is_the_one_that_was_written(said: str, time: str) -> None:
    talk = Talk()
    talk.say(f"can i come {said}", "a cleaning please")
    assert arguments(talk)["near"] == time


@pytest.mark.parametrize("said", ["my name is Hr. Müller", "Herr Müller", "it's Mrs. O'Brien", "Müller"])
def test_a_name_with_a_title_is_a_name_where_it_is_asked_for(said: str) -> None:
    free = {"free_times": '{"status":"free_then","times":["14:00"],"offers":["14:00"]}'}
    talk = Talk()
    talk.say("i need a cleaning tomorrow at 2 pm", free)
    assert "first name" in talk.last.text
    assert "Shall I book it" in talk.say(said)
