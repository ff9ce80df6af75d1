"""No caller is left alone on a line: not by an order that is not taken, nor by what only the network knows."""

import asyncio
import uuid
from typing import Any

import pytest
from azure.communication.callautomation import PhoneNumberIdentifier
from azure.communication.callautomation.aio import CallAutomationClient
from azure.core.credentials import AzureKeyCredential

from app.telephony import call_orders
from app.telephony.call import Custody
from app.telephony.continuity import take_over
from app.telephony.media import media_watch
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.identifiers import user
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import OURS, Telephone, answered, over, telephone
from tests.service.telephony.test_call_tools import requested
from tests.service.telephony.test_orders import connection_of, goes_on

PERSON = "+15550166"
AI: Any = {"AZURE_COGNITIVE_SERVICES_ENDPOINT": "https://ai.example"}


# calls that are not answered


@pytest.mark.parametrize(("operation", "handoff"), [("reject_call", ""), ("redirect_call", "+15550177")])
@pytest.mark.parametrize(("status", "retry_after_s"), [(429, 1.5), (503, None)])
@on_virtual_time
async def test_who_is_turned_away_does_not_ring_on_when_the_network_is_busy(
    operation: str, handoff: str, status: int, retry_after_s: float | None
) -> None:
    async with telephone(MAX_CONCURRENT_SESSIONS="1", HANDOFF_PHONE_NUMBER=handoff) as phone:
        caller = await answered(phone)
        # More than the retries of each order.
        phone.acs.faults.refuse(operation, status, times=3 if status == 429 else 15, retry_after_s=retry_after_s)
        others = [await phone.acs.dial(phone.webhook, from_=f"+1555011{number}") for number in range(3)]
        await asyncio.gather(*(other.ended() for other in others))
        assert phone.acs.executions == {"answer_call": 1, operation: 3}
        assert phone.switchboard.counts.refused_calls == 3
        assert phone.switchboard.log.live[0].state is CallState.CONNECTED
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize("status", [400, 409])
@on_virtual_time
async def test_whose_answer_is_refused_for_good_hears_so(status: int) -> None:
    async with telephone() as phone:
        phone.acs.faults.refuse("answer_call", status, times=1_000)
        caller = await phone.acs.dial(phone.webhook)
        await caller.ended()
        assert phone.acs.executions == {"reject_call": 1}
        assert phone.switchboard.log.live == []


@on_virtual_time
async def test_an_answered_call_that_does_not_connect_keeps_nobody_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_watch, "DUE_S", 0.2)
    async with telephone(MAX_CONCURRENT_SESSIONS="1") as phone:
        phone.acs.faults.silence("answer_call")
        await phone.acs.dial(phone.webhook)
        await phone.acs.answered.until(lambda sent: sent.operation == "get_call_properties")
        (silent,) = phone.switchboard.log.live
        async with asyncio.timeout(60):
            while silent.holds_place:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        other = await answered(phone, "+15550101")
        other.hang_up()
        await over(phone, other)


# calls that were taken for over, or that nobody has


@pytest.mark.parametrize(
    "lost", [("CallConnected",), ("CallConnected", "ParticipantsUpdated", "MediaStreamingStarted")], ids=["one", "all"]
)
@on_virtual_time
async def test_a_call_that_was_given_up_and_is_up_all_the_same_is_hung_up_whatever_shows_it(
    lost: tuple[str, ...],
) -> None:
    async with telephone() as phone:
        for event in lost:
            phone.acs.faults.drop(event)
        phone.acs.faults.lose_answer("create_call", 503, times=1_000)
        phone.acs.on_outbound(Pickup("answer", after_s=4))
        answer = await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert answer.status_code == 503
        callee = await phone.acs.callee("+15550123")
        await callee.ended()
        assert phone.acs.executions["terminate"] == 1


