"""WebVTT as a stranger's parser reads it."""

from io import StringIO

import pytest
import webvtt
from webvtt.errors import MalformedFileError

from protocol.webvtt import Cue, write


def parsed(text: str) -> list[tuple[str, str, str | None, str]]:
    """Start, end, voice and text of each cue."""
    captions = webvtt.from_buffer(StringIO(text)).captions
    return [(caption.start, caption.end, caption.voice, caption.text) for caption in captions]


def test_cues_are_read_as_they_were_written_in_the_order_in_which_they_begin() -> None:
    later = Cue(start_ms=3_723_456.4, end_ms=3_724_000, voice="speaker 2", text="Second.")
    first = Cue(start_ms=0, end_ms=1_500, voice="caller", text="First, in  two\n\nlines.")
    assert parsed(write([later, first])) == [
        ("00:00:00.000", "00:00:01.500", "caller", "First, in two lines."),
        ("01:02:03.456", "01:02:04.000", "speaker 2", "Second."),
    ]


def test_a_document_without_cues_is_one() -> None:
    assert parsed(write([])) == []


def test_the_parser_refuses_what_is_no_webvtt() -> None:
    with pytest.raises(MalformedFileError):
        webvtt.from_buffer(StringIO("00:00.000 --> 00:01.000\nFirst.\n"))


def test_what_would_be_a_tag_or_the_end_of_a_cue_is_text() -> None:
    cue = Cue(start_ms=0, end_ms=10, voice="a>b\nc", text="1 < 2 --> &amp; <b>\x00")
    text = write([cue])
    assert text == (
        "WEBVTT\n\n00:00:00.000 --> 00:00:00.010\n"
        "<v a&gt;b c>1 &lt; 2 --&gt; &amp;amp; &lt;b&gt;\N{REPLACEMENT CHARACTER}\n"
    )
    assert len(parsed(text)) == 1


def test_a_cue_without_text_is_left_out_and_one_without_length_is_shown() -> None:
    empty = Cue(start_ms=0, end_ms=10, voice="caller", text=" \n ")
    instant = Cue(start_ms=-5, end_ms=-5, voice="", text="Now.")
    assert parsed(write([empty, instant])) == [("00:00:00.000", "00:00:00.001", None, "Now.")]


def test_a_note_on_a_cue_stands_before_it_and_is_shown_to_nobody() -> None:
    noted = Cue(start_ms=0, end_ms=10, voice="A", text="Weekly.", note="sources: care.md#a --> b\n\n2 <c>")
    text = write([noted, Cue(start_ms=20, end_ms=30, voice="B", text="Thanks.")])
    assert "NOTE sources: care.md#a --&gt; b 2 &lt;c&gt;\n\n00:00:00.000 --> 00:00:00.010\n<v A>Weekly.\n" in text
    assert [cue[3] for cue in parsed(text)] == ["Weekly.", "Thanks."]
