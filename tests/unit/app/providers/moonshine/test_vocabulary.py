"""Pieces of words: read from a file, put together to text, found in text."""

from app.providers.moonshine.vocabulary import Vocabulary, read_pieces

PIECES = ["<unk>", "<s>", "</s>", "<0x41>", "\u2581yes", "\u2581pl", "ease", "\u2581", "y", "e", "s", "\u2581yes"]
VOCABULARY = Vocabulary([piece.encode() for piece in PIECES])


def test_pieces_are_read_by_their_lengths() -> None:
    long = b"x" * 300
    assert read_pieces(b"\x02ab\x00" + bytes([128 + 300 % 128, 300 // 128]) + long + b"\x01z") == [
        b"ab",
        b"",
        long,
        b"z",
    ]


def test_pieces_make_text() -> None:
    assert VOCABULARY.text([4, 5, 6]) == "yes please"
    assert VOCABULARY.text([3, 4]) == "A yes"
    assert VOCABULARY.text([]) == ""
    assert len(VOCABULARY) == len(PIECES)


def test_bytes_that_are_no_text_are_left_out() -> None:
    assert Vocabulary([b"<0xC3>", b"<0xA9>", b"x"]).text([0, 2]) == "x"
    assert Vocabulary([b"<0xC3>", b"<0xA9>", b"x"]).text([0, 1]) == "\u00e9"


def test_text_is_split_into_the_longest_pieces() -> None:
    assert VOCABULARY.numbers("yes please") == [4, 5, 6]
    assert VOCABULARY.numbers("yes  yes") == [4, 4]
    assert VOCABULARY.numbers("see") == [7, 10, 9, 9]


def test_text_that_has_no_pieces_has_no_numbers() -> None:
    assert VOCABULARY.numbers("yes \u00fc") == []
    assert VOCABULARY.numbers("") == []


def test_marks_are_the_pieces_without_a_letter() -> None:
    vocabulary = Vocabulary(
        [piece.encode() for piece in ("a", ",", "a.", "<0x2C>", "\u2581...", "\u2581", "</s>", "1")]
    )
    assert vocabulary.marks == {1, 3, 4, 6}


def test_a_word_begins_with_a_blank() -> None:
    assert VOCABULARY.begins_word(PIECES.index("\u2581yes"))
    assert not VOCABULARY.begins_word(PIECES.index("ease"))


def test_commas_are_marks_of_their_own() -> None:
    vocabulary = Vocabulary([piece.encode() for piece in ("yes", ",", "\u2581,", ".", ",.", "</s>")])
    assert vocabulary.commas == {1, 2}
    assert vocabulary.marks == {1, 2, 3, 4, 5}
