"""What the telephone network says of calls, event by event. Repeated and late ones do no harm."""

from actors.call_line import CallError, CallTrouble
from actors.messages import HoldEnded, HoldStarted
from actors.turn_events import Ending
from app.service import Service
from app.telephony.call import Call
from app.telephony.switchboard import Switchboard
from app.telephony.tones import Way
from protocol.acs_events import (
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
    ParticipantsUpdated,
    RecognizeCompleted,
    RecordingStateChanged,
)
from protocol.calls import CallState


class CallEvents:
    """Of one worker; belongs to the loop's thread."""

    def __init__(self, service: Service, switchboard: Switchboard) -> None:
        self._service = service
        self._switchboard = switchboard

    def took(self, call: Call, event: AcsEvent) -> None:
        """One event of a call."""
        call.told_of = True
        if call.knows(event.event_id):
            return
        at = self._service.clock.wall()
        if event.server_call_id and not call.server_call_id:
            call.server_call_id = event.server_call_id
        _note(call, event, at)
        board = self._switchboard
        match event:
            case CallConnected():
                board.connected(call)
            case ParticipantsUpdated():
                call.joined(event)
                self._held(call, at)
            case CallDisconnected():
                board.ended(call, CallState.DISCONNECTED)
            case CreateCallFailed() | AnswerFailed() | ConnectFailed():
                board.ended(call, CallState.FAILED)
            case CallTransferAccepted():
                self._transferred(call)
            case CallTransferFailed():
                _not_transferred(call)
            case MediaStreamingFailed():
                board.media_lost(call)
            case ContinuousDtmfRecognitionToneReceived():
                board.pressed(call, Way.EVENT, event.digit)
            case RecognizeCompleted():
                for digit in event.digits:
                    board.pressed(call, Way.EVENT, digit)
            case RecordingStateChanged(recording_id=recording_id, state=state):
                call.recording_id = recording_id if state.lower() == "active" else ""
            case _:
                return

    def _held(self, call: Call, at: float) -> None:
        """The caller is on hold, or no longer."""
        on_hold = call.caller_on_hold
        if call.up and on_hold != (call.state is CallState.ON_HOLD):
            call.became(CallState.ON_HOLD if on_hold else CallState.CONNECTED, at)
            self._switchboard.tell_session(call, HoldStarted() if on_hold else HoldEnded())

    def _transferred(self, call: Call) -> None:
        accepted, call.transferring = call.transferring, None
        if accepted is not None and not accepted.done():
            accepted.set_result(None)
        call.transferred = True
        self._switchboard.end_session(call, Ending.HUMAN_HANDOFF)


def _not_transferred(call: Call) -> None:
    call.fail_transfer(CallError(CallTrouble.REFUSED, "the other side did not take the call"))


def _note(call: Call, event: AcsEvent, at: float) -> None:
    """Into the log of the call; not the keys, which are content."""
    if isinstance(event, ContinuousDtmfRecognitionToneReceived | RecognizeCompleted):
        return
    result = event.result
    details = {"code": result.code, "sub_code": result.sub_code} if result is not None else {}
    call.note(type(event).__name__, at, **details)
