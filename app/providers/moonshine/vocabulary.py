"""The pieces of words that Moonshine writes, numbered: text from numbers, and numbers from text."""

import re
from collections.abc import Iterable, Sequence

WORD_BEGINS = "\u2581"
"""The character that stands for the blank before a word."""
PIECE_MAX_BYTES = 24
"""The most bytes of a piece into which text is split."""

_MARK = re.compile(rb"(?:\xe2\x96\x81)?[-,.;:?!]+|</s>")
_QUESTION_MARK = re.compile(rb"(?:\xe2\x96\x81)?\?")
_COMMA = re.compile(rb"(?:\xe2\x96\x81)?,")
_BYTE = re.compile(rb"<0x([0-9A-F]{2})>")


def read_pieces(data: bytes) -> list[bytes]:
    """The vocabulary in the order of its numbers.

    In the file each piece follows its length: one byte, or from 128 on two, of which the second counts 128s.
    """
    pieces: list[bytes] = []
    at = 0
    while at < len(data):
        length = data[at]
        at += 1
        if length >= 128:
            length += (data[at] - 1) * 128
            at += 1
        pieces.append(data[at : at + length])
        at += length
    return pieces


class Vocabulary:
    """The pieces of one model. Immutable: all threads share it."""

    def __init__(self, pieces: Sequence[bytes]) -> None:
        self._pieces = [_raw(piece) for piece in pieces]
        # Where two pieces are alike, the first is the one that the model writes.
        self.marks = self._alike(_MARK)
        """The pieces that are punctuation or the end of the text."""
        self.commas = self._alike(_COMMA)
        self.question_marks = self._alike(_QUESTION_MARK)
        self._numbers = {piece: number for number, piece in reversed(list(enumerate(pieces)))}

    def _alike(self, pattern: re.Pattern[bytes]) -> frozenset[int]:
        return frozenset(number for number, piece in enumerate(self._pieces) if pattern.fullmatch(piece))

    def __len__(self) -> int:
        return len(self._pieces)

    def text(self, numbers: Iterable[int]) -> str:
        """What these pieces spell; bytes that are no text are left out."""
        joined = b"".join(self._pieces[number] for number in numbers)
        return joined.decode("utf-8", "ignore").replace(WORD_BEGINS, " ").strip()

    def begins_word(self, number: int) -> bool:
        """Whether a blank stands before this piece."""
        return self._pieces[number].startswith(WORD_BEGINS.encode())

    def numbers(self, text: str) -> list[int]:
        """The pieces of a phrase, each the longest that fits; empty if a part of it has none."""
        rest = "".join(WORD_BEGINS + word for word in text.split()).encode()
        numbers: list[int] = []
        while rest:
            lengths = range(min(len(rest), PIECE_MAX_BYTES), 0, -1)
            length = next((size for size in lengths if rest[:size] in self._numbers), 0)
            if not length:
                return []
            numbers.append(self._numbers[rest[:length]])
            rest = rest[length:]
        return numbers


def _raw(piece: bytes) -> bytes:
    """A piece as it is in text: one that names a byte is that byte."""
    byte = _BYTE.fullmatch(piece)
    return bytes([int(byte[1], 16)]) if byte else piece
