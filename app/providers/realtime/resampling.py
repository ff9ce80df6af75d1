"""Audio from the rate of a session to that of a service and back, as a stream: no clicks where two pieces meet."""

from typing import Any

PACKAGES = ("numpy", "soxr")
"""The packages of the extra `local` that resampling needs."""
SAMPLE_BYTES = 2


class Resampler:
    """A stream of PCM16LE mono from one rate to another; passes it on as it is where both are equal.

    The filter keeps what it needs of one piece for the next, so that what comes out may be shorter than what went in;
    `finish` brings the rest.
    """

    def __init__(self, from_hz: int, to_hz: int) -> None:
        self._half = b""
        self._stream: Any = None
        if from_hz != to_hz:
            import numpy
            import soxr

            self._frombuffer: Any = numpy.frombuffer
            self._dtype = numpy.dtype("<i2")
            self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality="HQ")

    def push(self, pcm: bytes) -> bytes:
        """Take audio of any length; a sample that is cut in two is put together with the next piece."""
        if self._half or len(pcm) % SAMPLE_BYTES:
            pcm = self._half + pcm
            whole = len(pcm) - len(pcm) % SAMPLE_BYTES
            pcm, self._half = pcm[:whole], pcm[whole:]
        return pcm if self._stream is None else self._converted(pcm, last=False)

    def finish(self) -> bytes:
        """The rest of the audio. What is pushed afterwards begins another stream."""
        self._half = b""
        if self._stream is None:
            return b""
        rest = self._converted(b"", last=True)
        self._stream.clear()
        return rest

    def _converted(self, pcm: bytes, *, last: bool) -> bytes:
        return bytes(self._stream.resample_chunk(self._frombuffer(pcm, self._dtype), last=last).tobytes())
