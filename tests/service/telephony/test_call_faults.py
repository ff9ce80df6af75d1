"""What goes wrong with the network around a call, and that the call goes on or ends cleanly."""

import asyncio

import msgspec
import pytest

from actors.agent import Limits, Phrases
from app.telephony import call_endings, new_calls
from app.telephony.inbound import answering
from app.telephony.media import media_watch
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.calls import Call
from tests.cloud.acs.refusals import CODES
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import UNHURRIED, answered, over, said, telephone


async def reconnected(call: Call) -> None:
    """Wait for a second media socket."""
    media = call.media
    assert media is not None
    async with asyncio.timeout(60):
        while not (media.connections >= 2 and media.connected):  # noqa: ASYNC110  the emulator tells nobody
            await asyncio.sleep(0.02)


@on_virtual_time
async def test_a_media_socket_that_the_network_opens_again_is_taken_up_without_a_greeting() -> None:
    async with telephone(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
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


@on_virtual_time
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


@on_virtual_time
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
@on_virtual_time
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


@pytest.mark.parametrize(("status", "retry_after_s"), [(429, 2.5), (500, None), (503, None), (404, None)])
@on_virtual_time
async def test_an_answer_that_may_succeed_later_is_ordered_again_while_it_rings(
    status: int, retry_after_s: float | None
) -> None:
    async with telephone() as phone:
        # More than the retries of one order.
        if status == 404:
            phone.acs.faults.misroute("answer_call", times=2)
        else:
            times = 5 if retry_after_s is None else 1
            phone.acs.faults.refuse("answer_call", status, times, retry_after_s=retry_after_s)
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected(15)
        assert caller.delivery is not None
        delivery = await caller.delivery
        assert (delivery.statuses, delivery.json["status"]) == ([200], "call answered")
        answers = phone.acs.requests.where(lambda exchange: exchange.operation == "answer_call")
        assert answers[-1].at_s - answers[-2].at_s >= (retry_after_s or 0.0)
        await caller.hears_voice(since_s=caller.ear.started_s)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_an_answer_that_is_not_taken_for_long_is_no_failure_of_event_grids(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "DELIVERY_S", 0.5)
    async with telephone() as phone:
        phone.acs.faults.refuse("answer_call", 429, retry_after_s=1.5)
        caller = await phone.acs.dial(phone.webhook)
        assert caller.delivery is not None
        delivery = await caller.delivery
        assert (delivery.statuses, delivery.json) == ([200], {"status": "no events processed"})
        await caller.connected()
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_caller_for_whom_no_answer_is_taken_is_told_that_the_line_is_busy(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(answering, "RINGS_S", 1.0)
    async with telephone() as phone:
        phone.acs.faults.refuse("answer_call", 429, times=1_000, retry_after_s=0.3)
        caller = await phone.acs.dial(phone.webhook)
        await caller.ended()
        assert phone.acs.executions["reject_call"] == 1
        async with asyncio.timeout(60):
            while phone.switchboard.log.live:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.01)


@pytest.mark.parametrize("status", [400, 401, 403, 404, 409, 429, 500, 503])
@on_virtual_time
async def test_a_refused_answer_frees_its_place_at_once(status: int) -> None:
    async with telephone(MAX_CONCURRENT_SESSIONS="3") as phone:
        phone.acs.faults.refuse("answer_call", status, times=3 if status < 429 else 12, retry_after_s=30)
        for number in range(3):
            await phone.acs.dial(phone.webhook, from_=f"+1555010{number}")
        await phone.acs.answered.until(lambda exchange: exchange.operation == "answer_call")
        async with asyncio.timeout(60):
            while phone.acs.requests.where(lambda e: e.operation == "answer_call")[2:3] == []:  # noqa: ASYNC110
                await asyncio.sleep(0.02)
        phone.acs.faults.clear()
        callers = [await answered(phone, f"+1555011{number}") for number in range(3)]
        for caller in callers:
            caller.hang_up()
            await over(phone, caller)


@on_virtual_time
async def test_an_answer_whose_answer_was_lost_is_not_a_second_call() -> None:
    async with telephone() as phone:
        phone.acs.faults.lose_answer("answer_call")
        caller = await answered(phone)
        assert phone.acs.executions["answer_call"] == 1
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(
    ("status", "expected"),
    [(400, 422), (401, 502), (403, 502), (404, 422), (409, 422), (429, 503), (500, 503), (503, 503)],
)
@on_virtual_time
async def test_a_call_that_is_refused_is_a_clear_answer(status: int, expected: int) -> None:
    async with telephone() as phone:
        phone.acs.faults.refuse("create_call", status, times=1_000)
        answer = await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert answer.status_code == expected
        assert answer.headers["content-type"] == "application/problem+json"
        detail = answer.json()["detail"]
        assert "telephone network" in detail
        assert f"code {CODES.get(status, '9999')}, 'Refused as the test wants it.'" in detail
        assert ("Retry-After" in answer.headers) is (expected == 503)
        assert phone.switchboard.log.live == []


@on_virtual_time
async def test_a_hang_up_that_the_network_never_confirms_ends_the_call_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(call_endings, "GONE_S", 0.3)
    async with telephone() as phone:
        caller = await answered(phone)
        phone.acs.faults.drop("CallDisconnected")
        assert caller.call is not None
        await phone.rest.delete(f"/calls/{caller.call.connection_id}")
        call = phone.switchboard.log.of_id(caller.call.connection_id)
        assert call is not None
        assert call.state is CallState.DISCONNECTED


@on_virtual_time
async def test_somebody_who_does_not_pick_up_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(new_calls, "RINGING_S", 0.3)
    async with telephone() as phone:
        phone.acs.on_outbound(Pickup("answer", after_s=60))
        placed = (await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})).json()
        call = phone.switchboard.log.of_id(placed["call_id"])
        assert call is not None
        async with asyncio.timeout(60):
            await call.over.wait()
        assert "NotAnswered" in [event.type for event in call.events]
        assert call.state is CallState.FAILED


