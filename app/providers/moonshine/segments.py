"""A caller's audio, cut into segments of speech by voice activity: what is decoded as a whole.

An utterance, as endpointing sees it, is one segment or several: a long pause or a long speech ends one, since the model
hears up to half a minute at once, and makes things up about long silence.
"""

from collections import deque

import msgspec

WINDOW_BYTES = 1024
WINDOW_MS = 32
VOICED = 0.5
"""The probability of speech from which a window is voiced."""
VOICED_AGAIN, AGAIN_WINDOWS = 0.35, 2
"""The probability from which a window is voiced that follows so many windows of silence in a segment. Endpointing hears
voice go on from there, and would wait in vain for words of its own of what is too weak for `VOICED`. Right behind the
voice it is not voiced, so that a pause is found sooner."""
ONSET_WINDOWS = 2
"""Voiced windows in a row that begin a segment."""
ATTACK_WINDOWS = 10
"""Windows before the onset that belong to the voice: a detector hears the vowel, not the consonant before it."""
PRE_ROLL_WINDOWS = 20
"""Windows before the onset that are decoded: with less of the quiet before it the model mistakes first words."""
TAIL_WINDOWS = 32
"""Windows of silence, one second, that are kept; the rest of a longer pause is left out."""
PAUSE_WINDOWS = 64
"""Windows of silence, two seconds, that end a segment. One second would divide numbers that are said in groups."""
BREATH_WINDOWS = 5
"""Windows of silence that end a segment of `LONG_MS`."""
LONG_MS = 15_000
LONGEST_MS = 24_000
"""Milliseconds after which a segment ends, even in the middle of a word."""


class Segment(msgspec.Struct, kw_only=True):
    """Speech without a long pause. Positions in ms of the stream's audio."""

    start_ms: int
    end_ms: int
    """Where the last voiced window ended, in ms."""
    pcm: bytearray
    """The audio, PCM16LE at 16 kHz; it begins before the onset and ends with some silence."""
    voiced_ms: int

    @property
    def length_ms(self) -> int:
        """How much audio there is to decode."""
        return len(self.pcm) // WINDOW_BYTES * WINDOW_MS


class Segmentation:
    """Finds the segments of one stream."""

    def __init__(self) -> None:
        self._windows = 0
        self._voiced_windows = 0
        self._silent_windows = 0
        self._waiting: deque[bytes] = deque(maxlen=PRE_ROLL_WINDOWS)
        self.current: Segment | None = None
        """The segment that is being spoken; None during silence."""

    @property
    def audio_ms(self) -> int:
        """How much audio of the stream was taken so far."""
        return self._windows * WINDOW_MS

    @property
    def silence_ms(self) -> int:
        """The silence in ms since the last voiced window."""
        return self._silent_windows * WINDOW_MS

    def take(self, window: bytes, probability: float) -> Segment | None:
        """Take the next window and how likely it is speech; returns the segment that it ends, if it ends one."""
        self._windows += 1
        is_again = self.current is not None and self._silent_windows >= AGAIN_WINDOWS
        is_voiced = probability > (VOICED_AGAIN if is_again else VOICED)
        self._voiced_windows = self._voiced_windows + 1 if is_voiced else 0
        self._silent_windows = 0 if is_voiced else self._silent_windows + 1
        self._waiting.append(window)
        if self.current is None:
            self.current = self._begun()
        else:
            self._add(self.current, is_voiced)
        return self.end() if self.current is not None and self._is_over(self.current) else None

    def end(self) -> Segment | None:
        """End the segment that is being spoken, if there is one; nothing of it belongs to the next."""
        segment, self.current = self.current, None
        self._waiting.clear()
        self._voiced_windows = 0
        return segment

    def _begun(self) -> Segment | None:
        if self._voiced_windows < ONSET_WINDOWS:
            return None
        pcm = bytearray(b"".join(self._waiting))
        start_ms = self.audio_ms - min(len(self._waiting), ATTACK_WINDOWS) * WINDOW_MS
        self._waiting.clear()
        return Segment(start_ms=start_ms, end_ms=self.audio_ms, pcm=pcm, voiced_ms=ONSET_WINDOWS * WINDOW_MS)

    def _add(self, segment: Segment, is_voiced: bool) -> None:
        if self._silent_windows <= TAIL_WINDOWS:
            segment.pcm += b"".join(self._waiting)
            self._waiting.clear()
        if is_voiced:
            segment.end_ms = self.audio_ms
            segment.voiced_ms += WINDOW_MS

    def _is_over(self, segment: Segment) -> bool:
        return (
            self._silent_windows >= PAUSE_WINDOWS
            or (segment.length_ms >= LONG_MS and self._silent_windows >= BREATH_WINDOWS)
            or segment.length_ms >= LONGEST_MS
        )
