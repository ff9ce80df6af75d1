"""Add up the voices of people whose audio the telephone network sends each by itself. Pure: audio is counted."""

from collections.abc import Iterable
from typing import Any

MIXING_PACKAGES = ("numpy",)
"""The packages of the extra `local` that mixing needs."""


class VoiceMixer:
    """Adds up the voices of an unmixed stream, so that time passes once however many people send frames.

    The first who sends frames sets the pace: each of their frames comes out with what the others have sent since.
    """

    WAITING_MS = 100.0
    """Milliseconds for which the audio of others waits for that of the participant who sets the pace; then they set it
    themselves."""
    MOST_OTHERS = 7
    """The most other participants that are mixed; the network streams four voices at most."""

    def __init__(self, rate_hz: int) -> None:
        import numpy

        self._numpy: Any = numpy
        self._most_bytes = int(rate_hz * 2 * self.WAITING_MS / 1000)
        self._pace = ""
        self._waiting: dict[str, bytearray] = {}

    def push(self, participant: str, pcm: bytes) -> bytes:
        """The audio that is complete now, PCM16LE mono; empty if none is."""
        self._pace = self._pace or participant
        if participant == self._pace:
            return self._add_up(pcm, (self._next_of(name, len(pcm)) for name in list(self._waiting)))
        if participant not in self._waiting and len(self._waiting) >= self.MOST_OTHERS:
            return b""
        waiting = self._waiting.setdefault(participant, bytearray())
        waiting += pcm
        if len(waiting) <= self._most_bytes:
            return b""
        self._pace = participant
        return bytes(self._waiting.pop(participant))

    def _next_of(self, participant: str, length: int) -> bytes:
        waiting = self._waiting[participant]
        audio = bytes(waiting[:length])
        del waiting[:length]
        if not waiting:
            del self._waiting[participant]
        return audio

    def _add_up(self, pcm: bytes, others: Iterable[bytes]) -> bytes:
        numpy = self._numpy
        total = numpy.frombuffer(pcm, "<i2").astype(numpy.int32)
        for audio in others:
            total[: len(audio) // 2] += numpy.frombuffer(audio, "<i2")
        return bytes(total.clip(-32_768, 32_767).astype("<i2").tobytes())
