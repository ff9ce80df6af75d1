"""Days, times and numbers as people say them. Today is Wednesday, the third of June 2026."""

from datetime import date, time, timedelta

import pytest

from app.dialogue.times import ordinal_choice, read_day, read_number, read_time, say_day, say_number, say_time
from app.dialogue.words import words_of

TODAY = date(2026, 6, 3)


@pytest.mark.parametrize(
    ("said", "day"),
    [
        ("today", "2026-06-03"),
        ("tomorrow", "2026-06-04"),
        ("the tent of june", "2026-06-10"),
        ("the forth of july", "2026-07-04"),
        ("the day after tomorrow", "2026-06-05"),
        ("thursday", "2026-06-04"),
        ("wednesday", "2026-06-10"),
        ("fridays", "2026-06-05"),
        ("this friday", "2026-06-05"),
        ("next friday", "2026-06-12"),
        ("next monday", "2026-06-08"),
        ("monday next week", "2026-06-08"),
        ("next week on tuesday", "2026-06-09"),
        ("monday the eighth", "2026-06-08"),
        ("in two weeks", "2026-06-17"),
        ("in a week", "2026-06-10"),
        ("a week from today", "2026-06-10"),
        ("the third of june", "2026-06-03"),
        ("june the twenty first", "2026-06-21"),
        ("june thirtieth", "2026-06-30"),
        ("july 4", "2026-07-04"),
        ("12th of june", "2026-06-12"),
        ("the eight of june", "2026-06-08"),
        ("twenty five of june", "2026-06-25"),
        ("the second of june", "2027-06-02"),
        ("the twenty ninth of february", "2028-02-29"),
        ("the fifteenth", "2026-06-15"),
        ("the second", "2026-07-02"),
        ("the fifteen", "2026-06-15"),
        ("the twenty one", "2026-06-21"),
    ],
)
def test_days(said: str, day: str) -> None:
    words = words_of(said)
    assert read_day(words, 0, TODAY, bare=True) == (day, len(words))


@pytest.mark.parametrize(
    "said",
    [
        *("the second one", "the first available", "soon", "the thirty first of june", "eight of us", "the eight", ""),
        *("fifteen", "the fifteen thirty", "the fifteen people", "the thirty two"),
    ],
)
def test_what_is_no_day(said: str) -> None:
    assert read_day(words_of(said), 0, TODAY, bare=True) is None


def test_a_small_ordinal_is_a_day_only_if_one_was_asked_for() -> None:
    assert read_day(["the", "second"], 0, TODAY) is None
    assert read_day(["the", "twelfth"], 0, TODAY) == ("2026-06-12", 2)


def test_an_ordinal_without_its_end_is_a_day_only_if_one_was_asked_for() -> None:
    assert read_day(["the", "fifteen"], 0, TODAY) is None
    assert read_day(["the", "fifteen", "please"], 0, TODAY, bare=True) == ("2026-06-15", 2)


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


def test_what_is_said_is_read_back() -> None:
    for ahead in range(1, 365):
        day = TODAY + timedelta(days=ahead)
        words = words_of(say_day(day))
        assert read_day(words, 0, TODAY) == (day.isoformat(), len(words))
    for minutes in range(7 * 60 + 30, 19 * 60 + 30, 5):
        moment = time(minutes // 60, minutes % 60)
        words = words_of(say_time(moment))
        assert read_time(words, 0, "07:30", bare=True) == (f"{moment:%H:%M}", len(words))
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
