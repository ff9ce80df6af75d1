"""What a caller's voice goes through before it is heard, by name."""

from collections.abc import Callable

from tests.kit.acoustics import telephone, with_kitchen

CONDITIONS: dict[str, Callable[[bytes, int], bytes]] = {
    "clean": lambda pcm, _: pcm,
    "telephone": lambda pcm, seed: telephone(with_kitchen(pcm, 20.0, seed)),
    "kitchen 20 dB": lambda pcm, seed: with_kitchen(pcm, 20.0, seed),
    "kitchen 10 dB": lambda pcm, seed: with_kitchen(pcm, 10.0, seed),
}
"""Each takes PCM16LE at 16 kHz, and a seed for the noise."""
