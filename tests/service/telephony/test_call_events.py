"""What the network tells of a call, in whatever order and however late, and what the call log makes of it."""

import asyncio
import uuid
from typing import Any

import pytest

from app.telephony import call_orders, switchboard
from app.telephony.call import Call, Custody
from app.telephony.continuity import take_over
from app.telephony.media.dtmf import MOST_KEPT, DtmfPresses, Way
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, answered, over, said, telephone


async def told(phone: Telephone, call: Call, *events: tuple[str, dict[str, Any]]) -> Any:
    """Tell events of a call in one delivery; the answer."""
    body = [
        {
            "id": str(uuid.uuid4()),
            "source": f"calling/callConnections/{call.call_id}",
            "type": f"Microsoft.Communication.{kind}",
            "specversion": "1.0",
            "data": {"callConnectionId": call.call_id, "serverCallId": "s", "correlationId": "c", **data},
        }
        for kind, data in events
    ]
    headers = {"Authorization": f"Bearer {phone.acs.tokens.issue()}"}
    return (await phone.rest.post(f"/calls/callbacks/{call.secret}", json=body, headers=headers)).json()


def participants(number: int, *, on_hold: bool) -> tuple[str, dict[str, Any]]:
    person = {"identifier": {"rawId": "4:+15550100"}, "isOnHold": on_hold}
    application = {"identifier": {"rawId": "8:acs:us"}}
    return "ParticipantsUpdated", {"sequenceNumber": number, "participants": [person, application]}


@on_virtual_time
async def test_somebody_who_is_put_on_hold_and_taken_off_again() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        await told(phone, call, participants(100, on_hold=True))
        assert (await phone.log(call.call_id))["status"] == "on_hold"
        held = (await phone.rest.get("/calls", params={"status_filter": "on_hold"})).json()
        assert held["total"] == 1
        transfer = await phone.rest.post(f"/calls/{call.call_id}/transfer", json={"target": "+15550166"})
        assert transfer.status_code == 409
        # An older one, which comes late.
        await told(phone, call, participants(99, on_hold=False))
        assert (await phone.log(call.call_id))["status"] == "on_hold"
        await told(phone, call, participants(101, on_hold=False))
        assert (await phone.log(call.call_id))["status"] == "connected"
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_hold_that_is_told_before_the_connection_is_not_forgotten() -> None:
    async with telephone() as phone:
        phone.acs.on_outbound(Pickup("answer", after_s=60))
        placed = (await phone.rest.post("/calls/initiate", json={"target_number": "+15550100"})).json()
        (call,) = phone.switchboard.log.live
        await told(phone, call, participants(1, on_hold=True))
        assert call.state is CallState.RINGING
        await told(phone, call, ("CallConnected", {}))
        assert (await phone.log(call.call_id))["status"] == "on_hold"
        await told(phone, call, participants(2, on_hold=False))
        assert (await phone.log(call.call_id))["status"] == "connected"
        assert (await phone.rest.delete(f"/calls/{placed['call_id']}")).status_code == 200


@on_virtual_time
async def test_the_counts_of_a_delivery_are_true() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        answer = await told(
            phone,
            call,
            ("PlayStarted", {}),
            ("TomorrowsEvent", {}),
            ("PlayCompleted", {"callConnectionId": "another"}),
            ("ContinuousDtmfRecognitionToneReceived", {"tone": "none"}),
        )
        assert (answer["processed_events"], answer["failed_events"]) == (2, 2)
        assert answer["call_connection_id"] == call.call_id
        assert phone.switchboard.counts.unknown_events == 1
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_keys_are_content_and_not_in_the_call_log() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        await told(phone, call, ("RecognizeCompleted", {"dtmfResult": {"tones": ["four", "two", "pound"]}}))
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["4 2"]
        assert not any("Recognize" in event["type"] for event in (await phone.log(call.call_id))["events"])
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_transfer_of_which_nothing_more_is_heard_can_be_ordered_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_orders, "TRANSFER_S", 0.3)
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        path = f"/calls/{call.call_id}/transfer"
        phone.acs.faults.silence("transfer_call_to_participant")
        assert (await phone.rest.post(path, json={"target": "+15550166"})).status_code == 200
        assert (await phone.rest.post(path, json={"target": "+15550166"})).status_code == 409
        await asyncio.sleep(0.4)
        assert (await phone.rest.post(path, json={"target": "+15550166"})).status_code == 200
        await over(phone, caller)
        assert call.custody is Custody.TRANSFERRED


