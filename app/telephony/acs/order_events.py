"""Which events of the telephone network say how which order ended."""

from collections.abc import Iterator

from app.telephony.acs.participants import same_participant
from app.telephony.order_book import OrderKind, OrderState
from protocol.acs.call_events import (
    AcsEvent,
    CallDisconnected,
    CallTransferAccepted,
    CallTransferFailed,
    HoldFailed,
    MoveParticipantFailed,
    MoveParticipantSucceeded,
    ParticipantsUpdated,
    RecordingStateChanged,
    Result,
    SendDtmfTonesCompleted,
    SendDtmfTonesFailed,
    StartRecordingFailed,
)

Ended = tuple[OrderKind, OrderState, str]
"""The kind of an order, its outcome, and the recording or participant that it was about (empty for none)."""

_BY_CONTEXT: dict[type[AcsEvent], tuple[OrderKind, OrderState]] = {
    CallTransferAccepted: (OrderKind.TRANSFER, OrderState.SUCCEEDED),
    CallTransferFailed: (OrderKind.TRANSFER, OrderState.FAILED),
    MoveParticipantSucceeded: (OrderKind.JOIN, OrderState.SUCCEEDED),
    MoveParticipantFailed: (OrderKind.JOIN, OrderState.FAILED),
    SendDtmfTonesCompleted: (OrderKind.SEND_KEYS, OrderState.SUCCEEDED),
    SendDtmfTonesFailed: (OrderKind.SEND_KEYS, OrderState.FAILED),
}
_WORDS = {404: "not found", 408: "no answer", 480: "no answer", 486: "busy", 487: "cancelled", 603: "declined"}


TRANSFER_COMPLETED = 7015
"""The code with which the network ends a call for the application because its transfer was accepted."""


def is_transferred(ended: CallDisconnected) -> bool:
    """Whether a call has ended for us because the caller was put through, which another event tells later or never."""
    return ended.result is not None and ended.result.sub_code == TRANSFER_COMPLETED


def ended_by(event: AcsEvent, caller: str) -> Iterator[Ended]:
    """Yield which kinds of order ended, how, and about what recording or participant, as `event` says.

    A participant is named as in the order: `caller`, the number or raw id of the caller, or their raw id.
    """
    match event:
        case ParticipantsUpdated(participants=participants):
            for one in participants:
                kind = OrderKind.HOLD if one.is_on_hold else OrderKind.UNHOLD
                raw_id = one.identifier.raw_id
                yield kind, OrderState.SUCCEEDED, caller if same_participant(raw_id, caller) else raw_id
        case RecordingStateChanged(recording_id=recording_id, state=state) if recording_id and state:
            starts = state.lower() == "active"
            kind = OrderKind.START_RECORDING if starts else OrderKind.STOP_RECORDING
            yield kind, OrderState.SUCCEEDED, recording_id
        case StartRecordingFailed(recording_id=recording_id):
            yield OrderKind.START_RECORDING, OrderState.FAILED, recording_id
        case CallDisconnected() if is_transferred(event):
            yield OrderKind.TRANSFER, OrderState.SUCCEEDED, ""
        case HoldFailed():
            # There is one event for both ways; the operation context says which.
            yield OrderKind.HOLD, OrderState.FAILED, ""
            yield OrderKind.UNHOLD, OrderState.FAILED, ""
        case _ if type(event) in _BY_CONTEXT:
            yield *_BY_CONTEXT[type(event)], ""


def why(result: Result | None) -> str:
    """The reason that an event gives, in words and codes; nothing of its text, which may hold numbers."""
    if result is None or not result.code:
        return ""
    codes = f"{result.code}/{result.sub_code}" if result.sub_code else f"{result.code}"
    return f"{_WORDS[result.code]} ({codes})" if result.code in _WORDS else codes
