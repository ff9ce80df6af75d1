"""The engine's audio silence around it cut off, at the listener's rate. Of the synthesis process only."""

import numpy
import soxr
from numpy.typing import NDArray

Samples = NDArray[numpy.int16]

QUIET = 64
"""Samples up to this (of 32 768) are silence: -54 dB."""
EDGE_MS = 10
"""Of the silence before and after speech, this much is kept."""


class Sound:
    """One segment after another, from `from_hz` to `to_hz`; segments share no sample, for silence is between them."""

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._edge = from_hz * EDGE_MS // 1000
        self._resampling = soxr.ResampleStream(from_hz, to_hz, 1, dtype="float32") if from_hz != to_hz else None
        self._begun = False
        self._quiet = numpy.empty(0, numpy.int16)
        self.cut_samples = 0
        """At `from_hz`, silence cut off before the segment's audio; settled once `push` has returned audio."""

    def begin(self) -> None:
        """Begin a new segment of text, whose leading silence is cut."""
        if self._resampling is not None:
            self._resampling.clear()
        self._begun = False
        self._quiet = numpy.empty(0, numpy.int16)
        self.cut_samples = 0

    def push(self, pcm: bytes) -> bytes:
        """More of the segment; returns what can be sent of it so far."""
        samples = numpy.frombuffer(pcm, numpy.int16)
        loud = numpy.flatnonzero(numpy.abs(samples.astype(numpy.int32)) > QUIET)
        held = numpy.concatenate((self._quiet, samples))
        if not len(loud):
            self._quiet = held
            return b""
        first = 0
        if not self._begun:
            first = max(0, len(self._quiet) + int(loud[0]) - self._edge)
            self.cut_samples = first
            self._begun = True
        end = len(self._quiet) + int(loud[-1]) + 1
        self._quiet = held[end:]
        return self._resampled(held[first:end])

    def end(self) -> bytes:
        """The segment is complete; returns the rest of it."""
        if not self._begun:
            return b""
        return self._resampled(self._quiet[: self._edge], last=True)

    def _resampled(self, samples: Samples, last: bool = False) -> bytes:
        if self._resampling is None:
            return samples.tobytes()
        # As floats, for soxr dithers whole numbers: silence would be noise, and never twice the same.
        resampled = self._resampling.resample_chunk(samples.astype(numpy.float32), last=last)
        return bytes(numpy.clip(numpy.rint(resampled), -32768, 32767).astype(numpy.int16).tobytes())
