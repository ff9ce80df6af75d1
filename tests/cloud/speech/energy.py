"""Speech found by its energy: where it starts and ends in the audio. Cheap, and deterministic in the audio."""

from typing import Literal

import msgspec
import numpy as np

FRAME_MS = 10
ONSET_MS = 30
LEVEL_DBFS = -45.0


class Edge(msgspec.Struct, frozen=True):
    """Speech started or ended at `at_ms`."""

    kind: Literal["start", "end"]
    at_ms: float


class Segments:
    """One stream of PCM16LE mono. Speech ends when `silence_ms` without it followed."""

    def __init__(self, rate_hz: int, silence_ms: float, level_dbfs: float = LEVEL_DBFS) -> None:
        self._frame = rate_hz * FRAME_MS // 1000
        self._silence_ms = silence_ms
        self._power = (32768 * 10 ** (level_dbfs / 20)) ** 2
        self._rest = b""
        self._run_ms = 0
        self.position_ms = 0.0
        """How much was heard, in whole frames."""
        self.start_ms: float | None = None
        """Of the speech that goes on, None in silence."""
        self.voiced_until_ms = 0.0

    def feed(self, pcm: bytes) -> list[Edge]:
        """The edges that `pcm` brings to light."""
        pcm = self._rest + pcm
        whole = len(pcm) // 2 // self._frame * self._frame
        self._rest = pcm[whole * 2 :]
        frames = np.frombuffer(pcm, "<i2", whole).reshape(-1, self._frame).astype(np.float32)
        voiced = np.einsum("ij,ij->i", frames, frames) >= self._power * self._frame
        edges: list[Edge] = []
        for loud in voiced.tolist():
            self.position_ms += FRAME_MS
            if loud:
                self._run_ms += FRAME_MS
                self.voiced_until_ms = self.position_ms
                if self.start_ms is None and self._run_ms >= ONSET_MS:
                    self.start_ms = self.position_ms - self._run_ms
                    edges.append(Edge("start", self.start_ms))
            else:
                self._run_ms = 0
                if self.start_ms is not None and self.position_ms - self.voiced_until_ms >= self._silence_ms:
                    edges.append(self._end())
        return edges

    def finish(self) -> list[Edge]:
        """There is no more audio."""
        return [self._end()] if self.start_ms is not None else []

    def _end(self) -> Edge:
        self.start_ms = None
        return Edge("end", self.voiced_until_ms)
