"""The ring of the caller's recent audio, from which a recognizer that starts again hears what it has missed."""

from collections import deque
from collections.abc import Callable

from actors.messages.caller import CallerAudio

RING_MS = 20_000
"""Caller audio kept at least for a recognizer that has to start again."""
RING_MARGIN_MS = 5_000
"""More than the longest utterance: its final transcript, and a recognizer that has to start, take a while."""
TRIM_MS = 200
"""How often audio is looked for that need not be kept any more, and how much more is kept for that."""
REHEARD_MS = 1_900
"""How much recent audio a recognizer that starts anew listens to for voice: within what its mailbox holds."""


class AudioRing:
    """The last seconds of the caller's audio, PCM16LE mono, addressed by their offset in all audio of the session.

    Args:
        rate_hz: samples a second.
        keep_ms: how much audio is kept at most, in milliseconds; `TRIM_MS` more before it is looked at.
        begins_at: the offset in bytes of the first audio; not 0 in a session that another process began.
        settled_bytes: asked for the offset in bytes up to which no audio need be recognised again; most of the audio
            before that is not kept.
    """

    def __init__(
        self,
        rate_hz: int,
        keep_ms: int = RING_MS,
        *,
        begins_at: int = 0,
        settled_bytes: Callable[[], int] = lambda: 0,
    ) -> None:
        self.rate_hz = rate_hz
        self._keep_bytes = rate_hz * 2 * keep_ms // 1000
        self._reheard_bytes = rate_hz * 2 * REHEARD_MS // 1000
        self._chunks: deque[bytes | int] = deque()
        """The pieces of audio as they came; a number is a gap between two of them, in bytes. Each piece with its offset
        would be 10 kB more of each session."""
        self._begin = begins_at
        """The offset of the first piece."""
        self._settled_bytes = settled_bytes
        self._trim_bytes = rate_hz * 2 * TRIM_MS // 1000
        self._trim_at = begins_at
        self.end_bytes = begins_at

    def append(self, pcm: bytes) -> CallerAudio:
        """Keep `pcm`, and return the message that says where it lies in all audio of the session."""
        offset, size_bytes = self.end_bytes, len(pcm)
        self._chunks.append(pcm)
        self.end_bytes = offset + size_bytes
        # Not at each of 50 frames a second: that was 3 % of all function calls that a telephone call costs.
        if self.end_bytes >= self._trim_at:
            self._trim_at = self.end_bytes + self._trim_bytes
            self._trim()
        return CallerAudio(pcm, offset, size_bytes * 500 / self.rate_hz)

    def _trim(self) -> None:
        """Drop what is older than `keep_ms`, and most of what need not be recognised again."""
        chunks, end_bytes, begin = self._chunks, self.end_bytes, self._begin
        keep_from = max(end_bytes - self._keep_bytes, min(self._settled_bytes(), end_bytes - self._reheard_bytes))
        # The last piece stays, whatever it is, and a gap at the beginning does not.
        while len(chunks) > 1 and (begin < keep_from or isinstance(chunks[0], int)):
            oldest = chunks.popleft()
            begin += oldest if isinstance(oldest, int) else len(oldest)
        self._begin = begin

    def skip_to(self, offset: int) -> None:
        """Go on at `offset`: of the audio before it nothing more comes, as while somebody's voice is not streamed."""
        if not self._chunks:
            self._begin = self.end_bytes = max(self.end_bytes, offset)
        elif offset > self.end_bytes:
            self._chunks.append(offset - self.end_bytes)
            self.end_bytes = offset

    @property
    def kept_bytes(self) -> int:
        """How many bytes of audio the ring holds."""
        return self.end_bytes - self._begin

    def since(self, offset: int) -> tuple[int, bytes]:
        """All audio from `offset` on that is still there, and the offset at which it really begins."""
        kept = self.pieces_since(offset)
        return (kept[0][0] if kept else self.end_bytes), b"".join(pcm for _, pcm in kept)

    def pieces_since(self, offset: int) -> list[tuple[int, bytes]]:
        """All audio from `offset` on that is still there, in pieces with the offsets at which they begin."""
        kept: list[tuple[int, bytes]] = []
        # Searched from the end: a reader that follows the audio as it comes wants the last of many pieces.
        end = self.end_bytes
        for piece in reversed(self._chunks):
            if end <= offset:
                break
            if isinstance(piece, int):
                end -= piece
            else:
                end -= len(piece)
                kept.append((end, piece))
        kept.reverse()
        if kept:
            begin, pcm = kept[0]
            skip = max(0, offset - begin) & ~1
            kept[0] = begin + skip, pcm[skip:]
        return kept

    def chunks_since(self, offset: int) -> list[tuple[int, bytes]]:
        """The pieces of audio, as they came, that begin at `offset` or later, with their offsets."""
        found, begin = [], self._begin
        for piece in self._chunks:
            if isinstance(piece, int):
                begin += piece
            else:
                if begin >= offset:
                    found.append((begin, piece))
                begin += len(piece)
        return found

    def ms(self, size_bytes: int) -> float:
        """How many milliseconds of audio `size_bytes` bytes are."""
        return size_bytes * 500 / self.rate_hz

    def bytes_of(self, duration_ms: float) -> int:
        """How many bytes `duration_ms` of audio are, in whole samples."""
        return int(duration_ms * self.rate_hz / 1000) * 2
