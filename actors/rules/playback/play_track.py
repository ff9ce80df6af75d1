"""One reply in playout: the audio of it that is still to be sent, where its text is in its audio, and what was heard.

A word has been heard when its audio has ended, that is when the next word, or the end of its piece, is reached; what
is behind the last word (punctuation, spaces) when its piece has ended. So the text heard is never more than was heard.
"""

import sys
from bisect import bisect_left, bisect_right, insort
from collections import deque
from enum import Enum

from actors.conversation import PositionPrecision, UtteranceKind
from actors.rules.audio import pause_near
from actors.rules.playback.frames import Hearing

ROUNDING_MS = 1e-6
"""Two positions that differ by less than this many ms are the same."""
AHEAD_MS = 300.0
"""How wrong a position may be, in ms, that is estimated by proportion: text up to so far ahead may have begun."""
BLANKS = 2
"""How many characters of white space may lie between two sentences: they belong to either of them."""

_BEHIND = sys.maxsize
"""Behind every position in a text: so that marks are found by tuples alone, without a function for each comparison."""


class TrackEnd(Enum):
    """How the audio of a reply ends."""

    WHOLE = "whole"
    """All of its text is spoken."""
    CUT_SHORT = "cut short"
    """Its audio ended before its text: a word that has begun may not have been spoken to its end."""


