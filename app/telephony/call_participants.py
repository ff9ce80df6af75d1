"""Who is on a call, as the telephone network tells it. Pure."""

from collections.abc import Iterable, Iterator

from app.telephony.call_control import OnTheCall
from protocol.calls import Participant

PERSON = "person"
"""The role of the caller; all other participants, and this server, have the role other."""


class CallParticipants:
    """The participants of one call. Updates may come late, and their sequence numbers skip."""

    __slots__ = ("_present", "_sequence_number")

    def __init__(self) -> None:
        self._present: dict[str, Participant] = {}
        self._sequence_number = -1

    def __iter__(self) -> Iterator[Participant]:
        return iter(self._present.values())

    def update(self, sequence_number: int, participants: Iterable[Participant]) -> None:
        """Take who is on the call now, unless a later update has come."""
        if sequence_number < self._sequence_number:
            return
        self._sequence_number = sequence_number
        self._present = {participant.id: participant for participant in participants}

    def restore(self, participants: Iterable[Participant]) -> None:
        """Begin with those whom another worker knew; any update is later than that."""
        self._present = {participant.id: participant for participant in participants}

    def disconnect(self) -> None:
        """Note that the call is over: nobody is on it any more."""
        self._present = {
            key: Participant(id=p.id, phone_number=p.phone_number, role=p.role, status="disconnected")
            for key, p in self._present.items()
        }

    @property
    def are_several(self) -> bool:
        """Whether there is somebody besides the caller and us, as far as the network has told."""
        return len(self._present) > 2

    @property
    def is_caller_on_hold(self) -> bool:
        """Whether the caller is on hold; where nobody is known to be the caller, whether anybody is."""
        present = list(self._present.values())
        callers = [participant for participant in present if participant.role == PERSON] or present
        return any(participant.status == "on_hold" for participant in callers)

    def is_other(self, participant_id: str) -> bool:
        """Whether the network has said that somebody of that id is on the call, and is not the caller."""
        known = self._present.get(participant_id)
        has_caller = any(participant.role == PERSON for participant in self._present.values())
        return known is not None and known.role != PERSON and has_caller


def only_telephone(present: Iterable[OnTheCall], own_number: str) -> str:
    """The number of the one participant who is on a telephone that is not ours; empty if there is none, or several."""
    numbers = {one.phone_number or "" for one in present} - {"", own_number}
    return numbers.pop() if len(numbers) == 1 else ""


def as_shown(present: Iterable[OnTheCall], caller: str) -> Iterator[Participant]:
    """Those who are on the call, as the API shows them. `caller`: the number or raw id of the caller."""
    for one in present:
        is_caller = caller != "" and caller in (one.raw_id, one.phone_number)
        status = "on_hold" if one.is_on_hold else "muted" if one.is_muted else "connected"
        yield Participant(
            id=one.raw_id, phone_number=one.phone_number, role=PERSON if is_caller else "other", status=status
        )
