"""A media socket that is lost in the middle of something: the call goes on where it was."""

import asyncio

import msgspec
import pytest
from websockets.asyncio.client import connect

from actors.agent import Limits
from app.telephony.acs.call_events import NOT_OPENED
from app.telephony.call import Custody
from app.telephony.media import media_watch
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.media import MediaStream
from tests.kit.running_time import running_time
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import UNHURRIED, Telephone, answered, over, said, telephone, tone
from tests.service.telephony.test_call_events import told
from tests.service.telephony.test_orders import connection_of

GREETING_MS = 50 * len("Hello there.")
AGAIN_MS = 100
"""What was on its way when the socket went may be heard again: the lead of 60 ms, and what else TCP had taken."""


def media_of(caller: Caller) -> MediaStream:
    assert caller.call is not None
    assert caller.call.media is not None
    return caller.call.media


async def reconnected(media: MediaStream, connections: int) -> None:
    """Wait for that media socket."""
    async with asyncio.timeout(60):
        while not (media.connections >= connections and media.connected):  # noqa: ASYNC110  the emulator tells nobody
            await asyncio.sleep(0.01)


async def goes_on(phone: Telephone, caller: Caller, digit: str = "5") -> None:
    """The conversation is alive: what is keyed in is answered."""
    caller.press(f"{digit}#")
    await caller.hears_reply(quiet_ms=300)
    assert said(phone)[-1].split()[-1] == digit
    assert len(phone.service.sessions.live) == 1
    caller.hang_up()
    await over(phone, caller)


