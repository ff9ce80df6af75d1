"""Whose voice is heard on a call that several people may be on. Pure rules: audio is counted, no clock is read.

An unmixed stream carries the frames of each participant by itself, named by raw id. By default only the caller is
heard: a supervisor who listens in, or a person a call is about to be put through to, must not talk to the agent.
"""

from collections.abc import Callable, Iterator

from actors.rules.audio import level_db
from protocol.acs.call_events import ParticipantsUpdated
from protocol.calls import Participant

VOICED_DB = -45.0
"""The level in dB below full scale from which a frame counts as voice, if participants have no ids."""
QUIET_MS = 3_000.0
"""Milliseconds of silence after which another voice may be taken for the caller's."""
LOOK_EVERY = 8
"""While only one participant sends frames, one of this many is analysed, since that takes time and the voice is
known."""
GONE_MS = 500.0
"""Milliseconds of other participants' frames without one of the presumed caller, after which they are no longer taken
for the caller."""


def same_participant(one: str, other: str) -> bool:
    """Whether two raw ids or telephone numbers name the same participant ("4:+1206...", "+1206...")."""
    return bool(one) and _canonical(one) == _canonical(other)


def participants_of(update: ParticipantsUpdated, caller: str) -> Iterator[Participant]:
    """Those who are on the call, as the API shows them. `caller`: the number or raw id of the caller."""
    for one in update.participants:
        raw_id, number = one.identifier.raw_id, one.identifier.phone_number
        yield Participant(
            id=raw_id,
            phone_number=number,
            role="person" if same_participant(caller, raw_id) or caller == number else "other",
            status="on_hold" if one.is_on_hold else "muted" if one.is_muted else "connected",
        )


def caller_among(update: ParticipantsUpdated, own_number: str) -> str:
    """The number of the one participant who is on a telephone that is not ours; empty if there is none, or several.

    For a call whose announcement did not say who calls.
    """
    numbers = {one.identifier.phone_number or "" for one in update.participants} - {"", own_number}
    return numbers.pop() if len(numbers) == 1 else ""


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
        self._caller = _canonical(caller)
        self._is_other = is_other
        self.known = ""
        """The raw id in the caller's own frames, which then need not be analysed; empty until the first of them."""
        self._taken = ""
        """The raw id of whoever is taken for the caller until then; empty for nobody."""
        self._has_spoken = False
        self._quiet_ms = 0.0
        self._missing_ms = 0.0
        self._alone = True
        """Whether only the participant who is taken for the caller has sent frames."""
        self._passed = 0

    def take_frame(self, participant: str, pcm: bytes, duration_ms: float) -> bool:
        """Take a frame into account, and return whether it is the caller's. `pcm` is PCM16LE, empty for silence."""
        if participant and participant == self._taken and self._alone and self._passed < LOOK_EVERY:
            self._passed += 1
            self._quiet_ms += duration_ms
            return True
        if not participant or participant == self.known:
            return True
        if participant != self._taken:
            self._alone = self._alone and not self._taken
        self._passed = 0
        if not self.known and _canonical(participant) == self._caller:
            self.known = participant
            return True
        if self.known or self._is_other(participant):
            return False
        return self._guess(participant, bool(pcm) and level_db(pcm) >= VOICED_DB, duration_ms)

    def obeys(self, participant: str) -> bool:
        """Whether a key counts that `participant` pressed: not one of somebody else's, once the caller is known."""
        return not participant or not self.known or _canonical(participant) == self._caller

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
