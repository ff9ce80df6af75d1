"""The life of a call, with the real SDK and the emulator of the network, on virtual time."""

import asyncio
import logging

import pytest

from app.auth.acs import SECRET_HEADER
from app.server.logs import KeyValueFormatter
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.caller import Caller, Echo
from tests.cloud.acs.identifiers import phone as number
from tests.kit.running_time import running_time
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import SECRET, UNHURRIED, answered, over, said, telephone, tone


@on_virtual_time
async def test_a_caller_is_greeted_and_hangs_up() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        call_id = caller.call.connection_id
        shown = await phone.log(call_id)
        assert (shown["call_id"], shown["status"]) == (call_id, "connected")
        assert {event["type"] for event in shown["events"]} >= {
            "IncomingCall",
            "CallConnected",
            "MediaStreamingStarted",
        }
        assert [p["role"] for p in shown["participants"] if p["phone_number"] == "+15550100"] == ["person"]
        assert len(phone.service.sessions.live) == 1
        caller.hang_up()
        await over(phone, caller)
        async with asyncio.timeout(60):
            await phone.service.sessions.emptied()
        shown = await phone.log(call_id)
        assert shown["status"] == "disconnected"
        assert shown["duration"] > 0
        # What this loop, which is the network's too, was late by itself is not the pacing's fault.
        assert caller.ear.pacing.breaks(slack_ms=5 + caller.call.max_late_ms) == []


@on_virtual_time
async def test_the_greeting_comes_at_once() -> None:
    async with telephone() as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        async with running_time() as took:
            await caller.hears_voice(since_s=caller.ear.started_s)
            assert took.s < 0.5


@on_virtual_time
async def test_the_greeting_is_made_while_it_rings() -> None:
    async with telephone(SPEECH_SYNTHESIZER="tests.service.telephony.telephone_kit:slow_synthesizer") as phone:
        phone.acs.behaviour.connect_delay_s = 1.0
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        async with running_time() as took:
            await caller.hears_voice(since_s=caller.ear.started_s)
            assert took.s < 0.45
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_call_is_answered_once_however_often_it_is_announced() -> None:
    async with telephone() as phone:
        caller = await phone.acs.dial(phone.webhook, copies=3)
        await caller.connected()
        assert caller.delivery is not None
        delivery = await caller.delivery
        assert set(delivery.statuses) == {200}
        assert delivery.json["status"] == "call answered"
        assert phone.acs.executions["answer_call"] == 1
        assert len(phone.switchboard.log.live) == 1
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize("first", ["the question", "the call"])
@on_virtual_time
async def test_a_call_in_one_delivery_with_the_validation_of_a_subscription_is_answered(first: str) -> None:
    async with telephone() as phone:
        ringing = phone.acs.ring()
        grid = phone.acs.event_grid
        question = grid.event("Microsoft.EventGrid.SubscriptionValidationEvent", {"validationCode": "512d38b6"})
        events = [question, phone.acs.incoming_call(ringing)]
        delivery = await grid.deliver(phone.webhook, events if first == "the question" else events[::-1])
        assert delivery.json == {"validationResponse": "512d38b6"}
        await ringing.caller.connected()
        ringing.caller.hang_up()
        await over(phone, ringing.caller)


@on_virtual_time
async def test_a_call_that_is_announced_in_the_binary_mode_of_cloud_events_is_answered() -> None:
    async with telephone() as phone:
        ringing = phone.acs.ring()
        event = phone.acs.incoming_call(ringing)
        headers = {"ce-type": event["eventType"], "ce-id": event["id"], "ce-specversion": "1.0", SECRET_HEADER: SECRET}
        answer = await phone.rest.post("/calls/answer", json=event["data"], headers=headers)
        assert answer.json()["status"] == "call answered"
        await ringing.caller.connected()
        ringing.caller.hang_up()
        await over(phone, ringing.caller)


@on_virtual_time
async def test_events_may_come_in_any_order_and_twice() -> None:
    async with telephone() as phone:
        phone.acs.faults.swap("CallConnected", "ParticipantsUpdated")
        phone.acs.faults.duplicate(None)
        caller = await answered(phone)
        assert caller.call is not None
        shown = await phone.log(caller.call.connection_id)
        assert shown["status"] == "connected"
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_call_is_hung_up_by_rest() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        answer = await phone.rest.delete(f"/calls/{caller.call.connection_id}")
        assert answer.json()["status"] == "terminated"
        await over(phone, caller)
        again = await phone.rest.post("/calls/terminate", json={"call_id": caller.call.connection_id})
        assert again.json()["message"] == "the call was over"