class PlayTrack:
    """One reply. A position in its text is how many characters are before it.

    Args:
        reply: its number.
        kind: what kind of utterance it is.
        turn: the turn whose reply it is.
        text_start: how much of its text was heard before.
        rate_hz: of its audio.
    """

    def __init__(self, reply: int, kind: UtteranceKind, turn: int, text_start: int, rate_hz: int) -> None:
        self._rate_hz = rate_hz
        self.reply = reply
        self.kind = kind
        self.turn = turn
        self.text_start = text_start
        self.chunks: deque[bytes] = deque()
        self._taken_of_chunk = 0
        """Bytes at the beginning of the first chunk that were taken."""
        self.buffered_bytes = 0
        self.taken_bytes = 0
        self.frames = 0
        self.end: TrackEnd | None = None
        """None while more audio of it is to be added."""
        self.is_flushed = False
        """What waits of it is sent though it is less than a frame: nothing is on its way that would complete it."""
        self.closed = False
        """The last frame was taken."""
        self.held_bytes: int | None = None
        """Audio behind so many bytes is not sent as yet; None: all is."""
        self.held_text: int | None = None
        """Audio of text behind this character is not sent as yet either; None: all is."""
        self.start_ms: float | None = None
        """Where it begins on the line of all audio; None while nothing of it is on its way."""
        self.heard_ms = 0.0
        self.text_heard = text_start
        self.words: list[tuple[float, int]] = []
        """Where each word begins in the audio, and where it ends in the text."""
        self.pieces: list[tuple[float, int]] = []
        """Where each piece ends in the audio, and in the text."""
        self.growing: tuple[float, int] | None = None
        """About where the piece ends that is being made, in the audio and in the text; None if none is."""

    def add_audio(self, pcm: bytes) -> None:
        """Add audio to the end of the reply; ignored once the reply has ended."""
        if pcm and self.end is None:
            self.chunks.append(pcm)
            self.buffered_bytes += len(pcm)

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

    def pop_audio(self, size_bytes: int) -> bytes:
        """Remove and return the next `size_bytes` of audio; fewer where there is no more."""
        begin, end = self._taken_of_chunk, self._taken_of_chunk + size_bytes
        # A frame is nearly always part of one chunk, and not the end of it; an engine's chunks are large.
        if self.held_bytes is None and self.chunks and end < len(self.chunks[0]):
            self._taken_of_chunk = end
            self.buffered_bytes -= size_bytes
            self.taken_bytes += size_bytes
            return self.chunks[0][begin:end]
        return self._pop_pieces(size_bytes)

    def _pop_pieces(self, size_bytes: int) -> bytes:
        """As `pop_audio`, of as many chunks as it takes."""
        if size_bytes > self.buffered_bytes:
            size_bytes = self.buffered_bytes
        if self.held_bytes is not None:
            size_bytes = min(size_bytes, self.held_bytes - self.taken_bytes)
        self.buffered_bytes -= size_bytes
        self.taken_bytes += size_bytes
        parts = b""
        while size_bytes:
            chunk, begin = self.chunks[0], self._taken_of_chunk
            part = chunk[begin : begin + size_bytes]
            size_bytes -= len(part)
            self._taken_of_chunk += len(part)
            if self._taken_of_chunk == len(chunk):
                self.chunks.popleft()
                self._taken_of_chunk = 0
            parts = parts + part if parts else part
        return parts

    def cut_after(self, text_end: int) -> bool:
        """Forget the text behind `text_end`, and its audio as far as that was not taken. The reply ends there.

        Returns False, and does nothing, while it is not known where that text ends in the audio. If all audio of the
        reply has come and that is still not known, all of it is kept.
        """
        audio_ms = self._end_in_audio(text_end)
        if audio_ms is not None:
            self._drop_after(text_end, int(audio_ms * self._rate_hz / 1000) * 2)
            self.add_piece(text_end, audio_ms)
        elif self.end is None:
            return False
        self.end = self.end or TrackEnd.WHOLE
        return True

    def _end_in_audio(self, text_end: int) -> float | None:
        """Where the text up to `text_end` ends in the audio, in ms; None if that is not known.

        An engine that speaks sentence by sentence has told it. For one that speaks all at once it is where the next
        word begins; without words, the quietest pause near the place that the length of the text suggests.
        """
        at = next((at for at, (_, ends) in enumerate(self.pieces) if ends >= text_end), None)
        if at is not None and self.pieces[at][1] - text_end <= BLANKS:
            return self.pieces[at][0]
        following = next((audio_ms for audio_ms, ends in self.words if ends > text_end), None)
        if following is not None or at is None:
            return following
        from_ms, from_text = self.pieces[at - 1] if at else (0.0, self.text_start)
        to_ms, to_text = self.pieces[at]
        about_ms = from_ms + (to_ms - from_ms) * (text_end - from_text) / (to_text - from_text)
        return self.taken_ms + pause_near(self._waiting, self._rate_hz, about_ms - self.taken_ms)

    def hold(self) -> None:
        """Have nothing sent of the audio that is added from now on, until `release`."""
        self.held_bytes = self.taken_bytes + self.buffered_bytes

    def release(self) -> None:
        """Have the audio sent that was held."""
        self.held_bytes = None

    def drop_held(self, text_end: int) -> None:
        """Forget the audio that is held: the text ends at `text_end`."""
        if self.held_bytes is not None:
            self._drop_after(text_end, self.held_bytes)
            self.held_bytes = None

    def has_frame(self, frame_bytes: int, frame_ms: int) -> bool:
        """Whether a frame of it can be sent, or there is nothing more to wait for."""
        if self.held_bytes is None and self.held_text is None:
            return self.buffered_bytes >= frame_bytes or self.end is not None or self.is_flushed
        sendable = self.sendable_bytes(frame_ms)
        return sendable >= frame_bytes or (sendable > 0 and self.is_flushed)

    def sendable_bytes(self, frame_ms: int) -> int:
        """How much of the audio that waits may be sent, as far as the next frame goes."""
        sendable = self.buffered_bytes
        if self.held_bytes is not None:
            sendable = min(sendable, self.held_bytes - self.taken_bytes)
        if (held := self.held_text) is not None:
            is_free = held > self.text_start and self.text_entered(self.taken_ms + frame_ms) <= held
            sendable = sendable if is_free else 0
        return sendable

    @property
    def _waiting(self) -> bytes:
        """The audio that was not taken."""
        return b"".join(self.chunks)[self._taken_of_chunk :]

    def _drop_after(self, text_end: int, size_bytes: int) -> None:
        kept = self._waiting[: max(0, size_bytes - self.taken_bytes)]
        self.chunks, self._taken_of_chunk = deque([kept] if kept else []), 0
        self.buffered_bytes = len(kept)
        self.words = [(ms, end) for ms, end in self.words if end <= text_end]
        self.pieces = [(ms, end) for ms, end in self.pieces if end <= text_end]

    @property
    def taken_ms(self) -> float:
        """How much of its audio has been taken, in ms."""
        return self.taken_bytes * 500 / self._rate_hz

    def settle(self, head_ms: float) -> float:
        """How much of its audio has been heard, in ms, its padding apart.

        Args:
            head_ms: how far the caller has heard all audio that was ever sent.
        """
        # With each frame that is sent: comparisons, since `min` and `max` take several times as long, as properties do.
        if self.start_ms is not None:
            heard_ms, taken_ms = head_ms - self.start_ms, self.taken_bytes * 500 / self._rate_hz
            if heard_ms > taken_ms:
                heard_ms = taken_ms
            if heard_ms > self.heard_ms:
                self.heard_ms = heard_ms
        return self.heard_ms

    def hearing(self, head_ms: float, precision: PositionPrecision, *, is_sent_again: bool) -> Hearing:
        """How much of the reply has been heard.

        Args:
            head_ms: how far the caller has heard all audio that was ever sent.
            precision: how exactly that is known.
            is_sent_again: some of what was taken waits to be sent once more.
        """
        audio_ms = self.settle(head_ms)
        complete = self.closed and audio_ms >= self.taken_ms - ROUNDING_MS and not is_sent_again
        is_whole = complete and self.end is not TrackEnd.CUT_SHORT
        text_end = self.text_last if is_whole else self.text_ended(audio_ms)
        self.text_heard = max(self.text_heard, text_end)
        return Hearing(
            reply=self.reply,
            audio_ms=audio_ms,
            text_end=self.text_heard,
            precision=PositionPrecision.ESTIMATED if self.by_proportion and not complete else precision,
            complete=complete,
        )

    @property
    def by_proportion(self) -> bool:
        """Whether positions inside a piece are estimated by proportion, since no words of it are placed."""
        return bool(self.pieces or self.growing) and not self.words

    def text_begun(self, audio_ms: float) -> int:
        """The end of the text whose audio begins before `audio_ms`."""
        begun = bisect_left(self.words, (audio_ms,))
        if begun:
            # With each frame that is sent, as `settle`.
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
