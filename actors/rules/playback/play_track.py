"""One reply in playout: the audio of it that is still to be sent, and what was heard of it."""

from enum import Enum

from actors.conversation import PositionPrecision, UtteranceKind
from actors.rules.audio import pause_near
from actors.rules.playback.frames import Hearing
from actors.rules.playback.text_places import TextPlaces

ROUNDING_MS = 1e-6
"""Positions that differ by less than this many ms are the same."""


class TrackEnd(Enum):
    """How the audio of a reply ends."""

    WHOLE = "whole"
    """All text of the reply is spoken."""
    CUT_SHORT = "cut short"
    """The reply's audio ends before its text: the last word that has begun may be incomplete."""


class PlayTrack:
    """One reply: its audio, taken frame by frame, with the places of its text.

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
        self.places = TextPlaces(text_start)
        """Where its text is in its audio."""
        self.chunks: list[bytes] = []
        self._taken_of_chunk = 0
        """How many bytes at the beginning of the first chunk were taken."""
        self.buffered_bytes = 0
        self.taken_bytes = 0
        self.frames = 0
        self.end: TrackEnd | None = None
        """How the reply's audio ends; None while more of it is to be added."""
        self.is_flushed = False
        """Whether audio is taken although it is less than a frame, because no more is on its way."""
        self.closed = False
        """Whether the last frame was taken."""
        self.held_bytes: int | None = None
        """Only so many bytes of the audio may be sent for now; None for all."""
        self.held_text: int | None = None
        """Only audio of text up to this character may be sent for now; None for all."""
        self.start_ms: float | None = None
        """Where the reply begins, in ms of all audio that was sent; None while none of it was."""
        self.heard_ms = 0.0
        self.text_heard = text_start

    def add_audio(self, pcm: bytes) -> None:
        """Add audio to the end of the reply; ignored once the reply has ended."""
        if pcm and self.end is None:
            self.chunks.append(pcm)
            self.buffered_bytes += len(pcm)

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
                del self.chunks[0]
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
            self.places.add_piece(text_end, audio_ms)
        elif self.end is None:
            return False
        self.end = self.end or TrackEnd.WHOLE
        return True

    def _end_in_audio(self, text_end: int) -> float | None:
        """Where the text up to `text_end` ends in the audio, in ms; None if that is not known.

        Where the engine has not told it, it is the quietest pause near the place that the length of the text suggests.
        """
        known_ms = self.places.known_end_ms(text_end)
        if known_ms is not None:
            return known_ms
        about_ms = self.places.estimated_end_ms(text_end)
        if about_ms is None:
            return None
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
            is_free = held > self.places.text_start and self.places.text_entered(self.taken_ms + frame_ms) <= held
            sendable = sendable if is_free else 0
        return sendable

    @property
    def _waiting(self) -> bytes:
        """The audio that was not taken."""
        return b"".join(self.chunks)[self._taken_of_chunk :]

    def _drop_after(self, text_end: int, size_bytes: int) -> None:
        kept = self._waiting[: max(0, size_bytes - self.taken_bytes)]
        self.chunks, self._taken_of_chunk = [kept] if kept else [], 0
        self.buffered_bytes = len(kept)
        self.places.drop_after(text_end)

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
        if is_whole:
            text_end = self.places.text_last
        else:
            # An engine may place text of which it makes no audio: that was not heard.
            text_end = self.places.text_ended(audio_ms) if audio_ms > 0 else self.places.text_start
        self.text_heard = max(self.text_heard, text_end)
        return Hearing(
            reply=self.reply,
            audio_ms=audio_ms,
            text_end=self.text_heard,
            precision=PositionPrecision.ESTIMATED if self.places.by_proportion and not complete else precision,
            complete=complete,
        )
