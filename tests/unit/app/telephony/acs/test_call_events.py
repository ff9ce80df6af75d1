"""What the network tells of a call, applied to it: each event once, and no event taken for another."""

import asyncio
import json
from typing import Any

from actors.messages.caller import HoldEnded, HoldStarted
from actors.runtime.clock import LoopClock
from app.telephony.acs.call_events import CallEvents
from protocol.acs import call_event_decoding
from protocol.acs.call_events import AcsEvent
from protocol.calls import CallState
from tests.unit.app.telephony.call_kit import CALLER, on_virtual_time
from tests.unit.app.telephony.test_switchboard import Board


def told(on: Board, kind: str, event_id: str, **data: Any) -> None:
    """Apply an event as it is delivered."""
    delivered = {
        "type": f"Microsoft.Communication.{kind}",
        "id": event_id,
        "data": {"callConnectionId": "call-1", **data},
    }
    (event,) = call_event_decoding.decode(json.dumps(delivered))
    assert isinstance(event, AcsEvent)
    CallEvents(LoopClock(), on.board).apply(on.call, event)


def on_hold(*, on: bool, number: int) -> dict[str, Any]:
    caller = {"rawId": f"4:{CALLER}", "kind": "phoneNumber", "phoneNumber": {"value": CALLER}}
    return {"sequenceNumber": number, "participants": [{"identifier": caller, "isOnHold": on}]}


def test_events_that_only_share_their_id_are_not_one_that_is_delivered_twice() -> None:
    async def act() -> None:
        on = Board(CallState.RINGING)
        told(on, "CallConnected", "1")
        told(on, "ParticipantsUpdated", "1", **on_hold(on=True, number=1))
        told(on, "ParticipantsUpdated", "1", **on_hold(on=False, number=2))
        assert [type(message) for message in on.told] == [HoldStarted, HoldEnded]
        told(on, "CallDisconnected", "1")
        await asyncio.sleep(0)
        assert on.call.state is CallState.DISCONNECTED

    on_virtual_time(act)


def test_one_that_is_delivered_twice_counts_once() -> None:
    async def act() -> None:
        on = Board()
        for _ in range(2):
            told(on, "ContinuousDtmfRecognitionToneReceived", "7", sequenceId=1, tone="five")
        assert len(on.told) == 1
        told(on, "ContinuousDtmfRecognitionToneReceived", "", sequenceId=2, tone="five")
        assert len(on.told) == 2

    on_virtual_time(act)