async def somebody_elses(phone: Telephone, secret: str = "forgotten") -> Caller:
    """A caller whose call was answered by a worker that is gone without a record of it."""
    ringing = phone.acs.ring()
    async with CallAutomationClient(phone.acs.endpoint, AzureKeyCredential(phone.acs.access_key)) as another:
        await another.answer_call(ringing.context, f"{phone.url}/api/v1/calls/callbacks/{secret}")
    await ringing.caller.connected()
    return ringing.caller


async def tells(phone: Telephone, caller: Caller, kind: str) -> int:
    """Have the network tell of a call that the server does not know; the status of the answer."""
    assert caller.call is not None
    call_id = caller.call.connection_id
    event = {
        "id": str(uuid.uuid4()),
        "source": f"calling/callConnections/{call_id}",
        "type": f"Microsoft.Communication.{kind}",
        "specversion": "1.0",
        "data": {"callConnectionId": call_id, "serverCallId": "s", "correlationId": "c"},
    }
    headers = {"Authorization": f"Bearer {phone.acs.tokens.issue()}"}
    return (await phone.rest.post("/calls/callbacks/forgotten", json=[event], headers=headers)).status_code


@pytest.mark.parametrize(("kind", "ends"), [("CallTransferFailed", True), ("CallTransferAccepted", False)])
@on_virtual_time
async def test_of_calls_that_nobody_has_those_are_hung_up_in_which_somebody_waits(
    kind: str, ends: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(take_over, "SOON_KNOWN_S", 0.2)
    async with telephone() as phone:
        phone.acs.faults.drop(None)
        caller = await somebody_elses(phone)
        assert await tells(phone, caller, kind) == 200
        await asyncio.sleep(0.6)
        assert caller.is_connected is not ends


@on_virtual_time
async def test_one_that_could_not_be_hung_up_is_when_the_network_tells_of_it_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(take_over, "SOON_KNOWN_S", 0.1)
    monkeypatch.setattr("app.telephony.hang_up.WAITS_S", (0.0,))
    async with telephone() as phone:
        phone.acs.faults.drop(None)
        phone.acs.faults.refuse("terminate", 403, times=1)
        caller = await somebody_elses(phone)
        await tells(phone, caller, "ParticipantsUpdated")
        await phone.acs.answered.until(lambda sent: sent.operation == "terminate")
        await asyncio.sleep(0.2)
        assert caller.is_connected
        await tells(phone, caller, "ParticipantsUpdated")
        await caller.ended()


# callers who are put through


async def put_through(phone: Telephone, call_id: str, target: str = PERSON) -> int:
    answer = await phone.rest.post(f"/calls/{call_id}/transfer", json={"target": target})
    return answer.status_code


@pytest.mark.parametrize("outcome", ["busy", "answer"])
@on_virtual_time
async def test_a_transfer_whose_answer_goes_astray_is_waited_for(outcome: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_watch, "STREAM_AGAIN_S", (0.0, 0.1))
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.on_outbound(Pickup(outcome, after_s=5))
        phone.acs.faults.lose_answer("transfer_call_to_participant", 503, times=1_000)
        assert await put_through(phone, call.call_id) == 200
        assert "terminate" not in phone.acs.executions
        if outcome == "busy":
            await phone.acs.callbacks.taken("CallTransferFailed")
            await connection_of(call, there=True)
            await goes_on(phone, caller)
        else:
            await over(phone, caller)
            assert call.custody is Custody.TRANSFERRED
            assert "terminate" not in phone.acs.executions


@pytest.mark.parametrize("outcome", ["busy", "answer"])
@on_virtual_time
async def test_a_caller_whom_somebody_else_puts_through_is_not_hung_up_on(
    outcome: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(media_watch, "STREAM_AGAIN_S", (0.0, 0.1, 0.1, 0.1, 0.5))
    monkeypatch.setattr(media_watch, "OWN_RECONNECT_S", 0.1)
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.on_outbound(Pickup(outcome, after_s=4))
        async with CallAutomationClient(phone.acs.endpoint, AzureKeyCredential(phone.acs.access_key)) as another:
            await another.get_call_connection(call.call_id).transfer_call_to_participant(PhoneNumberIdentifier(PERSON))
        await connection_of(call, there=False)
        if outcome == "busy":
            await phone.acs.callbacks.taken("CallTransferFailed")
            await connection_of(call, there=True)
            await goes_on(phone, caller)
        else:
            await over(phone, caller)
        assert "terminate" not in phone.acs.executions


@on_virtual_time
async def test_a_failed_transfer_that_nobody_tells_of_gives_the_caller_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_orders, "TRANSFER_S", 2.0)
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.drop("CallTransferFailed")
        phone.acs.on_outbound(Pickup("busy", after_s=0.5))
        assert await put_through(phone, call.call_id) == 200
        await connection_of(call, there=False)
        await connection_of(call, there=True)
        await goes_on(phone, caller)


@on_virtual_time
async def test_a_call_that_takes_long_to_be_free_after_a_failed_transfer_goes_on() -> None:
    async with telephone() as phone:
        phone.acs.behaviour.establish_again_s = 12.0
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.on_outbound(Pickup("declined", after_s=0.2))
        assert await put_through(phone, call.call_id) == 200
        await connection_of(call, there=False)
        await connection_of(call, there=True)
        await goes_on(phone, caller)


@on_virtual_time
async def test_a_call_that_is_transcribed_is_so_again_after_a_failed_transfer() -> None:
    async with telephone(ACS_STREAMING_MODE="transcription", **AI) as phone:
        caller = await phone.acs.dial(phone.webhook)
        stream = (await caller.connected()).transcription
        (call,) = phone.switchboard.log.live
        await connection_of(call, there=True)
        phone.acs.on_outbound(Pickup("busy", after_s=0.5))
        assert await put_through(phone, call.call_id) == 200
        await connection_of(call, there=False)
        await connection_of(call, there=True)
        assert stream is not None
        # The application has it a moment before the network does.
        async with asyncio.timeout(60):
            while not stream.connected:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        stream.send(caller.raw_id, "Good morning.", offset_ms=700, duration_ms=800)
        async with asyncio.timeout(60):
            while True:
                shown = await phone.rest.get(f"/sessions/{call.session_id}/transcript")
                if shown.status_code == 200 and [each["text"] for each in shown.json()["entries"]] == ["Good morning."]:
                    break
                await asyncio.sleep(0.05)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_of_several_on_a_call_the_caller_is_put_through_and_nobody_else_is_left() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        assert caller.call is not None
        other = Caller(user("8:acs:a-supervisor"))
        caller.call.add(other)
        async with asyncio.timeout(60):
            while not call.participants.are_several:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        assert await put_through(phone, call.call_id) == 200
        (order,) = requested(phone, "transfer_call_to_participant")
        assert order["transferee"]["phoneNumber"]["value"] == "+15550100"
        await over(phone, caller)
        await other.ended()
        assert (phone.acs.executions["hang_up"], "terminate" in phone.acs.executions) == (1, False)


@pytest.mark.parametrize(("number", "status"), [(OURS, 200), ("", 503)])
@on_virtual_time
async def test_who_is_on_no_telephone_is_put_through_to_one_from_a_number_of_ours(number: str, status: int) -> None:
    async with telephone(ACS_SOURCE_PHONE_NUMBER=number) as phone:
        caller = await phone.acs.dial(phone.webhook, from_="8:acs:a_caller", to="8:acs:this_server")
        await caller.connected()
        (call,) = phone.switchboard.log.live
        await connection_of(call, there=True)
        answer = await phone.rest.post(f"/calls/{call.call_id}/transfer", json={"target": PERSON})
        assert answer.status_code == status
        if status == 200:
            (order,) = requested(phone, "transfer_call_to_participant")
            assert order["sourceCallerIdNumber"] == {"value": OURS}
        else:
            assert answer.json()["detail"] == "there is no number to call a telephone from: set ACS_SOURCE_PHONE_NUMBER"
            assert requested(phone, "transfer_call_to_participant") == []
            caller.hang_up()
        await over(phone, caller)
