"""The ring of the caller's recent audio, from which a recognizer that starts again hears what it has missed."""

from collections.abc import Callable
from itertools import chain

from actors.messages.caller import CallerAudio

RING_MS = 20_000
"""Milliseconds of caller audio that are kept at least, for a recognizer that has to start again."""
RING_MARGIN_MS = 5_000
"""Milliseconds that the ring keeps beyond the longest utterance, since its final transcript and the start of a
recognizer take a while."""
TRIM_MS = 200
"""How often the latest audio is put into one piece, and audio looked for that need not be kept any more; and how much
more is kept for that."""
REHEARD_MS = 1_900
"""Milliseconds of recent audio in which a restarted recognizer looks for voice: no more than its mailbox holds."""


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
        self._blocks: list[bytes | int] = []
        """Audio in blocks of `TRIM_MS`; a number is a gap between two of them, in bytes. In the hundred small pieces in
        which it comes it would be 5 kB more of each session, and leave the heap of the process in fragments."""
        self._latest: list[bytes] = []
        """The audio behind those blocks, as it came."""
        self._begin = begins_at
        """The offset of the first block."""
        self._settled_bytes = settled_bytes
        self._trim_bytes = rate_hz * 2 * TRIM_MS // 1000
        self._trim_at = begins_at
        self.end_bytes = begins_at

    def append(self, pcm: bytes) -> CallerAudio:
        """Keep `pcm`, and return the message that says where it lies in all audio of the session."""
        offset, size_bytes = self.end_bytes, len(pcm)
        self._latest.append(pcm)
        self.end_bytes = offset + size_bytes
        # Not at each of 50 frames a second: that was 3 % of all function calls that a telephone call costs.
        if self.end_bytes >= self._trim_at:
            self._trim_at = self.end_bytes + self._trim_bytes
            self._put_together()
            self._trim()
        return CallerAudio(pcm, offset, size_bytes * 500 / self.rate_hz)

    def _put_together(self) -> None:
        if self._latest:
            self._blocks.append(b"".join(self._latest))
            self._latest.clear()

    def _trim(self) -> None:
        """Drop what is older than `keep_ms`, and most of what need not be recognised again."""
        blocks, end_bytes, begin = self._blocks, self.end_bytes, self._begin
        keep_from = max(end_bytes - self._keep_bytes, min(self._settled_bytes(), end_bytes - self._reheard_bytes))
        # The last block stays, whatever it is.
        for _ in range(len(blocks) - 1):
            oldest = blocks[0]
            if isinstance(oldest, int):
                begin += oldest
            elif begin + len(oldest) <= keep_from:
                begin += len(oldest)
            else:
                break
            del blocks[0]
        oldest = blocks[0]
        if isinstance(oldest, bytes) and begin < keep_from:
            skip = (keep_from - begin) & ~1
            blocks[0], begin = oldest[skip:], begin + skip
        self._begin = begin

    def skip_to(self, offset: int) -> None:
        """Go on at `offset`: of the audio before it nothing more comes, as while somebody's voice is not streamed."""
        if not self._blocks:
            self._begin = self.end_bytes = max(self.end_bytes, offset)
        elif offset > self.end_bytes:
            self._put_together()
            self._blocks.append(offset - self.end_bytes)
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
        for piece in chain(reversed(self._latest), reversed(self._blocks)):
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

    def ms(self, size_bytes: int) -> float:
        """How many milliseconds of audio `size_bytes` bytes are."""
        return size_bytes * 500 / self.rate_hz

    def bytes_of(self, duration_ms: float) -> int:
        """How many bytes `duration_ms` of audio are, in whole samples."""
        return int(duration_ms * self.rate_hz / 1000) * 2
