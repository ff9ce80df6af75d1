"""What is said for words of a lexicon, and that every place in it leads back to the written text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors.agent import Pronunciation
from actors.rules.text.pronunciation import PronouncedReply

LEXICON = tuple(
    Pronunciation(word=word, say=say)
    for word, say in (
        ("Nguyen", "win"),
        ("La", "lah"),
        ("La Jolla", "la hoya"),
        ("O'Shea", "oh shay"),
        ("C++", "see plus plus"),
        ("重慶", "chóng qìng"),
    )
)


@pytest.mark.parametrize(
    ("written", "said"),
    [
        ("Nguyen is in La Jolla.", "win is in la hoya."),
        ("La, Nguyen's and Nguyens", "lah, win's and Nguyens"),
        ("nguyen NGUYEN", "nguyen NGUYEN"),
        ("O'Shea and O\N{RIGHT SINGLE QUOTATION MARK}Shea", "oh shay and oh shay"),
        ("We like C++.", "We like see plus plus."),
        ("我在重慶市", "我在chóng qìng市"),
        ("", ""),
    ],
)
def test_whole_words_are_said_as_the_lexicon_has_them(written: str, said: str) -> None:
    assert PronouncedReply(LEXICON).write(written) == said


def test_without_a_lexicon_all_is_said_as_it_is_written() -> None:
    reply = PronouncedReply(())
    assert reply.write("Nguyen") == "Nguyen"
    assert reply.word(0, 6) == (0, 6)


def test_words_and_ends_are_those_of_the_written_text() -> None:
    reply = PronouncedReply(LEXICON)
    assert reply.write("Ask Nguyen ") + reply.write("in La Jolla.") == "Ask win in la hoya."
    assert reply.word(0, 3) == (0, 3)
    assert reply.word(4, 7) == (4, 10)
    assert reply.end(8) == 11
    assert reply.word(8, 10) == (11, 13)
    assert reply.word(11, 13) == (14, 22)
    assert reply.word(14, 18) is None, "the second word that is said for one is not told again"
    assert reply.end(19) == 23


def test_a_word_that_is_only_partly_in_the_lexicon_keeps_its_bounds() -> None:
    reply = PronouncedReply(LEXICON)
    assert reply.write("Mai-Nguyen-Lee sings") == "Mai-win-Lee sings"
    assert reply.word(0, 11) == (0, 14)
    assert reply.word(12, 17) == (15, 20)


@given(st.lists(st.lists(st.sampled_from(["Nguyen", " ", "La Jolla", "x", ", ", "win"]), min_size=1).map("".join)))
def test_the_end_of_each_piece_is_its_end_and_no_place_goes_back(pieces: list[str]) -> None:
    reply = PronouncedReply(LEXICON)
    written = said = 0
    for piece in pieces:
        said += len(reply.write(piece))
        written += len(piece)
        assert reply.end(said) == written
    ends = [reply.end(at) for at in range(said + 1)]
    assert ends == sorted(ends)
