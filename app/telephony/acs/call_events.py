"""Translates the events of ACS about calls. Events that are repeated or late change nothing."""

import asyncio
import logging

from actors.conversation import Ending
from actors.messages.caller import CallOrderFailed
from actors.ports.clock import Clock
from app.telephony.acs.order_events import ended_by, is_transferred, why
from app.telephony.acs.participants import caller_among, participants_of
from app.telephony.call import Call, Custody
from app.telephony.hold import follow_hold
from app.telephony.inbound.ringing import RINGS_S
from app.telephony.media.dtmf import Way
from app.telephony.network_state import has_come_to_nothing
from app.telephony.order_book import OrderState
from app.telephony.orders import failure_of
from app.telephony.switchboard import Switchboard
from protocol.acs.call_events import (
    AcsEvent,
    AnswerFailed,
    CallConnected,
    CallDisconnected,
    CallTransferAccepted,
    CallTransferFailed,
    ConnectFailed,
    ContinuousDtmfRecognitionToneReceived,
    CreateCallFailed,
    MediaStreamingFailed,
    MediaStreamingStarted,
    MediaStreamingStopped,
    MoveParticipantSucceeded,
    ParticipantsUpdated,
    RecognizeCompleted,
    TranscriptionFailed,
    TranscriptionStarted,
    TranscriptionStopped,
)
from protocol.acs.cloud_events import moment
from protocol.calls import CallState

NOT_OPENED = ("initialWebSocketConnectionFailed", "streamConnectionUnsuccessful")
"""The details of events about a media socket that has failed before it was open, in whatever case they come."""

SHOW_A_CALL = (CallTransferFailed, MediaStreamingStarted, ParticipantsUpdated, TranscriptionStarted)
"""Events other than `CallConnected` that show that a call is up."""

BEFORE_A_NEW_COUNT = (
    CallConnected,
    CallTransferAccepted,
    CallTransferFailed,
    MediaStreamingFailed,
    MoveParticipantSucceeded,
    TranscriptionFailed,
)
"""Events after which the network may number its updates of the participants from the beginning."""

log = logging.getLogger(__name__)


