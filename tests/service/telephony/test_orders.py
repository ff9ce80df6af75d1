"""Orders in a call and what the network says came of them: the agent and the operator are told the truth."""

import asyncio

import msgspec
import pytest
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential

from actors.conversation import Role, SessionRecord
from actors.ports.call_controls import CallError
from app.telephony import call_orders
from app.telephony.call import Call
from app.telephony.call_orders import CallOrders
from app.telephony.media import media_watch
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.emulator import AcsEmulator
from tests.cloud.acs.events import Result
from tests.cloud.acs.recordings import DUPLICATE
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, answered, did_not_work, over, telephone
from tests.service.telephony.test_call_tools import clerk, requested


async def connection_of(call: Call, *, there: bool) -> None:
    """Wait until the call has a media socket, or has none."""
    async with asyncio.timeout(60):
        while (call.connection is not None) is not there:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.01)


def answers(record: SessionRecord, key: str) -> bool:
    """Whether the last message of a session is the agent's, to a caller who has pressed `key`."""
    last = record.messages[-2:]
    roles = [message.role for message in last]
    return roles == [Role.USER, Role.ASSISTANT] and last[0].text.split()[-1] == key


async def goes_on(phone: Telephone, caller: Caller) -> None:
    """The conversation is alive: what is keyed in is answered."""
    (entry,) = phone.service.sessions.live.values()
    assert entry.session is not None
    # The application has a socket a moment before the network does: keys would reach nobody.
    async with asyncio.timeout(20):
        while caller.call is None or caller.call.media is None or not caller.call.media.connected:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    caller.press("9#")
    # Not what the caller hears: that may be the rest of the greeting.
    async with asyncio.timeout(20):
        while not answers(entry.session.record(), "9"):  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.05)
    caller.hang_up()
    await over(phone, caller)


@pytest.mark.parametrize("status", [429, 503])
@on_virtual_time
async def test_a_recording_whose_stop_was_not_taken_can_be_stopped_again(status: int) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        orders = CallOrders(phone.switchboard, call)
        recording_id = await orders.start_recording()
        phone.acs.faults.refuse("stop_recording", status, times=1_000)
        with pytest.raises(CallError):
            await orders.stop_recording()
        assert await orders.start_recording() == recording_id
        phone.acs.faults.clear()
        await orders.stop_recording()
        assert (call.orders.recording, phone.acs.executions["stop_recording"]) == ("", 1)
        assert await orders.start_recording() != recording_id
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_recording_that_somebody_else_has_stopped_is_not_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_orders, "EVENT_S", 0.1)
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        orders = CallOrders(phone.switchboard, call)
        phone.acs.faults.drop("RecordingStateChanged")
        await phone.switchboard.control.stop_recording(await orders.start_recording())
        await orders.stop_recording()
        assert call.orders.recording == ""
        caller.hang_up()
        await over(phone, caller)


async def told_paused(call: Call, *, paused: bool) -> None:
    """Wait until it is known that the recording is paused, or that it goes on."""
    async with asyncio.timeout(60):
        while call.orders.is_recording_paused is not paused:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.01)


async def by_somebody_else(phone: Telephone, verb: str, recording_id: str) -> None:
    """Have another application pause the recording, resume or stop it."""
    async with CallAutomationClient(phone.acs.endpoint, AzureKeyCredential(phone.acs.access_key)) as another:
        orders = {
            "pause": another.pause_recording,
            "resume": another.resume_recording,
            "stop": another.stop_recording,
        }
        await orders[verb](recording_id)


@on_virtual_time
async def test_a_recording_that_somebody_else_pauses_is_not_stopped_and_can_be() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        orders = CallOrders(phone.switchboard, call)
        recording_id = await orders.start_recording()
        await by_somebody_else(phone, "pause", recording_id)
        await told_paused(call, paused=True)
        await by_somebody_else(phone, "resume", recording_id)
        await told_paused(call, paused=False)
        await by_somebody_else(phone, "pause", recording_id)
        await told_paused(call, paused=True)
        await orders.stop_recording()
        # The network has it no more, and not only no sound of it.
        assert phone.acs.executions["stop_recording"] == 1
        assert call.orders.recording == ""
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize("verb", ["pause", "stop"])
@on_virtual_time
async def test_a_recording_that_somebody_else_has_paused_or_stopped_is_started_again(verb: str) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        orders = CallOrders(phone.switchboard, call)
        recording_id = await orders.start_recording()
        await by_somebody_else(phone, verb, recording_id)
        await told_paused(call, paused=True)
        again = await orders.start_recording()
        assert (again == recording_id) is (verb == "pause")
        assert not call.orders.is_recording_paused
        assert phone.acs.executions["start_recording"] == (1 if verb == "pause" else 2)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_recording_that_cannot_go_on_is_said_not_to() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        orders = CallOrders(phone.switchboard, call)
        recording_id = await orders.start_recording()
        await by_somebody_else(phone, "pause", recording_id)
        await told_paused(call, paused=True)
        phone.acs.faults.refuse("resume_recording", 403, times=1_000)
        with pytest.raises(CallError):
            await orders.start_recording()
        assert (call.orders.recording, call.orders.is_recording_paused) == (recording_id, True)
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(("key", "operation"), [("3", "send_dtmf_tones"), ("4", "start_recording")])
@on_virtual_time
async def test_an_order_that_fails_after_it_was_taken_reaches_the_conversation(key: str, operation: str) -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.fail(operation, DUPLICATE)
        caller.press(f"{key}#")
        await did_not_work(phone)
        assert call.orders.recording == ""
        await goes_on(phone, caller)


