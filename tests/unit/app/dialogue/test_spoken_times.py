"""Times of day as people say them."""

from datetime import time

import pytest

from app.dialogue.spoken_times import read_time, say_time
from app.dialogue.words import words_of


@pytest.mark.parametrize(
    ("said", "moment"),
    [
        ("ten", "10:00"),
        ("three", "15:00"),
        ("at three", "15:00"),
        ("three o'clock", "15:00"),
        ("half past three", "15:30"),
        ("quarter to four", "15:45"),
        ("a quarter past nine", "09:15"),
        ("ten to nine", "08:50"),
        ("twenty past one", "13:20"),
        ("quarter to one", "12:45"),
        ("three thirty", "15:30"),
        ("nine forty five", "09:45"),
        ("nine oh five", "09:05"),
        ("ten fifteen p m", "22:15"),
        ("ten a.m.", "10:00"),
        ("10:30", "10:30"),
        ("5:05", "17:05"),
        ("930", "09:30"),
        ("at 1015", "10:15"),
        ("1234 pm", "12:34"),
        ("12 noon", "12:00"),
        ("3pm", "15:00"),
        ("15:30", "15:30"),
        ("noon", "12:00"),
        ("midnight", "00:00"),
        ("twelve midnight", "00:00"),
        ("twelve thirty", "12:30"),
    ],
)
def test_times(said: str, moment: str) -> None:
    words = words_of(said)
    assert read_time(words, 0, "07:30", bare=True) == (moment, len(words))


def test_the_part_of_the_day_settles_a_time() -> None:
    assert read_time(words_of("eight in the evening"), 0, "07:30", bare=True) == ("20:00", 1)
    assert read_time(words_of("in the morning at six"), 3, "07:30") == ("06:00", 2)


@pytest.mark.parametrize("said", ["three", "one", "people", "thirty"])
def test_a_lone_number_is_no_time_unless_one_was_asked_for(said: str) -> None:
    assert read_time([said], 0, "07:30") is None


@pytest.mark.parametrize("said", ["the first one", "that one", "the last one"])
def test_one_is_no_time_where_it_stands_for_a_thing(said: str) -> None:
    words = words_of(said)
    assert read_time(words, len(words) - 1, "07:30", bare=True) is None


def test_a_time_that_is_said_is_read_back() -> None:
    for minutes in range(7 * 60 + 30, 19 * 60 + 30, 5):
        moment = time(minutes // 60, minutes % 60)
        words = words_of(say_time(moment))
        assert read_time(words, 0, "07:30", bare=True) == (f"{moment:%H:%M}", len(words))


def test_one_that_is_pointed_at_is_no_minute_and_a_number_of_an_offer_is_no_hour() -> None:
    assert read_time(words_of("the 1:30 one"), 1, "07:30", bare=True) == ("13:30", 2)
    assert read_time(words_of("one thirty one"), 0, "07:30", bare=True) == ("13:31", 3)
    assert read_time(words_of("number two"), 1, "07:30", bare=True) is None
    assert read_time(words_of("the afternoon one"), 2, "07:30", bare=True) is None