@pytest.mark.parametrize("handoff", ["", "+15550177"])
@on_virtual_time
async def test_callers_for_whom_there_is_no_room_hear_that_it_is_busy_or_ring_elsewhere(handoff: str) -> None:
    async with telephone(MAX_CONCURRENT_SESSIONS="1", HANDOFF_PHONE_NUMBER=handoff) as phone:
        caller = await answered(phone)
        others = [await phone.acs.dial(phone.webhook, from_=f"+155501{number}") for number in range(10, 22)]
        for other in others:
            await other.ended()
            assert other.delivery is not None
            delivery = await other.delivery
            assert (delivery.statuses, delivery.json) == ([200], {"status": "no events processed"})
        operation = "redirect_call" if handoff else "reject_call"
        orders = [exchange.body for exchange in phone.acs.requests if exchange.operation == operation]
        assert len(orders) == phone.switchboard.counts.refused_calls == 12
        if handoff:
            assert {order["target"]["phoneNumber"]["value"] for order in orders} == {handoff}
        else:
            assert {order["callRejectReason"] for order in orders} == {"busy"}
        assert not phone.acs.event_grid.delays
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(("from_", "blocked"), [("+15550100", True), ("anonymous", True), ("+15550101", False)])
@on_virtual_time
async def test_callers_who_are_blocked_are_rejected(from_: str, blocked: bool) -> None:
    async with telephone(BLOCKED_CALLERS="+15550100, anonymous") as phone:
        caller = await phone.acs.dial(phone.webhook, from_=from_)
        if blocked:
            await caller.ended()
            (order,) = phone.acs.requests.where(lambda exchange: exchange.operation == "reject_call")
            assert order.body["callRejectReason"] == "forbidden"
        else:
            await caller.connected()
            caller.hang_up()
            await over(phone, caller)


@on_virtual_time
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
