"""Spoken test audio: synthetic callers, noise, silence. PCM16LE mono at 16 kHz throughout.

`flite` must be on PATH; hibari, which people would rather listen to, runs in this process; espeak-ng is the library
inside `espeakng-loader`, run in a process of its own since it is GPL (this file, as a script). Speech is made once for
each sentence of a process.
"""

import asyncio
import ctypes
import io
import subprocess
import sys
import wave
from functools import lru_cache
from typing import Any, Final

RATE_HZ: Final = 16_000
BYTES_PER_MS: Final = RATE_HZ * 2 // 1000

FLITE: Final = "flite:rms"
FLITE_ALSO: Final = "flite:kal16"
ESPEAK: Final = "espeak:en-us+klatt6@175"
"""A voice, its variant and words a minute."""
HIBARI: Final = "hibari:1.0"
HIBARI_FAST: Final = "hibari:1.25"
"""A voice that is nearly always understood, and how fast it speaks."""
CALLERS: Final = (FLITE, ESPEAK)


@lru_cache(maxsize=512)
def say(text: str, voice: str = FLITE) -> bytes:
    """`text` spoken by `voice`: `flite:NAME`, `espeak:NAME@WORDS_A_MINUTE`, or `hibari:SPEED`."""
    engine, _, name = voice.partition(":")
    match engine:
        case "flite":
            return _flite(text, name)
        case "espeak":
            return _espeak(text, *name.split("@"))
        case "hibari":
            return _hibari(text, float(name))
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


def _espeak(text: str, name: str, words_a_minute: str = "160") -> bytes:
    done = subprocess.run(
        [sys.executable, __file__, name, words_a_minute],
        input=text.encode(),
        capture_output=True,
        check=True,
        timeout=30,
    )
    rate_hz = int.from_bytes(done.stdout[:4], "little")
    return resampled(done.stdout[4:], rate_hz, RATE_HZ)


@lru_cache(maxsize=1)
def _loaded_hibari() -> Any:
    from hibari import Hibari

    return Hibari(threads=1)


def _hibari(text: str, speed: float) -> bytes:
    import numpy

    voice = _loaded_hibari()
    samples = numpy.clip(numpy.rint(voice(text, speed=speed, seed=1) * 32_767), -32_768, 32_767).astype(numpy.int16)
    return resampled(samples.tobytes(), voice.sample_rate, RATE_HZ)


def _speak_here(name: str, words_a_minute: int, text: bytes) -> bytes:
    """The rate, four bytes, and the audio; in this process."""
    import espeakng_loader

    library = ctypes.CDLL(espeakng_loader.get_library_path())
    data_path = espeakng_loader.get_data_path().encode()
    synchronous, rate_parameter, utf8 = 2, 1, 1
    rate_hz = library.espeak_Initialize(synchronous, 60, data_path, 0)
    audio = bytearray(rate_hz.to_bytes(4, "little"))

    def keep(samples: int | None, count: int, _events: int) -> int:
        if samples:
            audio.extend(ctypes.string_at(samples, count * 2))
        return 0

    callback = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.c_void_p, ctypes.c_int, ctypes.c_void_p)(keep)
    library.espeak_SetSynthCallback(callback)
    if library.espeak_SetVoiceByName(name.encode()) != 0:
        raise SystemExit(f"espeak-ng has no voice {name}")
    library.espeak_SetParameter(rate_parameter, words_a_minute, 0)
    library.espeak_Synth(text, len(text) + 1, 0, 1, 0, utf8, None, None)
    return bytes(audio)


if __name__ == "__main__":
    sys.stdout.buffer.write(_speak_here(sys.argv[1], int(sys.argv[2]), sys.stdin.buffer.read()))
