"""Orders in a call that the network refuses, each in each way: a clear answer, and the call goes on."""

import asyncio

import pytest

from actors.ports.call_controls import CallError
from app.telephony import call_orders
from app.telephony.call_orders import CallOrders
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import answered, over, telephone
from tests.service.telephony.test_call_tools import clerk

ANSWERS = [(400, 422), (401, 502), (403, 502), (404, 409), (409, 409), (429, 503), (500, 503), (503, 503)]


@pytest.mark.parametrize(("status", "expected"), ANSWERS)
@on_virtual_time
async def test_a_transfer_that_is_refused_is_a_clear_answer(status: int, expected: int) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        path = f"/calls/{call.call_id}/transfer"
        phone.acs.faults.refuse("transfer_call_to_participant", status, times=1_000)
        refused = await phone.rest.post(path, json={"target": "+15550166"})
        assert refused.status_code == expected
        assert ("Retry-After" in refused.headers) is (expected == 503)
        assert not call.over.is_set()
        phone.acs.faults.clear()
        assert (await phone.rest.post(path, json={"target": "+15550166"})).status_code == 200
        await over(phone, caller)


@pytest.mark.parametrize("status", [429, 503])
@pytest.mark.parametrize(("key", "operation"), [("3", "send_dtmf_tones"), ("4", "start_recording")])
@on_virtual_time
async def test_a_tool_that_is_refused_says_so_and_the_talk_goes_on(key: str, operation: str, status: int) -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        phone.acs.faults.refuse(operation, status, times=1_000)
        caller.press(f"{key}#")
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        async with asyncio.timeout(60):
            while not entry.session.record().messages[-1].text.endswith("That did not work."):  # noqa: ASYNC110
                await asyncio.sleep(0.05)
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(("status", "times"), [(429, 1), (503, 5)])
@on_virtual_time
async def test_a_socket_that_cannot_be_asked_for_at_once_is_asked_for_again(status: int, times: int) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        # More than the retries of one order.
        phone.acs.faults.refuse("start_media_streaming", status, times, retry_after_s=9 if times == 1 else None)
        assert caller.call is not None
        assert caller.call.media is not None
        caller.call.media.drop(reconnect_after_s=None)
        (call,) = phone.switchboard.log.live
        await phone.acs.callbacks.taken("MediaStreamingFailed")
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300, timeout_s=60)
        assert "StartMediaStreamingRefused" in [event.type for event in call.events]
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_recording_that_ends_before_it_was_told_of_is_not_said_to_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_orders, "EVENT_S", 1.0)
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.drop("RecordingStateChanged", times=1)
        starting = asyncio.create_task(CallOrders(phone.switchboard, call).start_recording())
        async with asyncio.timeout(60):
            while not (recording_id := call.orders.recording):  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)
        await phone.switchboard.control.stop_recording(recording_id)
        with pytest.raises(CallError, match="the recording has ended already"):
            await starting
        # Nobody was told that it had begun: its end may as well be a pause of somebody else's.
        assert call.orders.is_recording_paused
        # It has ended: to record is a new recording.
        assert await CallOrders(phone.switchboard, call).start_recording() != recording_id
        caller.hang_up()
        await over(phone, caller)
