"""Callers at 24 kHz are heard at 16 kHz: that is what recognizers and voice activity detectors want."""

from typing import Any

from app.telephony.errors import UnsupportedRateError

HEARD_HZ = 16_000

RESAMPLING_PACKAGES = ("numpy", "soxr")
"""The packages of the extra `local` that resampling needs."""


class Resampling:
    """A stream of PCM16LE mono from one rate to 16 kHz; keeps what the filter needs between two frames."""

    def __init__(self, from_hz: int) -> None:
        import numpy
        import soxr

        self._frombuffer: Any = numpy.frombuffer
        self._dtype = numpy.dtype("<i2")
        self._stream = soxr.ResampleStream(from_hz, HEARD_HZ, 1, dtype="int16", quality="MQ")

    def push(self, pcm: bytes) -> bytes:
        """Take PCM16LE at the rate of the stream; returns what of it is complete at 16 kHz."""
        return bytes(self._stream.resample_chunk(self._frombuffer(pcm, self._dtype)).tobytes())


def to_16_khz(from_hz: int) -> Resampling | None:
    """A converter, or None where there is nothing to convert.

    Raises:
        UnsupportedRateError: what converts is not installed, so audio of this rate cannot be converted.
    """
    if from_hz == HEARD_HZ:
        return None
    try:
        return Resampling(from_hz)
    except ModuleNotFoundError as error:
        raise UnsupportedRateError(f"{from_hz} Hz needs {error.name}, of the extra local") from None
