"""Which events of ACS say how which order ended."""

import pytest

from app.telephony.acs.order_events import ended_by, why
from app.telephony.order_book import OrderKind, OrderState
from protocol.acs.call_events import (
    AcsEvent,
    CallTransferFailed,
    HoldFailed,
    ParticipantsUpdated,
    PlayStarted,
    RecordingStateChanged,
    Result,
    StartRecordingFailed,
)
from protocol.acs.participants import CallParticipant, Identifier

START, STOP = OrderKind.START_RECORDING, OrderKind.STOP_RECORDING
SUCCEEDED, FAILED = OrderState.SUCCEEDED, OrderState.FAILED
CALLER, OTHER = "+15550100", "8:acs:supervisor"


def participant(raw_id: str, on_hold: bool) -> CallParticipant:
    return CallParticipant(Identifier(raw_id=raw_id), is_on_hold=on_hold)


@pytest.mark.parametrize(
    ("event", "ended"),
    [
        (RecordingStateChanged(recording_id="a", state="Active"), [(START, SUCCEEDED, "a")]),
        (RecordingStateChanged(recording_id="a", state="inactive"), [(STOP, SUCCEEDED, "a")]),
        (RecordingStateChanged(state="active"), []),
        (RecordingStateChanged(recording_id="a"), []),
        (StartRecordingFailed(recording_id="a"), [(START, FAILED, "a")]),
        (CallTransferFailed(), [(OrderKind.TRANSFER, FAILED, "")]),
        (HoldFailed(), [(OrderKind.HOLD, FAILED, ""), (OrderKind.UNHOLD, FAILED, "")]),
        (PlayStarted(), []),
    ],
)
def test_which_events_end_which_orders(event: AcsEvent, ended: list[tuple[OrderKind, OrderState, str]]) -> None:
    assert list(ended_by(event, CALLER)) == ended


def test_the_caller_is_named_as_in_the_order_and_others_by_their_raw_ids() -> None:
    update = ParticipantsUpdated(participants=(participant("4:+15550100", True), participant(OTHER, False)))
    assert list(ended_by(update, CALLER)) == [
        (OrderKind.HOLD, SUCCEEDED, CALLER),
        (OrderKind.UNHOLD, SUCCEEDED, OTHER),
    ]


def test_the_reason_is_words_and_codes_and_no_number() -> None:
    assert why(Result(code=486, sub_code=560486, message="+15550100 is busy")) == "busy (486/560486)"
    assert why(Result(code=400, sub_code=8553)) == "400/8553"
    assert why(None) == ""
