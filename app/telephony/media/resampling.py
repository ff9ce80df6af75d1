"""Audio from one sample rate to another: callers at 24 kHz are heard at 16 kHz, as recognizers and voice activity
detectors want them."""

from typing import Any

from app.telephony.errors import UnsupportedRateError

HEARD_HZ = 16_000

HEARD_QUALITY, SPOKEN_QUALITY = "MQ", "QQ"
"""The qualities of soxr for what is heard and what is said. The better one holds back up to 118 ms of audio, the quick
one a tenth of a millisecond: what is said is sent only 60 ms before it is played, and must not run out.
"""

RESAMPLING_PACKAGES = ("numpy", "soxr")
"""The packages of the extra `local` that resampling needs."""


class Resampling:
    """A stream of PCM16LE mono from one rate to another; keeps what the filter needs between two frames."""

    def __init__(self, from_hz: int, to_hz: int = HEARD_HZ, *, quality: str = HEARD_QUALITY) -> None:
        import numpy
        import soxr

        self._frombuffer: Any = numpy.frombuffer
        self._dtype = numpy.dtype("<i2")
        self._stream = soxr.ResampleStream(from_hz, to_hz, 1, dtype="int16", quality=quality)

    def push(self, pcm: bytes) -> bytes:
        """Take PCM16LE at the rate of the stream; returns what of it is complete at the other rate."""
        return bytes(self._stream.resample_chunk(self._frombuffer(pcm, self._dtype)).tobytes())

    def finish(self, pcm: bytes) -> bytes:
        """Take the last audio of the stream; returns all that is left at the other rate. Another stream may begin."""
        rest = bytes(self._stream.resample_chunk(self._frombuffer(pcm, self._dtype), last=True).tobytes())
        self._stream.clear()
        return rest


def to_16_khz(from_hz: int) -> Resampling | None:
    """A converter, or None where there is nothing to convert.

    Raises:
        UnsupportedRateError: what converts is not installed, so audio of this rate cannot be converted.
    """
    return converter(from_hz, HEARD_HZ, quality=HEARD_QUALITY)


def converter(from_hz: int, to_hz: int, *, quality: str = SPOKEN_QUALITY) -> Resampling | None:
    """A converter from one rate to another, or None where there is nothing to convert.

    Raises:
        UnsupportedRateError: what converts is not installed.
    """
    if from_hz == to_hz:
        return None
    try:
        return Resampling(from_hz, to_hz, quality=quality)
    except ModuleNotFoundError as error:
        other_hz = to_hz if from_hz == HEARD_HZ else from_hz
        raise UnsupportedRateError(f"{other_hz} Hz needs {error.name}, of the extra local") from None