@on_virtual_time
async def test_a_call_that_only_listens_does_not_last_for_ever(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "OVERTIME_S", -299.0)
    async with telephone(ACS_STREAMING_MODE="transcription") as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        call = await over(phone, caller)
        assert call.state is CallState.DISCONNECTED
        assert "Overtime" in [event.type for event in call.events]
        assert caller.ear.arrivals == []


@on_virtual_time
async def test_whoever_is_called_rings_until_they_pick_up() -> None:
    async with telephone() as phone:
        phone.acs.on_outbound(Pickup("answer", after_s=1))
        placed = (await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})).json()
        assert (await phone.log(placed["call_id"]))["status"] == "ringing"
        callee = await phone.acs.callee("+15550123")
        await callee.connected()
        callee.hang_up()
        await over(phone, callee)


@pytest.mark.parametrize("mixed", ["off", "on"])
@on_virtual_time
async def test_a_call_at_24_khz_mixed_or_not(mixed: str) -> None:
    async with telephone(ACS_SAMPLE_RATE="24000", ACS_MIXED_AUDIO=mixed) as phone:
        caller = await answered(phone)
        assert caller.call is not None
        assert caller.call.media is not None
        options = caller.call.media.options
        assert (options.audio_format, options.audio_channel_type) == (
            "pcm24KMono",
            "mixed" if mixed == "on" else "unmixed",
        )
        assert caller.ear.rate_hz == 24_000
        assert {arrival.bytes for arrival in caller.ear.arrivals} == {960}
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        caller.hang_up()
        await over(phone, caller)


def test_a_flood_of_keys_is_not_kept() -> None:
    tones = DtmfPresses()
    for number in range(10_000):
        assert tones.take_tone(Way.SOCKET, "1", number / 10_000)
    assert [tones.take_tone(Way.EVENT, "1", 1.0) for _ in range(MOST_KEPT + 1)] == [False] * MOST_KEPT + [True]


@on_virtual_time
async def test_a_call_ends_whatever_stands_beside_the_word_of_it(caplog: pytest.LogCaptureFixture) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        odd = {"operationContext": {"number": "+15550100"}, "correlationId": 4, "resultInformation": "hung up"}
        answer = await told(phone, call, ("CallDisconnected", odd))
        assert (answer["processed_events"], answer["failed_events"]) == (1, 0)
        assert call.over.is_set()
        (line,) = [
            record.getMessage() for record in caplog.records if "without a malformed field" in record.getMessage()
        ]
        assert "data.correlationId: expected `str`" in line
        assert "15550100" not in line
        caller.hang_up()
        await caller.ended()


@pytest.mark.parametrize("kind", ["AnswerFailed", "CreateCallFailed", "ConnectFailed"])
@on_virtual_time
async def test_a_connected_call_that_is_said_not_to_have_come_about_goes_on(kind: str) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        for _ in range(2):
            answer = await told(phone, call, (kind, {"resultInformation": {"code": 400, "subCode": 8523}}))
            assert answer["processed_events"] == 1
        assert call.state is CallState.CONNECTED
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["5"]
        caller.hang_up()
        assert (await over(phone, caller)).state is CallState.DISCONNECTED


@on_virtual_time
async def test_a_second_call_that_comes_up_at_the_address_of_another_is_hung_up(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(take_over, "SOON_KNOWN_S", 0.1)
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        ringing = phone.acs.ring(from_="+15550101")
        other = await phone.switchboard.control.answer(
            ringing.context,
            phone.switchboard.carrier.addresses.callback(call.secret),
            phone.switchboard.carrier.addresses.media(call.secret),
        )
        await ringing.caller.ended()
        assert [each.call_id for each in phone.switchboard.log.live] == [call.call_id] != [other]
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        caller.hang_up()
        await over(phone, caller)
