"""Spoken test audio: synthetic callers, noise, silence. PCM16LE mono at 16 kHz throughout.

`flite` must be on PATH; hibari, which people would rather listen to, runs in this process. Speech is made once for each
sentence of a process.
"""

import asyncio
import io
import subprocess
import wave
from functools import lru_cache
from typing import Any, Final

from config.silent_libraries import silence_libraries

RATE_HZ: Final = 16_000
BYTES_PER_MS: Final = RATE_HZ * 2 // 1000

FLITE: Final = "flite:rms"
FLITE_ALSO: Final = "flite:kal16"
HIBARI: Final = "hibari:1.0"
HIBARI_FAST: Final = "hibari:1.25"
"""A voice that is nearly always understood, and how fast it speaks."""
HIBARI_HIGH: Final = "hibari:1.1:1.2"
"""The same, with a voice that is higher by a fifth."""
QUIET: Final = 100
"""Samples up to this are silence, of 32 768."""
CALLERS: Final = (FLITE, HIBARI_HIGH)


@lru_cache(maxsize=512)
def say(text: str, voice: str = FLITE) -> bytes:
    """`text` spoken by `voice`: `flite:NAME`, `hibari:SPEED` or `hibari:SPEED:PITCH`."""
    engine, _, name = voice.partition(":")
    match engine:
        case "flite":
            return _flite(text, name)
        case "hibari":
            return _hibari(text, *map(float, name.split(":")))
        case _:
            raise ValueError(f"no voice {voice!r}")


async def say_aside(text: str, voice: str = FLITE) -> bytes:
    """The same in a thread: in the loop of a test that plays audio in real time, nothing may take as long."""
    return await asyncio.to_thread(say, text, voice)


def silence(ms: int) -> bytes:
    """Digital silence."""
    return bytes(ms * BYTES_PER_MS)


def white_noise(ms: int, level: float, seed: int = 0) -> bytes:
    """Gaussian white noise of standard deviation `level` (full scale 32 768)."""
    import numpy

    noise = numpy.random.default_rng(seed).normal(0, level, ms * RATE_HZ // 1000)
    return bytes(numpy.clip(noise, -32768, 32767).astype(numpy.int16).tobytes())


def with_noise(pcm: bytes, snr_db: float, seed: int = 0) -> bytes:
    """`pcm` with white noise `snr_db` below the mean power of its speech (samples over 100 of 32 768)."""
    import numpy

    samples = numpy.frombuffer(pcm, numpy.int16).astype(numpy.float64)
    loud = samples[numpy.abs(samples) > 100]
    level = float(numpy.sqrt((loud**2).mean() / 10 ** (snr_db / 10))) if len(loud) else 0.0
    noisy = samples + numpy.random.default_rng(seed).normal(0, level, len(samples))
    return bytes(numpy.clip(noisy, -32768, 32767).astype(numpy.int16).tobytes())


def resampled(pcm: bytes, from_hz: int, to_hz: int) -> bytes:
    """The same sound at another rate."""
    import numpy
    import soxr

    if from_hz == to_hz:
        return pcm
    return bytes(soxr.resample(numpy.frombuffer(pcm, numpy.int16), from_hz, to_hz).tobytes())


def call(*sentences: str, voice: str = FLITE, snr_db: float | None = 20.0, pause_ms: int = 800) -> list[bytes]:
    """A caller's side of a call: for each sentence its audio, a pause before and after it, all with noise."""
    spoken = [silence(pause_ms) + say(sentence, voice) + silence(pause_ms) for sentence in sentences]
    return spoken if snr_db is None else [with_noise(pcm, snr_db, seed) for seed, pcm in enumerate(spoken)]


def _flite(text: str, name: str) -> bytes:
    done = subprocess.run(
        ["flite", "-voice", name, "-t", text, "-o", "/dev/stdout"], capture_output=True, check=True, timeout=30
    )
    with wave.open(io.BytesIO(done.stdout)) as audio:
        pcm, rate_hz = audio.readframes(audio.getnframes()), audio.getframerate()
    return resampled(pcm, rate_hz, RATE_HZ)


@lru_cache(maxsize=1)
def _loaded_hibari() -> Any:
    silence_libraries()
    from hibari import Hibari

    return Hibari(threads=1)


def _hibari(text: str, speed: float, pitch: float = 1.0) -> bytes:
    """Sound that is played faster is higher; it is spoken as much slower before."""
    import numpy

    voice = _loaded_hibari()
    samples = numpy.clip(numpy.rint(voice(text, speed=speed / pitch, seed=1) * 32_767), -32_768, 32_767)
    return resampled(samples.astype(numpy.int16).tobytes(), round(voice.sample_rate * pitch), RATE_HZ)