@on_virtual_time
async def test_a_caller_is_held_and_brought_back() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        path = f"/calls/{call.call_id}"
        held = await phone.rest.post(f"{path}/hold")
        assert held.json() == {"call_id": call.call_id, "status": "on_hold"}
        assert call.state is CallState.ON_HOLD
        assert (await phone.rest.post(f"{path}/hold")).status_code == 409
        back = await phone.rest.post(f"{path}/unhold")
        assert back.json() == {"call_id": call.call_id, "status": "connected"}
        phone.acs.faults.fail("hold", Result(400, 8558, "Participant not present"))
        failed = await phone.rest.post(f"{path}/hold")
        assert failed.status_code == 422
        assert failed.json()["detail"] == "the caller was not put on hold: 400/8558"
        await goes_on(phone, caller)


@pytest.mark.parametrize("target", ["+15550166", "8:acs:resource_user", "8:orgid:an-id", "28:orgid:an-app"])
@on_virtual_time
async def test_whom_a_caller_can_be_put_through_to(target: str) -> None:
    async with telephone() as phone:
        caller = await answered(phone, "8:acs:a_caller") if target[0] == "8" else await answered(phone)
        (call,) = phone.switchboard.log.live
        answer = await phone.rest.post(f"/calls/{call.call_id}/transfer", json={"target": target})
        assert answer.status_code == 200
        (order,) = requested(phone, "transfer_call_to_participant")
        number = target.startswith("+")
        assert order["targetParticipant"]["rawId"] == (f"4:{target}" if number else target)
        assert order.get("sourceCallerIdNumber") == ({"value": "+15550199"} if number else None)
        await over(phone, caller)


@pytest.mark.parametrize("target", ["8:acs:", "8:other:x", "28", "28:a b", "tel:+15550166", "4:+15550166"])
@on_virtual_time
async def test_whom_a_caller_cannot_be_put_through_to(target: str) -> None:
    async with telephone() as phone:
        answer = await phone.rest.post("/calls/x/transfer", json={"target": target})
        assert answer.status_code == 404
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        answer = await phone.rest.post(f"/calls/{call.call_id}/transfer", json={"target": target})
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "target")
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize("rings_s", [0.5, 3.0])
@on_virtual_time
async def test_a_transfer_that_fails_gives_the_caller_back_to_the_agent(rings_s: float) -> None:
    async with clerk(HANDOFF_PHONE_NUMBER="+15550177") as phone:
        phone.acs.behaviour.establish_again_s = 1.0
        caller = await answered(phone)
        phone.acs.on_outbound(Pickup("busy", after_s=rings_s))
        caller.press("2#")
        await did_not_work(phone)
        await caller.hears_reply(quiet_ms=300, timeout_s=60)
        assert "terminate" not in phone.acs.executions
        await goes_on(phone, caller)


@on_virtual_time
async def test_a_session_outlives_a_transfer_that_rings_for_longer_than_it_would_wait_for_a_socket() -> None:
    limits = msgspec.structs.replace(AGENT.limits, reconnect_s=0.5)
    async with telephone(msgspec.structs.replace(AGENT, limits=limits)) as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.on_outbound(Pickup("no_answer", after_s=1.5))
        await phone.rest.post(f"/calls/{call.call_id}/transfer", json={"target": "+15550166"})
        await phone.acs.callbacks.taken("CallTransferFailed")
        assert len(phone.service.sessions.live) == 1
        await connection_of(call, there=True)
        await goes_on(phone, caller)


@on_virtual_time
async def test_a_hang_up_that_goes_astray_is_not_said_to_be_done_while_the_call_is_up() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.misroute("terminate", times=2)
        answer = await phone.rest.delete(f"/calls/{call.call_id}")
        assert answer.json()["message"] == "the call was hung up"
        await caller.ended(0.5)
        assert phone.acs.executions["terminate"] == 1


@on_virtual_time
async def test_a_hang_up_that_goes_astray_of_a_call_that_is_over_comes_to_an_end() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.drop("CallDisconnected")
        phone.acs.faults.misroute("terminate", times=1_000)
        caller.hang_up()
        answer = await phone.rest.delete(f"/calls/{call.call_id}")
        assert answer.status_code == 200
        assert call.over.is_set()


