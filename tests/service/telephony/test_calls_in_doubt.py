"""Orders whose outcome nobody knows, and calls that nobody looks after: no caller is left on a line where nobody is."""

import asyncio

import pytest

from app.api.routes import calls as call_routes
from app.telephony import hang_up as hanging_up
from app.telephony import new_calls
from app.telephony.call import Call
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import Telephone, answered, over, said, telephone
from tests.service.telephony.test_call_events import told


async def is_over(call: Call, timeout_s: float = 60) -> None:
    """Wait for the end of a call on our side."""
    async with asyncio.timeout(timeout_s):
        await call.over.wait()


async def the_call(phone: Telephone) -> Call:
    """The one call that there is, once it is known."""
    async with asyncio.timeout(60):
        while not phone.switchboard.log.live:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.01)
    (call,) = phone.switchboard.log.live
    return call


@pytest.mark.parametrize("status", [None, 503])
@on_virtual_time
async def test_a_caller_whose_call_was_answered_without_our_knowledge_is_talked_to(status: int | None) -> None:
    async with telephone() as phone:
        phone.acs.faults.lose_answer("answer_call", status, times=1_000)
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        await caller.hears_voice(since_s=caller.ear.started_s)
        assert caller.delivery is not None
        assert (await caller.delivery).status == 200
        assert phone.acs.executions["answer_call"] == 1
        (call,) = phone.switchboard.log.live
        assert call.state is CallState.CONNECTED
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize("of_another", [False, True])
@on_virtual_time
async def test_a_failure_that_is_told_while_a_call_is_answered_does_not_lose_its_caller(of_another: bool) -> None:
    async with telephone() as phone:
        phone.acs.behaviour.connect_delay_s = 1.0
        if of_another:
            # The first order is carried out without our knowledge, and the second one fails.
            phone.acs.faults.lose_answer("answer_call", 504, times=1_000)
        caller = await phone.acs.dial(phone.webhook)
        await phone.acs.answered.until(lambda each: each.operation == "answer_call")
        call = await the_call(phone)
        failed = {"resultInformation": {"code": 400, "subCode": 8523}}
        await told(phone, call, ("AnswerFailed", {"callConnectionId": "another"} | failed if of_another else failed))
        await caller.connected()
        await caller.hears_voice(since_s=caller.ear.started_s)
        assert call.state is CallState.CONNECTED
        caller.hang_up()
        assert (await over(phone, caller)) is call


@on_virtual_time
async def test_somebody_who_picks_up_after_it_was_told_that_they_do_not_is_talked_to() -> None:
    async with telephone() as phone:
        phone.acs.on_outbound(Pickup("answer", after_s=1))
        assert (await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})).status_code == 200
        call = await the_call(phone)
        await told(phone, call, ("CreateCallFailed", {"resultInformation": {"code": 408}}))
        callee = await phone.acs.callee("+15550123")
        await callee.connected()
        await callee.hears_voice(since_s=callee.ear.started_s)
        callee.hang_up()
        assert (await over(phone, callee)) is call


@on_virtual_time
async def test_an_answer_may_take_ten_seconds() -> None:
    async with telephone() as phone:
        phone.acs.faults.delay("answer_call", 10.0)
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected(25)
        await caller.hears_voice(since_s=caller.ear.started_s)
        phone.acs.faults.clear()
        caller.hang_up()
        await over(phone, caller)
        assert (await phone.rest.get("/calls")).json()["total"] == 1


@on_virtual_time
async def test_somebody_who_was_called_without_our_knowledge_is_not_left_on_the_line() -> None:
    async with telephone() as phone:
        phone.acs.faults.lose_answer("create_call", 503, times=1_000)
        phone.acs.on_outbound(Pickup("answer", after_s=4))
        answer = await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert answer.status_code == 503
        callee = await phone.acs.callee("+15550123")
        await callee.ended()
        assert (await phone.rest.get("/calls")).json()["calls"][0]["status"] == "failed"


@on_virtual_time
async def test_a_call_that_was_placed_is_not_said_to_have_failed_since_the_answer_was_lost() -> None:
    async with telephone() as phone:
        phone.acs.faults.lose_answer("create_call", 503, times=1_000)
        answer = await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert answer.status_code == 200
        callee = await phone.acs.callee("+15550123")
        await callee.hears_voice()
        callee.hang_up()
        await over(phone, callee)


@on_virtual_time
async def test_an_answered_call_that_never_connects_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_calls, "RINGING_S", 0.3)
    async with telephone(MAX_CONCURRENT_SESSIONS="1") as phone:
        phone.acs.faults.silence("answer_call")
        caller = await phone.acs.dial(phone.webhook)
        assert caller.delivery is not None
        assert (await caller.delivery).json["status"] == "call answered"
        call = await the_call(phone)
        await is_over(call)
        assert call.state is CallState.FAILED
        assert "NotAnswered" in [event.type for event in call.events]
        # Its place is free.
        other = await answered(phone, "+15550101")
        other.hang_up()
        await over(phone, other)


@on_virtual_time
async def test_without_an_address_no_call_is_begun() -> None:
    async with telephone(BASE_URL="", ENABLE_AUTH_VALIDATION="off") as phone:
        placed = await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert (placed.status_code, "BASE_URL" in placed.json()["detail"]) == (503, True)
        caller = await phone.acs.dial(phone.webhook)
        assert caller.delivery is not None
        assert (await caller.delivery).status == 200
        await caller.ended()
        (order,) = phone.acs.requests.where(lambda exchange: exchange.operation == "reject_call")
        assert order.body["callRejectReason"] == "none"
        assert (await phone.rest.get("/calls")).json()["total"] == 0


