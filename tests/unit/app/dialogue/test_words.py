"""What callers say in figures is read as the words that they said."""

import pytest

from app.dialogue.words import plain, with_dates_in_words, words_of, written_words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("At 2:30 PM.", "at two thirty pm"),
        ("10:30pm", "ten thirty pm"),
        ("5:05 or 10:00 a.m.", "five oh five or ten 00 a m"),
        ("June 3rd, the 21st", "june third the twenty first"),
        ("2 guests, 19 nights, 42", "two guests nineteen nights forty two"),
        ("0 or 5 5 5", "zero or five five five"),
        ("at 14h30 or 9h05", "at fourteen thirty or nine oh five"),
        ("at 9h, in 2h, 24h", "at nine o'clock in 2h 24h"),
        ("9h please", "nine o'clock please"),
        ("930, room 101", "930 room 101"),
        ("It costs $1,200.", "it costs 1200"),
        ("the 99th and the 0th", "the 99th and the 0th"),
        ("AB12, 3x", "ab12 3x"),
        ("\u0663", "\u0663"),
        ("I can't, it's TEN o'clock", "i can't it's ten o'clock"),
    ],
)
def test_figures_are_words_as_far_as_all_say_them_alike(written: str, said: str) -> None:
    assert words_of(written) == said.split()


def test_written_words_keep_their_figures() -> None:
    assert written_words("At 2:30pm, for 1,200!") == ["at", "2", "30", "pm", "for", "1200"]


def test_plain_keeps_apostrophes_inside_words() -> None:
    assert plain("  It\u2019s TEN o'clock, 'isn't' it? ") == "it's ten o'clock isn't it"


@pytest.mark.parametrize(
    ("text", "month_first", "day_first"),
    [
        ("on 6/15", "on june 15th", "on june 15th"),
        ("15/6/2026", "june 15th", "june 15th"),
        ("3/4", "march 4th", "april 3th"),
        ("15.6. or 15.6.2026", "june 15th or june 15th", "june 15th or june 15th"),
        ("2026-06-15", "june 15th", "june 15th"),
        ("13/13, 1.5, 0/4, 12.30", "13/13, 1.5, 0/4, 12.30", "13/13, 1.5, 0/4, 12.30"),
    ],
)
def test_dates_in_figures_are_words(text: str, month_first: str, day_first: str) -> None:
    assert with_dates_in_words(text, is_day_first=False) == month_first
    assert with_dates_in_words(text, is_day_first=True) == day_first
    assert "third" in words_of(with_dates_in_words("4/3", is_day_first=False))
