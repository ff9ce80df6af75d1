"""Whose voice is heard on a call that several people may be on. Pure rules: audio is counted, no clock is read.

An unmixed stream carries the frames of each participant by itself, named by raw id. By default only the caller is
heard: a supervisor who listens in, or a person a call is about to be put through to, must not talk to the agent.
"""

from collections.abc import Callable, Iterable
from typing import Any

from actors.rules.audio import level_db

VOICED_DB = -45.0
"""A frame at least this loud, in dB below full scale, is taken for a voice where no id tells who is who."""
QUIET_MS = 3_000.0
"""Somebody who was taken for the caller and has been quiet for this long gives way to another voice."""
LOOK_EVERY = 8
"""While nobody else sends frames, one in so many is looked at closely: who is there is known, and a look costs time."""
GONE_MS = 500.0
"""Somebody who was taken for the caller and sends no frames while others send this much gives way to them."""


def same_participant(one: str, other: str) -> bool:
    """Whether two raw ids or telephone numbers name the same participant ("4:+1206...", "+1206...")."""
    return bool(one) and _canonical(one) == _canonical(other)


def _canonical(raw_id: str) -> str:
    name = raw_id.strip().lower().removeprefix("4:")
    number = name.removeprefix("+")
    return f"4:{number}" if number.isdigit() else name


class CallerVoice:
    """Tells the caller's frames from those of others.

    Args:
        caller: the caller's raw id or telephone number, empty if it is not known.
        is_other: whether the telephone network has said of a raw id that it is somebody else than the caller.

    The caller is known by id. Where no frame bears an id that is the caller's, as when the network names people
    otherwise in its frames, the first who has a voice is taken for the caller. That is decided again when they fall
    silent or stop sending, and for good as soon as a frame of the caller's own id comes.
    """

    def __init__(self, caller: str, is_other: Callable[[str], bool] = lambda raw_id: False) -> None:
        self._caller = caller
        self._is_other = is_other
        self._known = ""
        """The id that the caller's frames bear; empty until the first of them."""
        self._taken = ""
        """Who is taken for the caller meanwhile."""
        self._has_spoken = False
        self._quiet_ms = 0.0
        self._missing_ms = 0.0
        self._alone = True
        """Nobody but who is taken for the caller has sent frames."""
        self._passed = 0

    def hears(self, participant: str, pcm: bytes, duration_ms: float) -> bool:
        """Whether a frame is the caller's. `pcm` is PCM16LE, empty for silence."""
        if not participant or participant == self._known:
            return True
        if participant != self._taken:
            self._alone = self._alone and not self._taken
        elif self._alone and self._passed < LOOK_EVERY:
            self._passed += 1
            self._quiet_ms += duration_ms
            return True
        self._passed = 0
        if not self._known and same_participant(participant, self._caller):
            self._known = participant
            return True
        if self._known or self._is_other(participant):
            return False
        return self._guess(participant, bool(pcm) and level_db(pcm) >= VOICED_DB, duration_ms)

    def obeys(self, participant: str) -> bool:
        """Whether a key counts that `participant` pressed: not one of somebody else's, once the caller is known."""
        return not participant or not self._known or same_participant(participant, self._caller)

    def _guess(self, participant: str, voiced: bool, duration_ms: float) -> bool:
        if participant != self._taken:
            self._missing_ms += duration_ms
            gone = not self._taken or self._missing_ms > GONE_MS
            if not gone and not (voiced and (not self._has_spoken or self._quiet_ms >= QUIET_MS)):
                return False
            self._taken, self._has_spoken = participant, False
        self._missing_ms = 0.0
        self._has_spoken = self._has_spoken or voiced
        self._quiet_ms = 0.0 if voiced else self._quiet_ms + duration_ms
        return True


MIXING_PACKAGES = ("numpy",)
"""Of the extra `local`, what a mixer needs."""


class VoiceMixer:
    """Adds up the voices of an unmixed stream, so that time passes once however many people send frames.

    The first who sends frames sets the pace: each of their frames comes out with what the others have sent since.
    """

    WAITING_MS = 100.0
    """Audio of somebody is kept for this long until the one who sets the pace sends; then they set it themselves."""
    MOST_OTHERS = 7
    """The network streams four voices at most; what more would come is left out."""

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
