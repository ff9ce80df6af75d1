"""Translates the events of ACS about calls. Events that are repeated or late change nothing."""

import logging

from actors.conversation import Ending
from actors.messages.caller import CallOrderFailed, HoldEnded, HoldStarted
from actors.ports.clock import Clock
from app.telephony.acs.order_events import ended_by, why
from app.telephony.acs.participants import caller_among, participants_of
from app.telephony.call import Call, Custody
from app.telephony.media.dtmf import Way
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
    ParticipantsUpdated,
    RecognizeCompleted,
    TranscriptionFailed,
    TranscriptionStarted,
)
from protocol.calls import CallState

NOT_OPENED = ("initialWebSocketConnectionFailed", "streamConnectionUnsuccessful")
"""The details of events about a media socket that has failed before it was open."""

SHOW_A_CALL = (CallTransferFailed, MediaStreamingStarted, ParticipantsUpdated, TranscriptionStarted)
"""Events other than `CallConnected` that show that a call is up."""

log = logging.getLogger(__name__)


class CallEvents:
    """Translates the events of ACS into what they mean for a call of one worker. Belongs to the loop's thread."""

    def __init__(self, clock: Clock, switchboard: Switchboard) -> None:
        self._clock = clock
        self._switchboard = switchboard

    def apply(self, call: Call, event: AcsEvent) -> None:
        """Apply one event of the network to its call; one that was applied before changes nothing."""
        call.told_of = True
        if not call.seen_events.add(_delivered_as(event)):
            return
        at = self._clock.wall()
        if event.server_call_id and not call.server_call_id:
            call.server_call_id = event.server_call_id
        _note(call, event, at)
        if isinstance(event, ParticipantsUpdated) and not call.caller:
            call.caller = caller_among(event, call.own_number)
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
                self._held(call, at)
            case ParticipantsUpdated():
                call.participants.update(event.sequence_number, participants_of(event, call.caller))
                self._held(call, at)
            case CallDisconnected():
                call.is_end_told = True
                board.ended(call, CallState.DISCONNECTED)
            case CreateCallFailed() | AnswerFailed() | ConnectFailed():
                self._not_come_about(call)
            case CallTransferAccepted():
                call.hand_to(Custody.TRANSFERRED)
                board.end_session(call, Ending.HUMAN_HANDOFF)
            case MediaStreamingFailed(media_streaming_update=update) if update.details in NOT_OPENED:
                board.media_refused(call)
            case MediaStreamingFailed() | TranscriptionFailed():
                board.media_lost(call)
            case ContinuousDtmfRecognitionToneReceived():
                board.pressed(call, Way.EVENT, event.digit)
            case RecognizeCompleted():
                for digit in event.digits:
                    board.pressed(call, Way.EVENT, digit)
            case _:
                return

    def _not_come_about(self, call: Call) -> None:
        """A call was not answered or placed. Of one that is connected this is said of a second order to answer it, or
        late: its end is told as another event, and shows by its media socket.
        """
        if call.progress.connected_at is None:
            call.is_end_told = True
            self._switchboard.ended(call, CallState.FAILED)
        else:
            log.warning(
                "an event says that a connected call was not established: the call goes on",
                extra={"call": call.call_id},
            )

    def _held(self, call: Call, at: float) -> None:
        """Follow whether the caller is on hold, as the participants now are, and tell the session of a change."""
        on_hold = call.participants.is_caller_on_hold
        if call.up and on_hold != (call.state is CallState.ON_HOLD):
            call.change_state(CallState.ON_HOLD if on_hold else CallState.CONNECTED, at)
            self._switchboard.tell_session(call, HoldStarted() if on_hold else HoldEnded())

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
