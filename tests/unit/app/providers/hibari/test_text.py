"""Where text is cut, and where its words are."""

import pytest

from app.providers.hibari.text import MOST_CHARS, Span, aligned, clauses, words


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
    text = "Good morning, how can I help you? Dr. Lee, Hr. Vogt and Mme. Dupont are on Fl. 2, tel. 5."
    assert [text[start:end] for start, end in clauses(text)] == [
        "Good morning, ",
        "how can I help you? ",
        "Dr. Lee, Hr. Vogt and Mme. Dupont are on Fl. 2, tel. 5.",
    ]


@pytest.mark.parametrize(
    "sentence",
    [
        "Come on Dec. 3rd at noon.",
        "Sat. Dec. 5 is free.",
        "Rev. King, Capt. Lee and Lt. Dan.",
        "At Ft. Hood, Hwy. 5, Ste. 200.",
        "Order no. 4711 is there.",
        "Acme Inc. is closed.",
        "It is incl. VAT, est. 1990.",
        "Am 3. Mai, z. B. um 5.",
    ],
)
def test_abbreviations_and_ordinals_end_no_sentence(sentence: str) -> None:
    text = f"{sentence} Then we go."
    assert len(sentence) + 1 in [end for _, end in clauses(text)]
    assert "".join(text[start:end] for start, end in clauses(text)) == text
    assert [end for start, end in clauses(text) if text[start:end].rstrip().endswith(".")] == [
        len(sentence) + 1,
        len(text),
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
