"""Voices: the audio for a text, and where its words are. The built-in one says each word as a tone of its own."""

import functools
import re
import zlib
from collections.abc import Callable

import msgspec
import numpy as np

from tests.cloud.speech.ssml import Span

TOKEN = re.compile(r"[\u3040-\u30ff\u4e00-\u9fff]|\w+(?:['\u2019\-.]\w+)*|[^\w\s]")
LETTER_MS, SHORTEST_MS, GAP_MS, COMMA_MS, STOP_MS = 55, 90, 30, 120, 240
STOPS = ".?!…。\uff1f\uff01"
LEVEL = 4_600
"""The peak, -17 dBFS."""
RAMP_MS = 5


class Word(msgspec.Struct, frozen=True):
    """A word or a punctuation mark, and its place in the audio."""

    text: str
    start_ms: float
    duration_ms: float
    punctuation: bool = False


class Voiced(msgspec.Struct, frozen=True):
    """PCM16LE mono, and its words."""

    pcm: bytes
    words: tuple[Word, ...] = ()


Voice = Callable[[Span, int], Voiced]
"""Says a span at a rate in Hz. May block: it is called in a thread."""


def tone_voice(span: Span, rate_hz: int) -> Voiced:
    """Each word as a tone whose pitch comes from its letters; length proportional to the text and its tempo."""
    parts: list[bytes] = []
    words: list[Word] = []
    at = 0
    for token in TOKEN.findall(span.text):
        punctuation = not (token[0].isalnum() or token[0] == "_")
        if punctuation:
            sound, pause_ms = b"", STOP_MS if token in STOPS else COMMA_MS
        else:
            sound = _tone(token, round(max(SHORTEST_MS, LETTER_MS * len(token)) / span.manner.tempo), rate_hz)
            pause_ms = GAP_MS
        start_ms = at * 1000 / rate_hz
        words.append(Word(token, start_ms, len(sound) * 500 / rate_hz, punctuation))
        silence = bytes(round(pause_ms / span.manner.tempo) * rate_hz // 1000 * 2)
        parts += (sound, silence)
        at += (len(sound) + len(silence)) // 2
    return Voiced(b"".join(parts), tuple(words))


@functools.lru_cache(maxsize=4096)
def _tone(word: str, duration_ms: int, rate_hz: int) -> bytes:
    frequency_hz = 200 + zlib.crc32(word.lower().encode()) % 1800
    times = np.arange(duration_ms * rate_hz // 1000) / rate_hz
    ramp = np.minimum(1.0, np.minimum(times, times[::-1]) * 1000 / RAMP_MS)
    return bytes((np.sin(2 * np.pi * frequency_hz * times) * ramp * LEVEL).astype("<i2").tobytes())