class CallEvents:
    """Translates the events of ACS into what they mean for a call of one worker. Belongs to the loop's thread."""

    def __init__(self, clock: Clock, switchboard: Switchboard) -> None:
        self._clock = clock
        self._switchboard = switchboard
        self._doubted: set[Call] = set()
        """Calls that are said not to have come about, and of which the network is being asked how they stand."""

    def apply(self, call: Call, event: AcsEvent) -> None:
        """Apply one event of the network to its call; one that was applied before changes nothing."""
        call.told_of = True
        if not call.seen_events.add(_delivered_as(event)):
            return
        at = self._clock.wall()
        if event.server_call_id and not call.server_call_id:
            call.server_call_id = event.server_call_id
        _note(call, event, at)
        if isinstance(event, ParticipantsUpdated) and not _is_present(call, event):
            return
        if isinstance(event, BEFORE_A_NEW_COUNT):
            call.participants.may_count_anew()
        self._settle(call, event)
        if call.over.is_set() and not call.is_end_told and isinstance(event, SHOW_A_CALL):
            # A call that was taken for over is up: its caller hears nothing, and it is hung up again.
            self._switchboard.connected(call)
        self._follow(call, event, at)

    def _follow(self, call: Call, event: AcsEvent, at: float) -> None:
        """Have the switchboard do what an event means for the state, the media socket and the session of its call."""
        board = self._switchboard
        match event:
            case CallConnected():
                board.connected(call)
                # That a caller is on hold may have been told before.
                follow_hold(board, call)
            case ParticipantsUpdated():
                follow_hold(board, call)
            case CallDisconnected():
                call.is_end_told = True
                if is_transferred(event):
                    self._handed_over(call)
                board.ended(call, CallState.DISCONNECTED)
            case CreateCallFailed() | AnswerFailed() | ConnectFailed():
                self._not_come_about(call, event.call_connection_id)
            case CallTransferAccepted():
                self._handed_over(call)
            case MediaStreamingFailed(media_streaming_update=update) if _is_not_opened(update.details):
                board.media_refused(call)
            case MediaStreamingFailed() | TranscriptionFailed() | MediaStreamingStopped() | TranscriptionStopped():
                board.media_stopped(call)
            case ContinuousDtmfRecognitionToneReceived():
                board.pressed(call, Way.EVENT, event.digit)
            case RecognizeCompleted():
                for digit in event.digits:
                    board.pressed(call, Way.EVENT, digit)
            case _:
                return

    def _handed_over(self, call: Call) -> None:
        """The caller talks with somebody else from now on."""
        call.hand_to(Custody.TRANSFERRED)
        self._switchboard.end_session(call, Ending.HUMAN_HANDOFF)

    def _not_come_about(self, call: Call, call_id: str) -> None:
        """The call `call_id` was not answered or placed. That may be told of a second order to answer one that is
        connected, or is about to be: so the network is asked, and the end of a call that is up is another event.
        """
        if call.progress.was_connected:
            log.warning(
                "an event says that a connected call was not established: the call goes on",
                extra={"call": call.call_id},
            )
        elif call not in self._doubted:
            self._doubted.add(call)
            call.run(self._look_at(call, call_id))

    async def _look_at(self, call: Call, call_id: str) -> None:
        board = self._switchboard
        # Others are not kept out for the sake of a call that has probably come to nothing.
        call.holds_place = False
        try:
            over = board.network is None or await has_come_to_nothing(board.network, call_id)
        finally:
            self._doubted.discard(call)
        if call.progress.was_connected:
            return
        is_sure = call.is_known_as(call_id) and not call.is_answer_in_doubt
        if not (over and is_sure):
            log.warning(
                "an event says that a call was not established, which is not sure: it is waited for",
                extra={"call": call.call_id},
            )
        if over and not is_sure:
            # Another order to answer the same call may have been carried out, or still be under way.
            await asyncio.sleep(RINGS_S)
            over = not call.progress.was_connected and (not call.call_id or call.is_known_as(call_id))
        if over:
            call.is_end_told = True
            board.ended(call, CallState.FAILED)

    def _settle(self, call: Call, event: AcsEvent) -> None:
        """Record how orders ended, as `event` says, and tell the session of a failure that comes too late for
        its tool.
        """
        for kind, state, subject in ended_by(event, call.caller):
            order = call.orders.told(
                kind, state, order_id=event.operation_context or "", subject=subject, reason=why(event.result)
            )
            if order is None or state is not OrderState.FAILED:
                continue
            log.warning("an order in a call failed: %s, %s", kind, order.reason, extra={"call": call.call_id})
            if order.is_late:
                self._switchboard.order_failed(call, CallOrderFailed(failure_of(order)))


def _is_not_opened(details: str) -> bool:
    return details.lower() in [name.lower() for name in NOT_OPENED]


def _is_present(call: Call, event: ParticipantsUpdated) -> bool:
    """Take who is on the call; returns False if what the network tells is past, or nothing."""
    call.caller = call.caller or caller_among(event, call.own_number)
    present = tuple(participants_of(event, call.caller))
    return bool(present) and call.participants.update(event.sequence_number, present, moment(event.time))


def _delivered_as(event: AcsEvent) -> str:
    """What repeated deliveries of one event have in common, empty if it has no id.

    An id is a sender's to keep unique. Two events that only share theirs are two: the end of a call must not be taken
    for its beginning, told once more.
    """
    return f"{event.event_id} {hash(repr(event))}" if event.event_id else ""


def _note(call: Call, event: AcsEvent, at: float) -> None:
    """Write an event into the log of the call, without keys, which are content."""
    if isinstance(event, ContinuousDtmfRecognitionToneReceived | RecognizeCompleted):
        return
    result = event.result
    details: dict[str, int] = {}
    if result is not None:
        details = {"code": result.code, "sub_code": result.sub_code}
        details |= {"sip_code": result.sip.code} if result.sip is not None else {}
        details |= {"q850_code": result.q850.code} if result.q850 is not None else {}
    call.note(type(event).__name__, at, **details)
