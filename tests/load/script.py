"""What a call of the load test is like: for callers, fake providers and the floor. Knows nothing of the product."""

import math
import sys
from array import array

RATE_HZ = 16_000
FRAME_MS = 20
FRAME_BYTES = RATE_HZ * FRAME_MS // 1000 * 2

VOICED_FRAMES = 2
"""Voice for so long is an interruption: from its first frame to the order to stop it is one frame's time at least."""
END_SILENCE_MS = 100
RECOGNITION_MS, ANSWER_MS, SYNTHESIS_MS = 60, 150, 100
PROVIDERS_MS = END_SILENCE_MS + RECOGNITION_MS + ANSWER_MS + SYNTHESIS_MS
"""From the end of speech to the first audio, if nothing else took any time."""

REPLY_MS = 3_000
LEAD_MS = 60

_LOUD = 1_000


def is_voiced(pcm: bytes) -> bool:
    """The energy detector: whether `pcm` (16-bit mono) is loud anywhere."""
    samples = array("h", pcm)
    return max(samples[::8]) > _LOUD


def tone(duration_ms: int, hz: float, peak: int, rate_hz: int = RATE_HZ) -> bytes:
    """PCM16LE mono."""
    samples = array(
        "h", (int(peak * math.sin(math.tau * hz * n / rate_hz)) for n in range(rate_hz * duration_ms // 1000))
    )
    if sys.byteorder == "big":  # pragma: no cover
        samples.byteswap()
    return samples.tobytes()


def caller_voice() -> list[bytes]:
    """A second of a caller's voice, in frames."""
    pcm = tone(1_000, 230, 9_000)
    return [pcm[begin : begin + FRAME_BYTES] for begin in range(0, len(pcm), FRAME_BYTES)]


def caller_silence() -> bytes:
    """A frame of a quiet line."""
    return tone(FRAME_MS, 150, 40)
