"""Who is on a call, as the telephone network tells it. Pure."""

from collections.abc import Iterable, Iterator

from app.telephony.call_control import OnTheCall
from protocol.calls import Participant

PERSON = "person"
"""The role of the caller; all other participants, and this server, have the role other."""


class CallParticipants:
    """The participants of one call. Updates may come late, their sequence numbers skip, and may begin anew."""

    __slots__ = ("_begins_anew", "_count_since", "_present", "_sequence_number", "_told_at", "updates")

    def __init__(self) -> None:
        self.updates = 0
        """How many updates have been taken."""
        self._present: dict[str, Participant] = {}
        self._sequence_number = -1
        self._told_at: float | None = None
        """When the network told of the latest update, by its own clock; None where it did not say."""
        self._count_since: float | None = None
        """When the count of the sequence numbers began anew; None for the first count."""
        self._begins_anew = False

    def __iter__(self) -> Iterator[Participant]:
        return iter(self._present.values())

    def update(
        self, sequence_number: int | None, participants: Iterable[Participant], told_at: float | None = None
    ) -> bool:
        """Take who is on the call now; returns False, and changes nothing, if a later update has come.

        Args:
            sequence_number: orders the updates of one count; None where the network gives none.
            participants: everybody who is on the call.
            told_at: when the network told of it, in seconds since the epoch by its own clock; None if it did not say.
        """
        if self._is_late(sequence_number, told_at):
            return False
        self.updates += 1
        self._begins_anew = False
        self._sequence_number = self._sequence_number if sequence_number is None else sequence_number
        self._told_at = told_at
        self._present = {participant.id: participant for participant in participants}
        return True

    def may_count_anew(self) -> None:
        """Note that the call has been transferred or connected again, so that a lower number may be a later one."""
        self._begins_anew = True

    def _is_late(self, number: int | None, told_at: float | None) -> bool:
        """Whether a later update has come. Within a count its numbers say so; a lower number begins another count if it
        is told of later. Without times that is taken from what happened in between, or from the number being 0.
        """
        if told_at is not None and self._count_since is not None and told_at < self._count_since:
            return True
        if number is not None and number > self._sequence_number:
            return False
        if told_at is not None and self._told_at is not None:
            is_late = told_at < self._told_at
        else:
            is_late = number is not None and 0 < number < self._sequence_number and not self._begins_anew
        if not is_late and number is not None and number < self._sequence_number:
            self._count_since = told_at
        return is_late

    def restore(self, participants: Iterable[Participant]) -> None:
        """Take those whom another worker knew, or whom the network lists; any update of a later number is later."""
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
    def knows_caller(self) -> bool:
        """Whether one of those who are on the call is known to be the caller."""
        return any(participant.role == PERSON for participant in self._present.values())

    @property
    def is_caller_on_hold(self) -> bool:
        """Whether the caller is on hold; where nobody is known to be the caller, whether anybody is."""
        present = list(self._present.values())
        callers = [participant for participant in present if participant.role == PERSON] or present
        return any(participant.status == "on_hold" for participant in callers)

    def is_other(self, participant_id: str) -> bool:
        """Whether the network has said that somebody of that id is on the call, and is not the caller."""
        known = self._present.get(participant_id)
        return known is not None and known.role != PERSON and self.knows_caller


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