@pytest.mark.parametrize("again_s", [0.3, None])
@on_virtual_time
async def test_in_the_greeting_the_rest_of_it_is_heard_and_nothing_twice(again_s: float | None) -> None:
    async with telephone(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        assert caller.ear.started_s is not None
        await caller.hears_voice(since_s=caller.ear.started_s)
        media_of(caller).drop(reconnect_after_s=again_s)
        await reconnected(media_of(caller), 2)
        await caller.hears_reply(quiet_ms=300)
        heard_ms = sum(voice.ms for voice in caller.ear.voices(pause_ms=20))
        assert caller.call is not None
        # On a loop that was late by itself more was on its way.
        assert GREETING_MS - 20 <= heard_ms <= GREETING_MS + AGAIN_MS + caller.call.max_late_ms
        await goes_on(phone, caller)


@on_virtual_time
async def test_while_the_caller_speaks() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        speaking = asyncio.ensure_future(caller.say(tone(1_500)))
        await asyncio.sleep(0.5)
        media_of(caller).drop(reconnect_after_s=0.3)
        await reconnected(media_of(caller), 2)
        await speaking
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["what are your opening hours"]
        await goes_on(phone, caller)


@on_virtual_time
async def test_at_the_very_interruption_nothing_of_the_dropped_reply_follows() -> None:
    async with telephone(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
        caller = await answered(phone)
        caller.press("1234567890#")
        await caller.hears_voice()
        speaking = asyncio.ensure_future(caller.say(tone(700)))
        async with asyncio.timeout(60):
            while not caller.ear.stops:  # noqa: ASYNC110  the emulator tells nobody
                await asyncio.sleep(0.005)
        media_of(caller).drop(reconnect_after_s=0.3)
        stop = caller.ear.stops[0]
        await reconnected(media_of(caller), 2)
        await speaking
        await asyncio.sleep(0.6)
        assert len(caller.ear.stops) == 1
        assert caller.ear.quiet_ms_after(stop) is None
        await goes_on(phone, caller)


@on_virtual_time
async def test_of_two_sockets_the_later_one_has_the_call() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        headers = {
            "Authorization": f"Bearer {phone.acs.tokens.issue()}",
            "x-ms-call-connection-id": call.call_id,
        }
        url = phone.url.replace("http", "ws") + f"/api/v1/media/stream/{call.secret}"
        media = media_of(caller)
        async with connect(url, additional_headers=headers, proxy=None) as later:
            async with asyncio.timeout(60):
                while media.connected:  # noqa: ASYNC110  the emulator tells nobody
                    await asyncio.sleep(0.01)
            assert media.close_code == 1000
            await later.send('{"kind":"DtmfData","dtmfData":{"data":"#"}}')
            await later.send('{"kind":"DtmfData","dtmfData":{"data":"5"}}')
            await later.send('{"kind":"DtmfData","dtmfData":{"data":"#"}}')
            message = await asyncio.wait_for(later.recv(), 60)
            assert '"AudioData"' in str(message)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_twice_in_a_row() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        media = media_of(caller)
        media.drop(reconnect_after_s=0.2)
        await reconnected(media, 2)
        media.drop(reconnect_after_s=None)
        await reconnected(media, 3)
        assert phone.acs.executions["start_media_streaming"] == 1
        await goes_on(phone, caller)


@on_virtual_time
async def test_soon_after_the_call_began_it_is_asked_for_as_soon_as_later() -> None:
    async with telephone() as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        await caller.hears_voice(since_s=caller.ear.started_s)
        async with running_time() as took:
            media_of(caller).drop(reconnect_after_s=None)
            await reconnected(media_of(caller), 2)
            assert took.s < 3
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_while_the_caller_is_put_through_nobody_hangs_up() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.on_outbound(Pickup("answer", after_s=2))
        phone.acs.faults.refuse("start_media_streaming", 409, times=1_000)
        taken = await phone.rest.post(f"/calls/{call.call_id}/transfer", json={"target": "+15550166"})
        assert taken.status_code == 200
        media_of(caller).drop(reconnect_after_s=None)
        await phone.rest.delete(f"/sessions/{call.session_id}")
        await over(phone, caller)
        assert call.custody is Custody.TRANSFERRED
        assert call.state is CallState.DISCONNECTED
        assert "terminate" not in phone.acs.executions


@on_virtual_time
async def test_a_socket_that_is_refused_to_begin_with_is_asked_for_soon() -> None:
    async with telephone() as phone:
        phone.acs.faults.socket_token = "expired"
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        await phone.acs.callbacks.taken("MediaStreamingFailed")
        phone.acs.faults.socket_token = None
        async with running_time() as took:
            await caller.hears_voice()
            assert took.s < 3
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_call_that_the_network_knows_no_more_is_not_asked_for_again() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.drop("CallDisconnected")
        caller.hang_up()
        async with asyncio.timeout(60):
            await call.over.wait()
        await asyncio.sleep(0.1)
        assert [task.get_name() for task in asyncio.all_tasks() if task.get_name().startswith("call")] == []


@on_virtual_time
async def test_a_socket_that_is_dead_but_open_to_the_network_is_closed_and_asked_for_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_watch, "STREAM_AGAIN_S", (0.0, 0.1, 0.1, 0.1))
    async with telephone() as phone:
        caller = await answered(phone)
        phone.acs.faults.refuse("start_media_streaming", 412, times=3)
        media_of(caller).drop(reconnect_after_s=None)
        await reconnected(media_of(caller), 2)
        assert len(phone.acs.requests.where(lambda sent: sent.operation == "stop_media_streaming")) == 1
        await goes_on(phone, caller)


@on_virtual_time
async def test_one_to_a_worker_that_has_the_call_no_more_is_closed_without_waiting(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(media_watch, "OWN_RECONNECT_S", 300.0)
    monkeypatch.setattr(media_watch, "STREAM_AGAIN_S", (0.0, 300.0))
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.refuse("start_media_streaming", 412)
        media_of(caller).drop(reconnect_after_s=None)
        await connection_of(call, there=False)
        phone.switchboard.media_lost(call, at_once=True)
        await reconnected(media_of(caller), 2)
        assert len(phone.acs.requests.where(lambda sent: sent.operation == "stop_media_streaming")) == 1
        await goes_on(phone, caller)


@pytest.mark.parametrize("details", NOT_OPENED)
@on_virtual_time
async def test_one_that_the_network_could_not_open_is_asked_for_again_without_waiting(
    monkeypatch: pytest.MonkeyPatch, details: str
) -> None:
    monkeypatch.setattr(media_watch, "OWN_RECONNECT_S", 300.0)
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        phone.acs.faults.silence("start_media_streaming")
        media_of(caller).drop(reconnect_after_s=None)
        await connection_of(call, there=False)
        phone.switchboard.media_lost(call, at_once=True)
        await phone.acs.answered.until(lambda sent: sent.operation == "start_media_streaming")
        failed = {"mediaStreamingStatus": "mediaStreamingFailed", "mediaStreamingStatusDetails": details}
        await told(phone, call, ("MediaStreamingFailed", {"mediaStreamingUpdate": failed}))
        await reconnected(media_of(caller), 2)
        await goes_on(phone, caller)


async def test_of_a_caller_on_hold_whom_the_network_does_not_stream_they_are_talked_to_when_they_are_back() -> None:
    agent = msgspec.structs.replace(AGENT, limits=Limits(no_input_s=60, reconnect_s=1))
    async with telephone(agent) as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        assert (await phone.rest.post(f"/calls/{call.call_id}/hold", json={})).status_code == 200
        phone.acs.faults.refuse("start_media_streaming", 400, 100, code="8501")
        media_of(caller).drop()
        await asyncio.sleep(3)
        assert call.state is CallState.ON_HOLD
        phone.acs.faults.clear()
        assert (await phone.rest.post(f"/calls/{call.call_id}/unhold", json={})).status_code == 200
        await reconnected(media_of(caller), 2)
        await goes_on(phone, caller)


@pytest.mark.parametrize(("event", "details"), [("Stopped", "serviceShutdown"), ("Failed", "unspecifiedError")])
@on_virtual_time
async def test_one_that_stays_open_though_the_network_streams_no_more_is_closed_and_asked_for(
    event: str, details: str
) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        media_of(caller).fall_silent(event, details)
        await reconnected(media_of(caller), 2)
        assert phone.acs.requests.where(lambda sent: sent.operation == "stop_media_streaming") == []
        await goes_on(phone, caller)


@on_virtual_time
async def test_one_that_is_streamed_to_stays_whatever_an_event_says_of_it() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        stopped = {
            "mediaStreamingStatus": "mediaStreamingStopped",
            "mediaStreamingStatusDetails": "subscriptionStopped",
        }
        await told(phone, call, ("MediaStreamingStopped", {"mediaStreamingUpdate": stopped}))
        await phone.acs.answered.until(lambda sent: sent.operation == "get_call_properties")
        await goes_on(phone, caller)
        assert media_of(caller).connections == 1
