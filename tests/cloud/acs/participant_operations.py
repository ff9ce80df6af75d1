"""Operations on who takes part in a call."""

import asyncio
import uuid
from collections.abc import Callable, Coroutine
from typing import Any

from tests.cloud.acs.call_operations import Answer
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.calls import Call, Participant
from tests.cloud.acs.events import NO_ANSWER, OK, Result
from tests.cloud.acs.refusals import Refusal
from tests.cloud.acs.requests import (
    AddParticipant,
    CancelAddParticipant,
    MoveParticipants,
    MuteParticipants,
    RemoveParticipant,
)
from tests.cloud.acs.switchboard import Switchboard

INVITATION_S = 60.0
REMOVED = Result(
    200, 5300, "Call ended for this participant as it was removed from the conversation. DiagCode: 0#5300.@"
)


class ParticipantOperations:
    """See CallOperations."""

    def __init__(self, switchboard: Switchboard) -> None:
        self._board = switchboard
        self._invitations: dict[str, asyncio.Task[None]] = {}

    def listed(self, connection_id: str, skip: int) -> tuple[list[dict[str, object]], int | None]:
        """A page of the participants, and where the next one starts."""
        people = [p.wire() for p in self._board.call(connection_id).participants.values()]
        size = self._board.behaviour.page_size or len(people)
        following = skip + size
        return people[skip:following], following if following < len(people) else None

    def one(self, connection_id: str, raw_id: str, silent: bool) -> Answer:
        """One participant."""
        call = self._board.call(connection_id)
        return _participant(call, raw_id).wire()

    def add(self, connection_id: str, body: AddParticipant, silent: bool) -> Answer:
        """Invite somebody."""
        call = self._board.call(connection_id)
        invitation_id = str(uuid.uuid4())
        guest = Caller(body.participant_to_add)
        if not silent:
            done = self._joined(call, guest, invitation_id, body)
            asked_s = body.invitation_timeout_in_seconds
            limit_s = INVITATION_S if asked_s is None else asked_s
            self._invitations[invitation_id] = self._board.call_out(guest, done)
            self._board.background.later(limit_s, self._expire(invitation_id, done))
        participant = Participant(guest.identity).wire()
        return {
            "participant": participant,
            "operationContext": body.operation_context,
            "invitationId": invitation_id,
        }

    def remove(self, connection_id: str, body: RemoveParticipant, silent: bool) -> Answer:
        """Put somebody out of the call."""
        call = self._board.call(connection_id)
        identity = _participant(call, body.participant_to_remove.raw).identifier

        async def remove() -> None:
            if call.ended or identity.raw not in call.participants:
                return
            call.emit("RemoveParticipantSucceeded", {"participant": identity.wire()}, OK, body)
            if [caller.raw_id for caller in call.callers()] == [identity.raw]:
                call.end(REMOVED)
            else:
                call.remove(identity.raw, REMOVED)

        if not silent:
            self._later(remove)
        return {"operationContext": body.operation_context}

    def mute(self, connection_id: str, body: MuteParticipants, silent: bool) -> Answer:
        """Let somebody not be heard."""
        call = self._board.call(connection_id)
        for target in body.target_participants:
            _participant(call, target.raw).is_muted = True
        if not silent:
            call.emit_participants()
        return {"operationContext": body.operation_context}

    def cancel(self, connection_id: str, body: CancelAddParticipant, silent: bool) -> Answer:
        """Take an invitation back."""
        call = self._board.call(connection_id)
        ringing = self._invitations.pop(body.invitation_id, None)
        if not silent:
            if ringing is None:
                failed = Result(400, 8523, "The invitation was answered, or there is none.")
                call.emit("CancelAddParticipantFailed", {"invitationId": body.invitation_id}, failed, body)
            else:
                ringing.cancel()
                call.emit("CancelAddParticipantSucceeded", {"invitationId": body.invitation_id}, OK, body)
        return {"invitationId": body.invitation_id, "operationContext": body.operation_context}

    def move_here(self, connection_id: str, body: MoveParticipants, silent: bool) -> Answer:
        """Fetch participants of another call of the application's."""
        call, other = self._board.call(connection_id), self._board.call(body.from_call)
        movers = [(t, _participant(other, t.raw)) for t in body.target_participants]

        async def move() -> None:
            for target, participant in movers:
                if call.ended or participant.caller is None:
                    continue
                other.participants.pop(target.raw, None)
                call.add(participant.caller)
                about = {"participant": target.wire(), "fromCall": body.from_call}
                call.emit("MoveParticipantSucceeded", about, OK, body)
            if not other.callers():
                other.end(Result(200, 0, "Everybody was moved to another call."))

        if not silent:
            self._later(move)
        people = [participant.wire() for _, participant in movers]
        return {"participants": people, "operationContext": body.operation_context, "fromCall": body.from_call}

    def _joined(
        self, call: Call, guest: Caller, invitation_id: str, order: AddParticipant
    ) -> Callable[[Result | None], None]:
        def done(failure: Result | None) -> None:
            self._invitations.pop(invitation_id, None)
            if call.ended:
                return
            about = {"participant": guest.identity.wire()}
            if failure is not None:
                guest.over(failure)
                call.emit("AddParticipantFailed", about, failure, order)
                return
            call.emit("AddParticipantSucceeded", about, OK, order)
            call.add(guest)

        return done

    async def _expire(self, invitation_id: str, done: Callable[[Result | None], None]) -> None:
        ringing = self._invitations.get(invitation_id)
        if ringing is not None:
            ringing.cancel()
            done(NO_ANSWER)

    def _later(self, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        self._board.background.later(self._board.behaviour.action_delay_s, work())


def _participant(call: Call, raw_id: str) -> Participant:
    if raw_id not in call.participants:
        raise Refusal(404, "8522", "Participant not found.", "participant")
    return call.participants[raw_id]
