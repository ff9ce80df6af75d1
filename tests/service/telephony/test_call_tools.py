"""What an agent does with its call: put it through, press keys, collect them, record, hang up."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from actors.tools import ToolContext
from app.telephony.telephone_controls import is_transfer_target
from app.tools import load_tools
from protocol.calls import CallState
from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.events import Result
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.models import KEYED
from tests.service.telephony.telephone_kit import (
    UNHURRIED,
    Telephone,
    answered,
    did_not_work,
    over,
    said,
    telephone,
)

TOOLS = load_tools()
CLERK = msgspec.structs.replace(AGENT, tools=tuple(name for name, _ in KEYED.values()), transfer_targets=("+1555015*",))


@asynccontextmanager
async def clerk(**environ: str) -> AsyncIterator[Telephone]:
    environ["LANGUAGE_MODEL"] = "tests.service.telephony.models:keyed_tools"
    async with telephone(CLERK, dict(TOOLS), None, **environ) as phone:
        yield phone


def requested(phone: Telephone, operation: str) -> list[Any]:
    return [exchange.body for exchange in phone.acs.requests if exchange.operation == operation]


@on_virtual_time
async def test_a_caller_is_put_through_and_the_session_is_over() -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        caller.press("1#")
        async with asyncio.timeout(60):
            await phone.service.sessions.emptied()
        call = await over(phone, caller)
        assert call.state is CallState.DISCONNECTED
        assert "CallTransferAccepted" in [event.type for event in call.events]
        (body,) = requested(phone, "transfer_call_to_participant")
        assert body["targetParticipant"]["phoneNumber"]["value"] == "+15550155"
        assert "terminate" not in phone.acs.executions


@pytest.mark.parametrize("targets", [(), ("+15550156", "+1555015", "+44*")])
@on_virtual_time
async def test_a_number_that_only_a_model_knows_is_not_dialled(targets: tuple[str, ...]) -> None:
    agent = msgspec.structs.replace(CLERK, transfer_targets=targets)
    environ = {
        "LANGUAGE_MODEL": "tests.service.telephony.models:keyed_tools",
        "HANDOFF_PHONE_NUMBER": "+15550177",
    }
    async with telephone(agent, dict(TOOLS), None, **environ) as phone:
        caller = await answered(phone)
        caller.press("1#")
        await caller.hears_reply(quiet_ms=900)
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        record = entry.session.record()
        assert any("callers may not be put through to that number" in message.text for message in record.messages)
        assert requested(phone, "transfer_call_to_participant") == []
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(
    ("number", "targets", "allowed"),
    [
        ("+12065550100", ("+12065550100",), True),
        ("+12065550100", ("+1206555*",), True),
        ("+12065550100", ("+1206555",), False),
        ("+120655501001", ("+12065550100",), False),
        ("+44906123", ("+1*", "+4420*"), False),
        ("+1206555 0100", ("+1206*",), False),
        ("+12065550100\n", ("+1206*",), False),
        ("+12065550100,,9", ("+1206*",), False),
        ("12065550100", ("+1*",), False),
        ("", ("+1*",), False),
    ],
)
def test_where_callers_may_be_put_through_to(number: str, targets: tuple[str, ...], allowed: bool) -> None:
    assert is_transfer_target(number, targets) is allowed


@on_virtual_time
async def test_a_transfer_that_nobody_takes_leaves_the_caller_with_the_agent() -> None:
    async with clerk(HANDOFF_PHONE_NUMBER="+15550177") as phone:
        caller = await answered(phone)
        phone.acs.on_outbound(Pickup("busy"))
        caller.press("2#")
        await did_not_work(phone)
        caller.press("9#")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone)[-1] == "9"
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_without_anybody_to_put_callers_through_to_the_agent_says_so() -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        caller.press("2#")
        await caller.hears_reply(quiet_ms=900)
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        assert entry.session.record().messages[-1].text.endswith("That did not work.")
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_transfer_by_rest() -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        assert caller.call is not None
        path = f"/calls/{caller.call.connection_id}/transfer"
        wrong = await phone.rest.post(path, json={"target": "0800"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "target")
        taken = await phone.rest.post(path, json={"target": "+15550166"})
        assert taken.json() == {"call_id": caller.call.connection_id, "status": "transferring"}
        await over(phone, caller)
        late = await phone.rest.post(path, json={"target": "+15550166"})
        assert late.status_code == 409


@on_virtual_time
async def test_what_is_being_said_is_heard_before_the_caller_is_put_through() -> None:
    async with clerk(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
        caller = await answered(phone)
        assert caller.call is not None
        caller.press("12345#")
        began_s = await caller.hears_voice()
        path = f"/calls/{caller.call.connection_id}/transfer"
        assert (await phone.rest.post(path, json={"target": "+15550166"})).status_code == 200
        (ordered,) = phone.acs.requests.where(lambda exchange: exchange.operation == "transfer_call_to_participant")
        await over(phone, caller)
        # "You said 1 2 3 4 5. What else?" at fifty milliseconds a character.
        assert ordered.at_s - began_s > 28 * 0.05
        assert caller.ear.stops == []


@on_virtual_time
async def test_a_caller_waits_on_hold_and_is_taken_back() -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        states: list[CallState] = []
        # Orders are changes, too, in whatever state the call is.
        call.on_change = lambda changed: states.append(changed.state)
        caller.press("81#")
        async with asyncio.timeout(30):
            while CallState.ON_HOLD not in states or states[-1] is not CallState.CONNECTED:  # noqa: ASYNC110  nobody is told
                await asyncio.sleep(0.02)
        await caller.hears_reply(quiet_ms=900)
        assert [len(requested(phone, operation)) for operation in ("hold", "unhold")] == [1, 1]
        (body,) = requested(phone, "hold")
        assert body["targetParticipant"]["phoneNumber"]["value"] == caller.raw_id.removeprefix("4:")
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        assert entry.session.record().messages[-1].text.endswith("Done.")
        caller.hang_up()
        await over(phone, caller)


@pytest.mark.parametrize(
    ("key", "told"), [("81", "the caller was not put on hold: 400/8558"), ("82", "the call is not on hold")]
)
@on_virtual_time
async def test_a_model_is_told_that_a_hold_failed(key: str, told: str) -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        phone.acs.faults.fail("hold", Result(400, 8558, "Participant not present"))
        caller.press(f"{key}#")
        await caller.hears_reply(quiet_ms=900)
        (entry,) = phone.service.sessions.live.values()
        assert entry.session is not None
        record = entry.session.record()
        assert any(told in message.text for message in record.messages)
        assert record.messages[-1].text.endswith("That did not work.")
        (call,) = phone.switchboard.log.live
        assert call.state is CallState.CONNECTED
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_keys_are_pressed_for_the_other_side() -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        caller.press("3#")
        await caller.hears_reply(quiet_ms=900)
        assert caller.call is not None
        assert caller.call.tones_sent == ["one", "two", "pound"]
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_digits_are_collected_as_they_were_asked_for() -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        caller.press("6#")
        await caller.hears_reply(quiet_ms=900)
        caller.press("4#")
        await asyncio.sleep(2.5)
        caller.press("7")
        await caller.hears_reply(quiet_ms=300)
        assert said(phone) == ["6", "4 # 7"]
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_a_call_is_recorded_from_here_to_there() -> None:
    async with clerk() as phone:
        caller = await answered(phone)
        caller.press("4#")
        await caller.hears_reply(quiet_ms=900)
        (call,) = phone.switchboard.log.live
        recording = call.orders.recording
        assert recording
        caller.press("5#")
        await caller.hears_reply(quiet_ms=900)
        assert call.orders.recording == ""
        assert phone.acs.executions["start_recording"] == phone.acs.executions["stop_recording"] == 1
        assert [e.type for e in call.events].count("RecordingStateChanged") == 2
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_the_agent_hangs_up_once_its_last_word_was_heard() -> None:
    async with clerk(SPEECH_SYNTHESIZER=UNHURRIED) as phone:
        caller = await answered(phone)
        assert caller.call is not None
        before_s = asyncio.get_running_loop().time()
        caller.press("7#")
        await over(phone, caller)
        voices = [voice for voice in caller.ear.voices() if voice.ended_s > before_s]
        # "One moment please. Done." at fifty milliseconds a character.
        assert sum(voice.ms for voice in voices) == pytest.approx(24 * 50, abs=150)
        # Two clocks: the telephone may have a part of the last frame to play when that has been heard by ours.
        assert sum(stop.dropped_ms for stop in caller.ear.stops) < 20


@on_virtual_time
async def test_in_a_browser_there_is_no_line() -> None:
    for name in (
        "transfer_call",
        "send_keys",
        "start_recording",
        "stop_recording",
        "collect_digits",
        "put_on_hold",
        "take_off_hold",
    ):
        arguments = dict(KEYED.values())[name]
        outcome = await TOOLS[name].run(arguments, ToolContext(session_id="s"))
        assert outcome.failed, name
        assert "no telephone call" in outcome.result["error"]
