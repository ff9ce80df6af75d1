"""What is spoken of a text, and where."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.providers.espeak.text import (
    CLAUSE_PAUSE_MS,
    COMMA_PAUSE_MS,
    SEGMENT_CHARS,
    SENTENCE_PAUSE_MS,
    has_speech,
    segments,
    spoken,
    words,
)


@given(st.text())
def test_positions_stay(text: str) -> None:
    assert len(spoken(text)) == len(text)


@given(st.text())
def test_segments_are_short_and_are_the_whole_text(text: str) -> None:
    cuts = list(segments(text))
    assert [cut.start for cut in cuts] == [0, *(cut.end for cut in cuts[:-1])]
    assert cuts[-1].end == len(text)
    assert all(cut.end - cut.start <= SEGMENT_CHARS for cut in cuts)


@given(st.text())
def test_words_are_in_order_and_bare(text: str) -> None:
    last_end = 0
    for word in words(text):
        assert last_end <= word.start < word.end <= len(text)
        assert not text[word.start : word.end].isspace()
        last_end = word.end


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("plain text, as it is.", "plain text, as it is."),
        ("well 😀 done 👍🏽!", "well   done   !"),
        ("from 🇩🇪 with ❤️", "from    with   "),
        ("at 20 °C for 5 € or 3 ½", "at 20 °C for 5 € or 3 ½"),
        ("\x0150P\x00 no\x7f command\u200b", " 50P  no  command "),
        ("Dr. Smith and Mrs. Jones, vs. no one", "Dr  Smith and Mrs  Jones, vs  no one"),
        ("She is a Dr. ", "She is a Dr. "),
        ("two\nlines", "two\nlines"),
        ("naïve 你好", "naïve 你好"),
    ],
)
def test_what_is_spoken(text: str, expected: str) -> None:
    assert spoken(text) == expected


@pytest.mark.parametrize(
    ("text", "pause_ms"),
    [
        ("One, ", COMMA_PAUSE_MS),
        ("One; ", CLAUSE_PAUSE_MS),
        ('He said "one." ', SENTENCE_PAUSE_MS),
        ("你好。", SENTENCE_PAUSE_MS),
        ("one ", 0),
        ("", 0),
    ],
)
def test_the_pause_is_that_of_the_punctuation(text: str, pause_ms: int) -> None:
    assert [cut.pause_ms for cut in segments(text)] == [pause_ms]


def test_a_long_text_is_cut_at_the_end_of_a_sentence() -> None:
    text = (
        "This one is short, and this is not a sentence. " + "This one comes after it, and is a good deal longer? " * 3
    )
    assert [cut.end for cut in segments(text)] == [text.index("?") + 2, len(text)]


def test_a_long_sentence_is_cut_at_a_clause_then_at_a_space() -> None:
    text = "a" * 50 + ", " + "b" * 60 + " " + "c" * 60 + " " + "d" * 70
    assert [text[cut.start : cut.end].rstrip() for cut in segments(text)] == [
        "a" * 50 + ",",
        "b" * 60,
        "c" * 60,
        "d" * 70,
    ]


def test_words_leave_punctuation_out() -> None:
    text = '"Hello," it\'s (only) €5.20, 你好! --- ok?'
    assert [text[word.start : word.end] for word in words(text)] == ["Hello", "it's", "only", "€5.20", "你", "好", "ok"]


@pytest.mark.parametrize(("text", "expected"), [("", False), (" . ", False), ("a", True), ("5", True), ("你", True)])
def test_punctuation_is_no_speech(text: str, expected: bool) -> None:
    assert has_speech(text) is expected
