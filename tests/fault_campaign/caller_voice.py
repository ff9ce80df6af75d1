"""A caller's voice whose samples tell what is being said, so that an engine can hear it in whatever it is given.

What is said has a number, and each 20 ms of it a place: both are loudnesses, one above and one below zero. Whoever
hears the audio a second time, or a part of it, hears the same words, or a part of them.
"""

from collections import defaultdict
from collections.abc import Container
from struct import Struct

import msgspec

LOUDNESS = 15_000
FRAME_SAMPLES = 320
"""20 ms at 16 kHz."""
PAIR = Struct("<hh")
"""Two samples that follow each other: all that a frame tells, again and again."""
HALF_BYTES = FRAME_SAMPLES // 2 * 2
"""Half a frame."""
NO_WORDS = 0
ASSENT = 1


class Utterance(msgspec.Struct, frozen=True):
    """Words, and in how many frames they are said."""

    text: str
    frames: int

    def understood(self, heard: Container[int]) -> str:
        """The words whose middle is in one of these frames, which are numbered from 0."""
        words = self.text.split()
        middles = [self.frames * (2 * place + 1) // (2 * len(words)) for place in range(len(words))]
        return " ".join(word for word, middle in zip(words, middles, strict=True) if middle in heard)


SAID = {NO_WORDS: Utterance("", 50), ASSENT: Utterance("uh huh", 15)}
"""What a caller may say in any conversation."""


class Voice:
    """Somebody who says what has this number; each call gives the next 20 ms, PCM16LE mono at 16 kHz."""

    def __init__(self, number: int) -> None:
        self._number = number
        self.frames = 0
        """How many were given."""

    def __call__(self) -> bytes:
        pcm = PAIR.pack(LOUDNESS + self._number, -LOUDNESS - self.frames) * (FRAME_SAMPLES // 2)
        self.frames += 1
        return pcm


class Listener:
    """Understands a voice: a word where its middle is heard.

    Args:
        said: what the caller says, by number; more may be added.
    """

    def __init__(self, said: dict[int, Utterance]) -> None:
        self._said = said
        self._heard: defaultdict[int, set[int]] = defaultdict(set)

    def hear(self, pcm: bytes) -> None:
        """Listen to audio at 16 kHz, PCM16LE mono."""
        assert len(pcm) % 2 == 0
        for begin in range(0, len(pcm) - PAIR.size + 1, HALF_BYTES):
            one, other = PAIR.unpack_from(pcm, begin)
            # Which comes first depends on where the audio was cut.
            number, frame = (one, -other) if one > other else (other, -one)
            number -= LOUDNESS
            frame -= LOUDNESS
            if number >= 0 and frame >= 0:
                self._heard[number].add(frame)

    @property
    def words(self) -> str:
        """What was understood since `forget`, in the order in which it was begun."""
        each = (self._said.get(number, SAID[NO_WORDS]).understood(heard) for number, heard in self._heard.items())
        return " ".join(filter(None, each))

    def forget(self) -> None:
        """Begin anew."""
        self._heard.clear()