@on_virtual_time
async def test_a_call_that_is_hung_up_in_mid_word_stops_the_line_once() -> None:
    async with telephone(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
        caller = await answered(phone)
        caller.press("1234567890#")
        await caller.hears_voice()
        assert caller.call is not None
        await phone.rest.delete(f"/calls/{caller.call.connection_id}")
        await over(phone, caller)
        (stop,) = caller.ear.stops
        assert caller.ear.quiet_ms_after(stop) is None


@on_virtual_time
async def test_somebody_is_called_and_greeted() -> None:
    async with telephone() as phone:
        answer = await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})
        assert answer.status_code == 200, answer.text
        placed = answer.json()
        assert placed["status"] == "initiating"
        callee = await phone.acs.callee("+15550123")
        await callee.connected()
        await callee.hears_reply(quiet_ms=300, since_s=callee.ear.started_s)
        shown = await phone.log(placed["call_id"])
        assert shown["status"] == "connected"
        callee.hang_up()
        await over(phone, callee)


@pytest.mark.parametrize("outcome", ["busy", "declined", "unreachable"])
@on_virtual_time
async def test_a_call_that_does_not_come_about_has_failed(outcome: str) -> None:
    async with telephone() as phone:
        phone.acs.on_outbound(Pickup(outcome))  # type: ignore[arg-type]
        placed = (await phone.rest.post("/calls/initiate", json={"target_number": "+15550123"})).json()
        call = phone.switchboard.log.of_id(placed["call_id"])
        assert call is not None
        async with asyncio.timeout(60):
            await call.over.wait()
        assert call.state is CallState.FAILED
        assert phone.service.sessions.live == {}


