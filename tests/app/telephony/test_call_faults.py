"""What goes wrong with the network around a call, and that the call goes on or ends cleanly."""

import asyncio

import msgspec
import pytest

from actors.agent import Limits, Phrases
from app.telephony import media_watch, switchboard
from protocol.calls import CallState
from tests.actors.session_kit import AGENT
from tests.app.telephony.telephone_kit import answered, over, said, telephone
from tests.azure.acs.behaviour import Pickup
from tests.azure.acs.calls import Call


async def reconnected(call: Call) -> None:
    """Wait for a second media socket."""
    media = call.media
    assert media is not None
    async with asyncio.timeout(10):
        while not (media.connections >= 2 and media.connected):  # noqa: ASYNC110  the emulator tells nobody
            await asyncio.sleep(0.02)


async def test_a_media_socket_that_the_network_opens_again_is_taken_up_without_a_greeting() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        assert caller.call.media is not None
        heard_s = asyncio.get_running_loop().time()
        caller.call.media.drop(reconnect_after_s=0.3)
        await reconnected(caller.call)
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["5"]
        # "You said 5. What else?" and no second greeting.
        voices = [voice for voice in caller.ear.voices() if voice.started_s > heard_s]
        assert sum(voice.ms for voice in voices) == pytest.approx(22 * 50, abs=200)
        assert "start_media_streaming" not in phone.acs.executions
        caller.hang_up()
        await over(phone, caller)


async def test_a_media_socket_that_stays_away_is_asked_for() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        assert caller.call.media is not None
        caller.call.media.drop(reconnect_after_s=None)
        await reconnected(caller.call)
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["5"]
        assert phone.acs.executions["start_media_streaming"] == 1
        caller.hang_up()
        await over(phone, caller)


async def test_a_call_that_gets_no_media_socket_is_hung_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(media_watch, "DUE_S", 0.1)
    monkeypatch.setattr(media_watch, "STREAM_AGAIN_S", (0.0, 0.1))
    monkeypatch.setattr(media_watch, "OWN_RECONNECT_S", 0.1)
    async with telephone() as phone:
        phone.acs.faults.socket_token = "expired"
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        call = await over(phone, caller)
        assert call.state is CallState.DISCONNECTED
        assert "MediaStreamingFailed" in [event.type for event in call.events]
        assert phone.service.sessions.live == {}


@pytest.mark.parametrize("status", [400, 401, 403, 409])
async def test_an_answer_that_is_refused_for_good_is_a_failed_call(status: int) -> None:
    async with telephone() as phone:
        phone.acs.faults.refuse("answer_call", status, times=1_000)
        caller = await phone.acs.dial(phone.webhook)
        assert caller.delivery is not None
        delivery = await caller.delivery
        assert (delivery.statuses, delivery.json) == ([200], {"status": "no events processed"})
        shown = (await phone.rest.get("/calls", params={"status_filter": "failed"})).json()
        assert shown["total"] == 1
        assert shown["calls"][0]["events"][-1]["details"]["status"] == status


@pytest.mark.parametrize("status", [429, 500, 503])
async def test_an_answer_that_may_succeed_later_is_delivered_again(status: int) -> None:
    async with telephone() as phone:
        # More than the retries of one order, fewer than those of two deliveries.
        phone.acs.faults.refuse("answer_call", status, times=5, retry_after_s=9 if status == 429 else None)
        if status == 429:
            phone.acs.faults.clear()
            phone.acs.faults.refuse("answer_call", status, times=1, retry_after_s=9)
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected(15)
        assert caller.delivery is not None
        delivery = await caller.delivery
        assert delivery.statuses == [503, 200]
        await caller.hears_voice()
        caller.hang_up()
        await over(phone, caller)


async def test_an_answer_whose_answer_was_lost_is_not_a_second_call() -> None:
    async with telephone() as phone:
        phone.acs.faults.lose_answer("answer_call")
        caller = await answered(phone)
        assert phone.acs.executions["answer_call"] == 1
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, 422), (401, 503), (403, 503), (404, 422), (409, 422), (429, 503), (500, 503), (503, 503)],
)
async def test_a_call_that_is_refused_is_a_clear_answer(status: int, expected: int) -> None:
    async with telephone() as phone:
        phone.acs.faults.refuse("create_call", status, times=1_000)
        answer = await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert answer.status_code == expected
        assert answer.headers["content-type"] == "application/problem+json"
        assert "telephone network" in answer.json()["detail"]
        assert ("Retry-After" in answer.headers) is (expected == 503)
        assert phone.switchboard.log.live == []


async def test_a_hang_up_that_the_network_never_confirms_ends_the_call_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(switchboard, "GONE_S", 0.3)
    async with telephone() as phone:
        caller = await answered(phone)
        phone.acs.faults.drop("CallDisconnected")
        assert caller.call is not None
        await phone.rest.delete(f"/calls/{caller.call.connection_id}")
        call = phone.switchboard.log.of_id(caller.call.connection_id)
        assert call is not None
        assert call.state is CallState.DISCONNECTED


async def test_somebody_who_does_not_pick_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(switchboard, "RINGING_S", 0.3)
    async with telephone() as phone:
        phone.acs.on_outbound(Pickup("answer", after_s=60))
        placed = (await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})).json()
        call = phone.switchboard.log.of_id(placed["call_id"])
        assert call is not None
        async with asyncio.timeout(15):
            await call.over.wait()
        assert "NotAnswered" in [event.type for event in call.events]
        assert call.state is CallState.FAILED


async def test_no_more_calls_than_there_is_room_for() -> None:
    async with telephone(MAX_CONCURRENT_SESSIONS="1") as phone:
        caller = await answered(phone)
        other = await phone.acs.dial(phone.webhook, from_="+15550101")
        assert other.delivery is not None
        delivery = await other.delivery
        assert set(delivery.statuses) == {503}
        caller.hang_up()
        await over(phone, caller)


async def test_nobody_who_says_nothing_is_listened_to_for_ever() -> None:

    brief = msgspec.structs.replace(
        AGENT, limits=Limits(no_input_s=0.3), phrases=Phrases(no_input=("Hello?",), goodbye="Bye.")
    )
    async with telephone(brief) as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        call = await over(phone, caller)
        assert call.state is CallState.DISCONNECTED
        assert len(caller.ear.voices()) == 3