@on_virtual_time
async def test_a_call_whose_connection_nobody_told_is_connected_all_the_same(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_calls, "RINGING_S", 0.5)
    async with telephone() as phone:
        phone.acs.faults.drop("CallConnected")
        placed = (await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})).json()
        callee = await phone.acs.callee("+15550123")
        await callee.connected()
        await callee.hears_reply(quiet_ms=300, since_s=callee.ear.started_s)
        await asyncio.sleep(0.5)
        assert (await phone.log(placed["call_id"]))["status"] == "connected"
        assert callee.is_connected
        callee.hang_up()
        await over(phone, callee)


@on_virtual_time
async def test_a_call_whose_end_nobody_told_ends_when_its_socket_is_gone() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        phone.acs.faults.drop("CallDisconnected")
        caller.hang_up()
        call = await over(phone, caller)
        assert call.state is CallState.DISCONNECTED
        assert "terminate" not in phone.acs.executions


@on_virtual_time
async def test_a_call_that_is_told_to_be_over_before_it_was_connected_stays_over() -> None:
    async with telephone() as phone:
        phone.acs.faults.hold_back("CallConnected", 0.5)
        phone.acs.behaviour.socket_delay_s = 0.6
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        caller.hang_up()
        call = await the_call(phone)
        await is_over(call)
        await phone.acs.callbacks.taken("CallConnected")
        assert call.state is CallState.FAILED
        assert phone.service.sessions.live == {}


@pytest.mark.parametrize(("status", "times", "retry_after_s"), [(429, 2, 1.5), (500, 5, None), (503, 5, None)])
@on_virtual_time
async def test_a_hang_up_that_is_refused_is_ordered_again(status: int, times: int, retry_after_s: float | None) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        # More than the retries of one order.
        phone.acs.faults.refuse("terminate", status, times, retry_after_s=retry_after_s)
        answer = await phone.rest.delete(f"/calls/{caller.call.connection_id}")
        assert answer.json()["message"] == "the call was hung up"
        call = await over(phone, caller)
        assert call.state is CallState.DISCONNECTED


@pytest.mark.parametrize(("status", "expected"), [(400, 503), (401, 502), (403, 502)])
@on_virtual_time
async def test_a_hang_up_that_the_network_does_not_take_is_not_said_to_be_done(
    status: int, expected: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(hanging_up, "WAITS_S", (0.0, 0.1, 0.1))
    monkeypatch.setattr(call_routes, "HANG_UP_S", 1.0)
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        path = f"/calls/{caller.call.connection_id}"
        phone.acs.faults.refuse("terminate", status, times=1_000)
        answer = await phone.rest.delete(path)
        assert (answer.status_code, "Retry-After" in answer.headers) == (expected, expected == 503)
        assert f"status {status}, code" in answer.json()["detail"]
        assert (await phone.log(caller.call.connection_id))["status"] == "connected"
        # It was given up, and may be ordered again.
        phone.acs.faults.clear()
        assert (await phone.rest.delete(path)).json()["message"] == "the call was hung up"
        await over(phone, caller)


@on_virtual_time
async def test_a_call_is_hung_up_with_one_order() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        path = f"/calls/{caller.call.connection_id}"
        both = await asyncio.gather(phone.rest.delete(path), phone.rest.delete(path))
        assert [answer.status_code for answer in both] == [200, 200]
        await over(phone, caller)
        assert phone.acs.executions["terminate"] == 1


@on_virtual_time
async def test_a_network_that_leaves_the_socket_of_a_call_that_is_over_open(monkeypatch: pytest.MonkeyPatch) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        assert caller.call is not None
        media = caller.call.media
        assert media is not None

        async def stays_open() -> None:
            return

        monkeypatch.setattr(caller.call, "close_sockets", stays_open)
        caller.hang_up()
        await over(phone, caller)
        async with asyncio.timeout(60):
            while call.connection is not None or media.connected:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.02)
        assert media.close_code == 1000


@on_virtual_time
async def test_a_server_that_ends_hangs_up_before_it_is_gone() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        phone.acs.on_outbound(Pickup("answer", after_s=60))
        await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        phone.acs.faults.delay("terminate", 0.5)
        await phone.service.lifecycle.drain(asyncio.get_running_loop().time() + 10)
        assert phone.switchboard.log.live == []
        await caller.ended(0.1)
        callee = await phone.acs.callee("+15550123")
        await callee.ended(0.1)


@on_virtual_time
async def test_a_drain_that_is_short_of_time_hangs_up_on_whoever_still_talks() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        caller.press("123456789012345678901234567890#")
        await caller.hears_voice()
        await phone.service.lifecycle.drain(asyncio.get_running_loop().time() + 2)
        await caller.ended(0.5)
        assert phone.switchboard.log.live == []


@on_virtual_time
async def test_events_that_are_told_twice_count_once() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.duplicate(None, copies=3)
        await phone.switchboard.control.start_continuous_dtmf(call.call_id, "+15550100")
        caller.press("42#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["4 2"]
        phone.acs.on_outbound(Pickup("busy"))
        for _ in range(2):
            await phone.rest.post(f"/calls/{call.call_id}/transfer", json={"target": "+15550166"})
            await asyncio.sleep(0.3)
        assert [event.type for event in call.events].count("CallTransferFailed") == 2
        caller.hang_up()
        await over(phone, caller)
