"""What a caller's voice goes through before it is heard, by name."""

from collections.abc import Callable

from tests.kit.acoustics import telephone, with_kitchen

CONDITIONS: dict[str, Callable[[bytes], bytes]] = {
    "clean": lambda pcm: pcm,
    "telephone": lambda pcm: telephone(with_kitchen(pcm, 20.0)),
    "kitchen 20 dB": lambda pcm: with_kitchen(pcm, 20.0),
    "kitchen 10 dB": lambda pcm: with_kitchen(pcm, 10.0),
}
