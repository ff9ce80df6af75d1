"""What is certain to end a sentence, and what may still be open."""

# ruff: noqa: RUF001 - punctuation of several scripts is what this file is about

import pytest

from actors.rules.text.sentence_end import ends_surely, open_marks


@pytest.mark.parametrize(
    ("text", "is_sure"),
    [
        ("Is it free?", True),
        ("Yes!", True),
        ("We are closed.", True),
        ("closed.", True),
        ("I see you.", True),
        ("It is well-known.", True),
        ("Wir schließen.", True),
        ("Pouvez-vous venir ?", True),
        ("Pouvez-vous venir\u00a0!", True),
        ("好的。", True),
        ("いいですか？", True),
        ("नमस्ते।", True),
        ("هل أنت هنا؟", True),
        ("x" * 20 + " word.", True),
        # may be an abbreviation, a name, a number, an address, or go on
        ("It is for us.", False),
        ("The def.", False),
        ("I see Peter.", False),
        ("in the usa.", False),
        ("It is approx.", False),
        ("in the Bahnhofstr.", False),
        ("gegebenenfalls bzw.", False),
        ("I will ask prof.", False),
        ("Is it 5?", False),
        ("It costs 20.", False),
        ("Go to example.com?", False),
        ("See a/b?", False),
        ("I wonder...", False),
        ("I wonder…", False),
        ("I wonder,", False),
        ("Wait?!", False),
        ("9。", False),
        ("", False),
        ("?", False),
        (" ?", False),
        ("closed. ", False),
        ("x" * 100 + ".", False),
    ],
)
def test_what_ends_surely(text: str, is_sure: bool) -> None:
    assert ends_surely(text) is is_sure


@pytest.mark.parametrize(
    ("before", "text", "open_now"),
    [
        ("", "plain text, isn't it", ""),
        ("", 'She said "yes', '"'),
        ('"', 'yes" and', ""),
        ("", "„Ja“ und „nein", "„"),
        ("", "“Yes” and “no", "“"),
        ("", "«oui» et «non", "«"),
        ("", "»ja« und »nein", "»"),
        ("", "He said 'no", "'"),
        ("", "He said 'no' to the guests' wishes", ""),
        ("", "(a [b] c", "("),
        ("(", "a) b)", ""),
        ("", "「はい", "「"),
        ("", "**Note:** it is *very", "*"),
        ("", "the tool free_times and _this", "_"),
        ("", "2 * 3 and\n* a bullet", ""),
        ('"', "a new\nline", ""),
        ("", 'an open "quote\nand (a bracket', "("),
    ],
)
def test_what_is_open(before: str, text: str, open_now: str) -> None:
    assert open_marks(before, text) == open_now