@on_virtual_time
async def test_keys_reach_the_conversation_once() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        caller.press("42#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["4 2"]
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_an_interruption_stops_the_line_once_and_nothing_follows() -> None:
    async with telephone(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
        caller = await phone.acs.dial(phone.webhook)
        await caller.connected()
        await caller.hears_voice(since_s=caller.ear.started_s)
        await caller.say(tone(900))
        await caller.hears_silence(200)
        (stop,) = caller.ear.stops
        quiet_ms = caller.ear.quiet_ms_after(stop)
        assert quiet_ms is None or quiet_ms > 100
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_line_that_says_our_own_voice_back_is_never_paused() -> None:
    async with telephone(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
        caller = Caller(number("+15550100"), echo=Echo(delay_ms=150, gain_db=-20))
        await phone.acs.dial(phone.webhook, caller=caller)
        await caller.connected()
        await caller.hears_reply(quiet_ms=900, since_s=caller.ear.started_s)
        caller.press("1234567890#")
        await caller.hears_reply(quiet_ms=900)
        assert caller.ear.stops == []
        # The greeting and the reply: a pause would last longer than `resume_ms`.
        assert len(caller.ear.voices(pause_ms=AGENT.barge_in.speaking.resume_ms / 2)) == 2
        assert said(phone) == ["1 2 3 4 5 6 7 8 9 0"]
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_caller_who_gives_up_while_it_rings_leaves_a_failed_call() -> None:
    async with telephone() as phone:
        phone.acs.behaviour.connect_delay_s = 0.3
        caller = await phone.acs.dial(phone.webhook)
        assert caller.delivery is not None
        await caller.delivery
        caller.hang_up()
        (call,) = phone.switchboard.log.live
        async with asyncio.timeout(60):
            await call.over.wait()
        assert call.state is CallState.FAILED
        assert "AnswerFailed" in [event.type for event in call.events]
        assert phone.service.sessions.live == {}


@on_virtual_time
async def test_a_server_that_drains_says_goodbye_and_hangs_up() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        heard = len(caller.ear.voices())
        await phone.service.lifecycle.drain(asyncio.get_running_loop().time() + 10)
        await over(phone, caller)
        assert len(caller.ear.voices()) > heard
        refused = await phone.acs.dial(phone.webhook)
        assert refused.delivery is not None
        assert (await refused.delivery).status == 200
        await refused.ended()


@on_virtual_time
async def test_a_caller_whose_answer_was_not_taken_yet_is_turned_away_when_the_server_ends() -> None:
    async with telephone() as phone:
        phone.acs.faults.refuse("answer_call", 429, retry_after_s=20)
        caller = await phone.acs.dial(phone.webhook)
        await phone.acs.answered.until(lambda exchange: exchange.operation == "answer_call")
        await asyncio.sleep(0.2)
        await phone.service.lifecycle.drain(asyncio.get_running_loop().time() + 5)
        await caller.ended()
        assert phone.acs.executions["reject_call"] == 1


@on_virtual_time
async def test_the_call_log_has_pages_and_a_filter() -> None:
    async with telephone() as phone:
        for _ in range(3):
            caller = await phone.acs.dial(phone.webhook)
            await caller.connected()
            caller.hang_up()
            await over(phone, caller)
        up = await answered(phone)
        first = (await phone.rest.get("/calls", params={"limit": 2})).json()
        assert (first["total"], len(first["calls"]), first["calls"][0]["status"]) == (4, 2, "connected")
        second = (await phone.rest.get("/calls", params={"limit": 2, "page": 2})).json()
        assert {call["status"] for call in second["calls"]} == {"disconnected"}
        over_ = (await phone.rest.get("/calls", params={"status_filter": "disconnected"})).json()
        assert over_["total"] == 3
        wrong = await phone.rest.get("/calls", params={"limit": 0, "status_filter": "lost"})
        assert [error["field"] for error in wrong.json()["errors"]] == ["limit", "status_filter"]
        assert (await phone.rest.get("/calls/nobody")).status_code == 404
        up.hang_up()
        await over(phone, up)


@on_virtual_time
async def test_what_the_media_socket_is_and_what_becomes_of_a_media_session() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        status = (await phone.rest.get("/media/status")).json()
        assert (status["status"], status["websocket_endpoint"], status["calls"]) == (
            "available",
            "/api/v1/media/stream",
            1,
        )
        made = (await phone.rest.post("/media/sessions", json={"call_connection_id": caller.call.connection_id})).json()
        assert made["websocket_url"].startswith("ws://127.0.0.1:")
        assert made["configuration"]["sample_rate"] == 16_000
        shown = (await phone.rest.get(f"/media/sessions/{made['session_id']}")).json()
        assert shown["status"] == "active"
        caller.hang_up()
        await over(phone, caller)
        shown = (await phone.rest.get(f"/media/sessions/{made['session_id']}")).json()
        assert shown["status"] == "ended"
        assert (await phone.rest.get("/media/sessions/none")).status_code == 404


@on_virtual_time
async def test_readiness_says_whether_the_network_takes_orders() -> None:
    async with telephone() as phone:
        checks = {c["component"]: c for c in (await phone.rest.get("/readiness")).json()["checks"]}
        assert checks["acs_caller"]["status"] == "healthy"
    async with telephone(ACS_CONNECTION_STRING="endpoint=http://127.0.0.1:9/;accesskey=aGVsbG8=") as phone:
        report = (await phone.rest.get("/readiness")).json()
        checks = {c["component"]: c for c in report["checks"]}
        assert (checks["acs_caller"]["status"], report["status"]) == ("unhealthy", "degraded")


@on_virtual_time
async def test_the_log_tells_of_calls_and_of_nobody(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    async with telephone() as phone:
        caller = await answered(phone, "+15550142")
        await caller.say(tone(900))
        await caller.hears_reply(quiet_ms=300)
        (call,) = phone.switchboard.log.live
        caller.hang_up()
        await over(phone, caller)
        phone.acs.faults.refuse("create_call", 401, times=1_000)
        await phone.rest.post("/calls/initiate", json={"target_number": "+15550143", "context": {"name": "Alice"}})
        await phone.rest.post(f"/calls/callbacks/{call.secret}", json=[{"type": "x", "data": {}}])
    records = [record for record in caplog.records if record.name.startswith(("app", "actors", "earshot", "protocol"))]
    lines = [KeyValueFormatter().format(record) for record in records]
    told = [line for line in lines if call.call_id in line]
    assert [line.partition("msg=")[2].split('"')[1] for line in told] == ["a call is connected", "a call is over"]
    assert any("CreateCallRefused: unauthorized: create: status 401" in line for line in lines)
    for secret in ("5550142", "5550143", "Alice", "opening hours", call.secret, phone.acs.access_key, "eyJ"):
        assert [line for line in lines if secret in line] == []
