"""PCM16LE mono: making it, measuring it, mixing it, changing its rate."""

import io
import math
import wave
from collections.abc import Sequence

import numpy as np
import soxr

FRAME_MS = 20
FULL_SCALE = 32768.0
NOTHING_DBFS = -120.0


def frame_bytes(rate_hz: int) -> int:
    """Bytes of a frame of 20 ms."""
    return rate_hz * FRAME_MS // 1000 * 2


def duration_s(pcm: bytes | bytearray, rate_hz: int) -> float:
    """How long `pcm` lasts."""
    return len(pcm) / 2 / rate_hz


def silence(duration_ms: float, rate_hz: int) -> bytes:
    """Zeros."""
    return bytes(round(rate_hz * duration_ms / 1000) * 2)


def tone(duration_ms: float, rate_hz: int, frequency_hz: float = 440.0, level_dbfs: float = -20.0) -> bytes:
    """A sine of that level (RMS)."""
    amplitude = FULL_SCALE * math.sqrt(2) * 10 ** (level_dbfs / 20)
    times = np.arange(round(rate_hz * duration_ms / 1000)) / rate_hz
    return (np.sin(2 * math.pi * frequency_hz * times) * amplitude).astype("<i2").tobytes()


def noise(samples: int, level_dbfs: float, random: np.random.Generator) -> bytes:
    """White noise of that level (RMS)."""
    wide = random.standard_normal(samples) * FULL_SCALE * 10 ** (level_dbfs / 20)
    return np.clip(wide, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()


def mix(parts: Sequence[bytes]) -> bytes:
    """The sum of parts of equal length, clipped."""
    if len(parts) == 1:
        return parts[0]
    total = np.sum([np.frombuffer(part, "<i2").astype(np.int32) for part in parts], axis=0)
    mixed: bytes = np.clip(total, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
    return mixed


def amplify(pcm: bytes, gain_db: float) -> bytes:
    """The same sound, louder or (below 0 dB) quieter, clipped."""
    changed = np.frombuffer(pcm, "<i2").astype(np.float64) * 10 ** (gain_db / 20)
    amplified: bytes = np.clip(changed, -FULL_SCALE, FULL_SCALE - 1).astype("<i2").tobytes()
    return amplified


def resample(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """The same sound at another rate."""
    if from_hz == to_hz or not pcm:
        return pcm
    resampled: np.ndarray[tuple[int, ...], np.dtype[np.int16]] = soxr.resample(
        np.frombuffer(pcm, "<i2"), from_hz, to_hz
    )
    return resampled.astype("<i2").tobytes()


def level_dbfs(pcm: bytes) -> float:
    """The RMS level."""
    if len(pcm) < 2:
        return NOTHING_DBFS
    rms = float(np.sqrt(np.mean(np.square(np.frombuffer(pcm, "<i2").astype(np.float64)))))
    return max(NOTHING_DBFS, 20 * math.log10(rms / FULL_SCALE)) if rms else NOTHING_DBFS


def to_wav(pcm: bytes, rate_hz: int) -> bytes:
    """`pcm` as a WAV file."""
    with io.BytesIO() as file:
        with wave.open(file, "wb") as wav:
            wav.setnchannels(1)
            wav.setsampwidth(2)
            wav.setframerate(rate_hz)
            wav.writeframes(pcm)
        return file.getvalue()


def from_wav(wav: bytes) -> tuple[bytes, int]:
    """PCM and rate of a WAV file.

    Raises:
        ValueError: it is not 16 bit mono.
    """
    with wave.open(io.BytesIO(wav)) as file:
        if (file.getnchannels(), file.getsampwidth()) != (1, 2):
            raise ValueError("the WAV file must be 16 bit mono")
        return file.readframes(file.getnframes()), file.getframerate()
