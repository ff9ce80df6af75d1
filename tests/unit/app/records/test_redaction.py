"""Planted values are gone, and what says nothing of anybody stays."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.records.redaction import compiled, redacted


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("my card is 4111 1111 1111 1111, thanks", "my card is [card], thanks"),
        ("4111-1111-1111-1111", "[card]"),
        ("call +1 (206) 555-0100 back", "call [phone] back"),
        ("0171 1234567", "[phone]"),
        ("the code is 48213.", "the code is [number]."),
        ("write to Ann.Lee+x@mail.example.org now", "write to [mail] now"),
        ("it is ann dot lee at mail dot example", "it is [mail]"),
        ("five five five, zero one double zero please", "[digits] please"),
        ("Fünf eins zwei drei", "[digits]"),
        ("twenty three forty five eleven twelve", "[digits]"),
        ("5 5 5 zero", "[digits]"),
        ("1 2 3 4 5 6", "[number]"),
        ("account DE-44-XK", "account [redacted]"),
    ],
)
def test_planted_values_are_left_out(said: str, shown: str) -> None:
    assert redacted(said, compiled([r"\b[A-Z]{2}-\d\d-[A-Z]{2}\b"])) == shown


@pytest.mark.parametrize(
    "said",
    [
        "a table for two at half past seven",
        "on 2026-11-28 at 10:30, or 28.11.2026",
        "one of the three is free, not four",
        "room 1204",
        "I am at home",
        "",
    ],
)
def test_what_says_nothing_of_anybody_stays(said: str) -> None:
    assert redacted(said) == said


def test_a_pattern_that_is_none_is_named() -> None:
    with pytest.raises(ValueError, match="no regular expression"):
        compiled(["(unfinished"])


@given(st.lists(st.sampled_from("0123456789 -.()+ab@"), max_size=80).map("".join))
def test_no_row_of_seven_digits_is_left_but_in_dates(text: str) -> None:
    left = re.sub(r"\d{4}-\d{1,2}-\d{1,2}|\d{1,2}[./]\d{1,2}[./]\d{2,4}", "", redacted(text))
    assert re.search(r"\d{7}", left) is None
