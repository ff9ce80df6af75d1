"""What the emulated model answers, and what goes wrong while it does."""

import math
from array import array
from functools import lru_cache
from typing import Any

import msgspec

WORD_MS = 300
"""Each word of a reply lasts so long."""


class Call(msgspec.Struct, frozen=True):
    """A call of a tool."""

    name: str
    arguments: dict[str, Any] = {}


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """One response. Its audio is a tone of `tone_hz`, of `WORD_MS` a word.

    `status` and `reason` are how it ends by itself, `error` is why it failed. `begin_s` passes before its first audio.
    """

    text: str = ""
    calls: tuple[Call, ...] = ()
    tone_hz: float = 440.0
    begin_s: float = 0.0
    status: str = "completed"
    reason: str = ""
    error: dict[str, str] | None = None
    after_ms: int | None = None
    """Of the audio, only so much comes before the reply ends as `status` says."""
    stalls: bool = False
    """Nothing more comes after that, not even an end."""
    drops: int | None = None
    """Or the socket is closed with this code; 0: it breaks without any."""

    @property
    def words(self) -> list[str]:
        """Its words, each with the space before it."""
        return [word if at == 0 else f" {word}" for at, word in enumerate(self.text.split())]


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """What a turn of the caller is understood as, `after_s` its end. None: no transcript ever comes."""

    text: str | None = None
    after_s: float = 0.1
    fails: bool = False


@lru_cache(maxsize=4_096)
def tone(duration_ms: float, rate_hz: int, tone_hz: float, from_ms: float = 0.0) -> bytes:
    """PCM16LE mono of a steady tone: a part that is missing, or that comes twice, can be heard in its phase."""
    first, count = round(from_ms * rate_hz / 1_000), round(duration_ms * rate_hz / 1_000)
    step = 2 * math.pi * tone_hz / rate_hz
    samples = array("h", (round(9_000 * math.sin(step * (first + at))) for at in range(count)))
    return samples.tobytes()