@on_virtual_time
async def test_a_request_for_a_media_socket_that_goes_astray_does_not_end_the_call() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.misroute("start_media_streaming", times=1)
        assert caller.call is not None
        assert caller.call.media is not None
        caller.call.media.drop(reconnect_after_s=None)
        await connection_of(call, there=False)
        await connection_of(call, there=True)
        await goes_on(phone, caller)


@on_virtual_time
async def test_an_answered_call_of_which_nothing_is_heard_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_watch, "DUE_S", 0.5)
    async with telephone() as phone:
        phone.acs.faults.drop(None)
        phone.acs.behaviour.opens_sockets = False
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        phone.acs.behaviour.opens_sockets = True
        await caller.hears_voice(since_s=caller.ear.started_s)
        (call,) = phone.switchboard.log.live
        assert (call.state, call.told_of) == (CallState.CONNECTED, False)
        phone.acs.faults.clear()
        await goes_on(phone, caller)


@on_virtual_time
async def test_a_placed_call_of_which_nothing_is_heard_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_watch, "DUE_S", 0.2)
    monkeypatch.setattr(media_watch, "LOOK_AGAIN_S", (0.3,))
    async with telephone() as phone:
        phone.acs.faults.drop(None)
        phone.acs.behaviour.opens_sockets = False
        phone.acs.on_outbound(Pickup("answer", after_s=1))
        await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        callee = await phone.acs.callee("+15550123")
        await callee.connected()
        phone.acs.behaviour.opens_sockets = True
        await callee.hears_voice(since_s=callee.ear.started_s)
        phone.acs.faults.clear()
        await goes_on(phone, callee)


@on_virtual_time
async def test_an_answered_call_that_nothing_reaches_is_hung_up_and_the_log_says_why(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(media_watch, "DUE_S", 0.1)
    monkeypatch.setattr(media_watch, "STREAM_AGAIN_S", (0.0, 0.1))
    monkeypatch.setattr(media_watch, "OWN_RECONNECT_S", 0.1)
    async with telephone() as phone:
        phone.acs.faults.drop(None)
        phone.acs.behaviour.opens_sockets = False
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        await caller.ended()
        assert "is BASE_URL right" in caplog.text
        assert "NotAnswered" not in caplog.text


@on_virtual_time
async def test_a_call_that_comes_before_the_keys_of_acs_can_be_had_is_talked_to_once_they_are() -> None:
    emulator = AcsEmulator()
    emulator.faults.keys_down = True
    async with telephone(acs=emulator) as phone:
        caller = await phone.acs.dial(phone.webhook)
        call = await caller.connected()
        assert call.ended is False
        await asyncio.sleep(3)
        emulator.faults.keys_down = False
        await caller.hears_voice()
        await goes_on(phone, caller)


@on_virtual_time
async def test_another_leg_of_a_call_is_answered_and_a_repeated_announcement_is_not() -> None:
    async with telephone() as phone:
        first = phone.acs.ring()
        event = phone.acs.incoming_call(first)
        await phone.acs.event_grid.deliver(phone.webhook, [event], copies=2)
        await first.caller.connected()
        first.caller.hang_up()
        await over(phone, first.caller)
        # Once more, and once as another event that answers to the same context, and the other way round.
        other = phone.acs.incoming_call(phone.acs.ring()) | {"id": event["id"]}
        for repeated in (event, event | {"id": "another"}, other):
            delivery = await phone.acs.event_grid.deliver(phone.webhook, [repeated])
            assert delivery.status == 200
        assert phone.acs.executions["answer_call"] == 1
        second = phone.acs.ring()
        second.correlation_id = first.correlation_id
        delivery = await phone.acs.event_grid.deliver(phone.webhook, [phone.acs.incoming_call(second)])
        await second.caller.connected()
        assert second.caller.call is not None
        assert delivery.json["call_connection_id"] == second.caller.call.connection_id
        second.caller.hang_up()
        await over(phone, second.caller)


@pytest.mark.parametrize(
    ("key", "operation", "event", "failure"),
    [
        ("3", "send_dtmf_tones", "SendDtmfTonesFailed", "the keys were not sent"),
        ("4", "start_recording", "StartRecordingFailed", "the call is not being recorded"),
    ],
)
@on_virtual_time
async def test_a_failure_that_the_network_reports_after_the_tool_returned_reaches_the_conversation(
    monkeypatch: pytest.MonkeyPatch, key: str, operation: str, event: str, failure: str
) -> None:
    monkeypatch.setattr(call_orders, "EVENT_S", 0.1)
    monkeypatch.setattr(call_orders, "KEY_S", 0.0)
    async with clerk() as phone:
        caller = await answered(phone)
        phone.acs.faults.fail(operation, DUPLICATE)
        phone.acs.faults.hold_back(event, 1.0)
        caller.press(f"{key}#")
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        async with asyncio.timeout(60):
            while not (notes := [m for m in entry.session.record().messages if m.role is Role.NOTE]):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        assert failure in notes[0].text
        await goes_on(phone, caller)
