"""Where the text of one reply is in its audio, as far as the engine has told it, and by proportion where it has not.

A position in the text is how many characters are before it; one in the audio is in ms from the beginning of the reply.
A word has been heard when its audio has ended, that is when the next word, or the end of its piece, is reached; what
is behind the last word (punctuation, spaces) when its piece has ended. So the text heard is never more than was heard.
"""

import sys
from bisect import bisect_left, bisect_right, insort

AHEAD_MS = 300.0
"""The error in ms of a position that is estimated by proportion: text up to this far ahead may have begun."""
BLANKS = 2
"""The most characters of white space between two sentences, which belong to either of them."""

_BEHIND = sys.maxsize
"""A position behind all text, so that marks can be compared as plain tuples."""


class TextPlaces:
    """The places of words and pieces of one reply, told in any order.

    Args:
        text_start: where the text begins whose audio this is; what is before it was heard earlier.
    """

    def __init__(self, text_start: int) -> None:
        self.text_start = text_start
        self.words: list[tuple[float, int]] = []
        """For each word its beginning in the audio, in ms, and its end in the text."""
        self.pieces: list[tuple[float, int]] = []
        """For each piece of text its end in the audio, in ms, and in the text."""
        self.growing: tuple[float, int] | None = None
        """About where the piece that is being made will end, in the audio and in the text; None if none is
        being made."""

    def add_word(self, text_end: int, audio_ms: float) -> None:
        """Note that a word, which ends at `text_end` of the text, begins at `audio_ms` of the audio."""
        insort(self.words, (audio_ms, text_end))

    def add_piece(self, text_end: int, audio_ms: float) -> None:
        """Note that a piece of the text, which ends at `text_end`, ends at `audio_ms` of the audio."""
        insort(self.pieces, (audio_ms, text_end))
        self.growing = None

    def estimate_piece(self, text_end: int, audio_ms: float) -> None:
        """Note where the piece that is being made ends by now, about; it takes the place of the last such note."""
        self.growing = (audio_ms, text_end)

    def drop_after(self, text_end: int) -> None:
        """Forget the words and pieces that end behind `text_end`."""
        self.words = [(ms, end) for ms, end in self.words if end <= text_end]
        self.pieces = [(ms, end) for ms, end in self.pieces if end <= text_end]

    def known_end_ms(self, text_end: int) -> float | None:
        """Where the text up to `text_end` ends in the audio; None if the engine has not told it.

        An engine that speaks sentence by sentence has told it. For one that speaks all at once it is where the next
        word begins.
        """
        at = self._piece_with(text_end)
        if at is not None and self.pieces[at][1] - text_end <= BLANKS:
            return self.pieces[at][0]
        return next((audio_ms for audio_ms, ends in self.words if ends > text_end), None)

    def estimated_end_ms(self, text_end: int) -> float | None:
        """About where the text up to `text_end` ends in the audio, by its length; None if it is in no known piece."""
        at = self._piece_with(text_end)
        if at is None:
            return None
        from_ms, from_text = self.pieces[at - 1] if at else (0.0, self.text_start)
        to_ms, to_text = self.pieces[at]
        return from_ms + (to_ms - from_ms) * (text_end - from_text) / (to_text - from_text)

    def _piece_with(self, text_end: int) -> int | None:
        return next((at for at, (_, ends) in enumerate(self.pieces) if ends >= text_end), None)

    @property
    def by_proportion(self) -> bool:
        """Whether positions inside a piece are estimated by proportion, since no words of it are placed."""
        return bool(self.pieces or self.growing) and not self.words

    def text_begun(self, audio_ms: float) -> int:
        """The end of the text whose audio begins before `audio_ms`."""
        begun = bisect_left(self.words, (audio_ms,))
        if begun:
            # With each frame that is sent: a comparison, since `max` takes several times as long.
            word_end, piece_end = self.words[begun - 1][1], self.piece_end(audio_ms)
            return word_end if word_end > piece_end else piece_end
        entered = bisect_left(self.pieces, (audio_ms,)) + 1
        if self.growing is not None and entered > len(self.pieces):
            return self._share_of(self.growing, audio_ms)
        return self.pieces[:entered][-1][1] if self.pieces and not self.words else self.piece_end(audio_ms)

    def text_entered(self, audio_ms: float) -> int:
        """As `text_begun`; where no words are placed, the text that ends within `AHEAD_MS`, by proportion."""
        return self.text_begun(audio_ms) if self.words else self.text_ended(audio_ms + AHEAD_MS)

    def piece_end(self, audio_ms: float) -> int:
        """The end of the last piece whose audio ends by `audio_ms`."""
        if not self.pieces:
            return self.text_start
        ended = bisect_right(self.pieces, (audio_ms, _BEHIND))
        return self.pieces[ended - 1][1] if ended else self.text_start

    def text_ended(self, audio_ms: float) -> int:
        """The end of the text whose audio ends by `audio_ms`; by proportion in a piece whose words are not known."""
        piece_end = self.piece_end(audio_ms)
        if self.words:
            begun = bisect_right(self.words, (audio_ms, _BEHIND))
            return max(piece_end, self.words[begun - 2][1]) if begun > 1 else piece_end
        ended = bisect_right(self.pieces, (audio_ms, _BEHIND))
        if ended == len(self.pieces):
            return piece_end if self.growing is None else self._share_of(self.growing, audio_ms)
        return self._share_of(self.pieces[ended], audio_ms)

    def _share_of(self, ends: tuple[float, int], audio_ms: float) -> int:
        """The end of the text that was spoken by `audio_ms`, in proportion, of the piece that ends there."""
        ended = bisect_right(self.pieces, (audio_ms, _BEHIND))
        from_ms, from_text = self.pieces[ended - 1] if ended else (0.0, self.text_start)
        to_ms, to_text = ends
        if audio_ms >= to_ms:
            return to_text
        return from_text + int((to_text - from_text) * (audio_ms - from_ms) / (to_ms - from_ms))

    @property
    def text_last(self) -> int:
        """The end of all text whose place in the audio is known, in characters."""
        return max((end for marks in (self.words, self.pieces) for _, end in marks[-1:]), default=self.text_start)
