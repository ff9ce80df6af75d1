"""What is said for what is written, where text is cut, and where its words are."""

import pytest

from app.providers.hibari.text import MOST_CHARS, Span, aligned, clauses, speakable, words


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Call +12065550100 now.", "Call plus one, two zero six, five five five, zero one zero zero now."),
        ("(206) 555-0100", "two zero six, five five five, zero one zero zero"),
        ("Order 12345678.", "Order one two three, four five six, seven eight."),
        ("Code AB12C3, ABC-123.", "Code A B one two C three, A B C one two three."),
        ("We are open 9-5.", "We are open 9 to 5."),
        ("from 2025-2026", "from 2025 to 2026"),
        ("ca. 50, nr. 7", "about 50, number 7"),
        ("Bahnhofstr. 5, Mme. Dupont, Sra. Pérez", "Bahnhofstrasse 5, Madame Dupont, Señora Pérez"),
    ],
)
def test_what_would_be_read_as_a_sum_or_a_word_is_said(written: str, said: str) -> None:
    assert speakable(written) == said


@pytest.mark.parametrize(
    "text",
    [
        "2026-11-28",
        "12/01/2026",
        "555-0100",
        "at 2:30 PM",
        "$1,250.50",
        "It costs 1250000 dollars.",
        "3.14159265",
        "the 5TH of May",
        "Room 12-34-56",
        "OK, see you at the CIA.",
    ],
)
def test_what_the_normalizer_reads_well_is_left_to_it(text: str) -> None:
    assert speakable(text) == text


@pytest.mark.parametrize(
    "text",
    [
        "",
        "Yes.",
        "Good morning, how can I help you?",
        "One moment. I have nine thirty, ten or eleven on Thursday; which of these would you like to have?",
        "word " * 200,
        "x" * 1000,
        "🙂 ... \n",
    ],
)
def test_clauses_leave_nothing_out_and_are_bounded(text: str) -> None:
    spans = list(clauses(text))
    assert "".join(text[span.start : span.end] for span in spans) == text
    assert all(0 < span.end - span.start <= MOST_CHARS for span in spans)


def test_the_first_clause_is_short_and_sentences_stand_alone() -> None:
    text = "Good morning, how can I help you? Dr. Lee and Mme. Dupont are in."
    assert [text[start:end] for start, end in clauses(text)] == [
        "Good morning, ",
        "how can I help you? ",
        "Dr. Lee and Mme. Dupont are in.",
    ]


def test_words_are_written_words_without_punctuation() -> None:
    text = '- "Hello," she said: don\'t!'
    found = words(text, Span(0, len(text)))
    assert [text[start:end] for start, end in found] == ["Hello", "she", "said", "don't"]


@pytest.mark.parametrize(
    ("written", "spoken", "starts"),
    [
        (["we", "are", "open"], ["we", "are", "open"], [0, 1, 2]),
        (["at", "2:30", "PM"], ["at", "two", "thirty", "P.M."], [0, 1, 3]),
        (["call", "5550100", "now"], ["call", "five", "five", "five", "now"], [0, 1, 4]),
        (["one", "two"], ["1"], [0, 0]),
        (["only"], [], [0]),
        ([], ["spoken"], []),
    ],
)
def test_written_words_find_the_spoken_ones(written: list[str], spoken: list[str], starts: list[int]) -> None:
    assert aligned(written, spoken) == starts
