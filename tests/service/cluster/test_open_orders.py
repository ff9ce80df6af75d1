"""Calls and transfers that ring when their worker dies or ends: each has its answer at the next worker."""

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path
from typing import Any

import pytest

from tests.cloud.acs.behaviour import Pickup
from tests.cloud.acs.caller import Caller
from tests.cloud.acs.calls import Call
from tests.service.cluster.machines import Machines, machines
from tests.service.telephony.processes import greeted

AGENT = """
name: tester
label: Tester
greeting: Hello there.
tools: [transfer_call, collect_digits, start_recording, stop_recording, put_on_hold, take_off_hold]
transfer_targets: ["+15550155"]
"""
MODEL = "tests.service.telephony.models:keyed_tools"
"""Calls a tool for each of some keys."""
CALLEE = "+15550155"
ENDS = pytest.mark.parametrize("how", ["kill", "drain"])
BY_THEN_S = 60.0


async def until(holds: Callable[[], Awaitable[object]]) -> Any:
    """Wait until something holds; what it comes to."""
    async with asyncio.timeout(BY_THEN_S):
        while not (found := await holds()):  # noqa: ASYNC110  another process tells nobody
            await asyncio.sleep(0.05)
    return found


async def moved(at: Machines, call: Call, how: str) -> None:
    """The machine that has the call ends; wait until the other one has it."""
    owner = at.owner(call)
    at.only(at.other)
    at.end(at.one, how)

    async def is_another() -> bool:
        return at.owner(call) not in ("", owner)

    await until(is_another)


async def shown(at: Machines, call: Call, status: str) -> dict[str, Any]:
    """The call as the API shows it, once it is in that state."""

    async def found() -> dict[str, Any] | None:
        async with at.rest() as rest:
            answer = await rest.get(f"/calls/{call.connection_id}")
        body: dict[str, Any] = answer.json()
        return body if answer.status_code == 200 and body["status"] == status else None

    result: dict[str, Any] = await until(found)
    return result


async def said(at: Machines) -> list[tuple[str, str]]:
    """What was said in the only session, by whom."""
    async with at.rest() as rest:
        (session,) = (await rest.get("/sessions")).json()["sessions"]
        entries = (await rest.get(f"/sessions/{session['session_id']}/transcript")).json()["entries"]
    return [(entry["role"], entry["text"]) for entry in entries]


async def is_answered(at: Machines, caller: Caller, keys: str) -> None:
    """The caller presses keys, and the conversation has an answer to them."""
    words = " ".join(keys)

    async def has_answer() -> bool:
        return ("assistant", f"You said {words}. What else?") in await said(at)

    caller.press(f"{keys}#")
    await until(has_answer)


async def streams(call: Call) -> None:
    """Wait until the call has another media socket than its first."""

    async def is_there() -> bool:
        return call.media is not None and call.media.connected and call.media.connections > 1

    await until(is_there)


@ENDS
async def test_a_call_that_was_just_ordered_is_talked_to_when_it_is_picked_up(tmp_path: Path, how: str) -> None:
    async with machines(tmp_path, AGENT, LANGUAGE_MODEL=MODEL) as at:
        at.only(at.one)
        at.acs.on_outbound(Pickup("answer", after_s=6.0))
        async with at.rest() as rest:
            placed = await rest.post("/calls/initiate", json={"target_number": CALLEE})
        assert placed.status_code == 200, placed.text
        call = at.acs.calls[placed.json()["call_id"]]
        await moved(at, call, how)
        callee = await at.acs.callee(CALLEE)
        await callee.connected()
        await callee.hears_reply(quiet_ms=300, since_s=callee.ear.started_s, timeout_s=BY_THEN_S)
        await shown(at, call, "connected")
        assert ("assistant", "Hello there.") in await said(at)
        await is_answered(at, callee, "42")
        callee.hang_up()
        await shown(at, call, "disconnected")


@ENDS
async def test_a_call_that_was_ordered_and_is_not_picked_up_has_failed(tmp_path: Path, how: str) -> None:
    async with machines(tmp_path, AGENT, LANGUAGE_MODEL=MODEL) as at:
        at.only(at.one)
        at.acs.on_outbound(Pickup("busy", after_s=6.0))
        async with at.rest() as rest:
            placed = await rest.post("/calls/initiate", json={"target_number": CALLEE})
        call = at.acs.calls[placed.json()["call_id"]]
        await moved(at, call, how)
        await shown(at, call, "failed")


@ENDS
@pytest.mark.parametrize("outcome", ["answer", "busy"])
async def test_a_transfer_that_rings_goes_through_or_leaves_the_caller_to_the_agent(
    tmp_path: Path, how: str, outcome: Any
) -> None:
    async with machines(tmp_path, AGENT, LANGUAGE_MODEL=MODEL) as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        # Longer than a worker has patience with a call that no media socket comes of.
        at.acs.on_outbound(Pickup(outcome, after_s=20.0 if outcome == "busy" else 8.0))
        caller.press("1#")
        await at.acs.requests.until(lambda each: each.operation == "transfer_call_to_participant")
        await asyncio.sleep(0.3)
        await moved(at, call, how)
        assert (call.ended, call.state) == (False, "transferring")
        if outcome == "answer":
            await at.acs.callbacks.taken("CallTransferAccepted", timeout_s=BY_THEN_S)
            await shown(at, call, "disconnected")
        else:
            await at.acs.callbacks.taken("CallTransferFailed", timeout_s=BY_THEN_S)
            await streams(call)
            await is_answered(at, caller, "42")
            caller.hang_up()
            await shown(at, call, "disconnected")
        assert "terminate" not in at.acs.executions
        assert at.acs.executions["transfer_call_to_participant"] == 1
