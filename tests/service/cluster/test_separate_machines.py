"""Machines that share nothing but Redis: what concerns a call reaches it, whichever of them it comes to."""

import asyncio
import uuid
from pathlib import Path

import httpx

from tests.cloud.acs.calls import Call
from tests.kit.serving import AUTHORITIES
from tests.service.cluster.machines import Machines, machines, secret_of
from tests.service.telephony.processes import Processes, greeted

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 60}
"""
"""Waits for whoever says nothing."""
EACH = 50
"""At each of two machines that do not have the call"""
MOVES = 20
BY_THEN_S = 60.0


async def callback(at: Machines, machine: Processes, call: Call, number: int) -> int:
    """Tell one machine of the participants of a call, as the network does; the status of its answer."""
    person = {"identifier": {"rawId": "4:+15550100"}, "isOnHold": False}
    event = {
        "id": str(uuid.uuid4()),
        "source": f"calling/callConnections/{call.connection_id}",
        "type": "Microsoft.Communication.ParticipantsUpdated",
        "specversion": "1.0",
        "data": {
            "callConnectionId": call.connection_id,
            "serverCallId": "s",
            "correlationId": "c",
            "sequenceNumber": 100 + number,
            "participants": [{"identifier": {"rawId": "8:acs:us"}}, person],
        },
    }
    headers = {"Authorization": f"Bearer {at.acs.tokens.issue()}"}
    async with httpx.AsyncClient(
        base_url=f"{machine.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30
    ) as rest:
        return (await rest.post(f"/calls/callbacks/{secret_of(call)}", json=[event], headers=headers)).status_code


async def shown(machine: Processes, call: Call) -> dict[str, object]:
    """A call as one machine shows it."""
    async with httpx.AsyncClient(
        base_url=f"{machine.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30
    ) as rest:
        answer = await rest.get(f"/calls/{call.connection_id}")
    found: dict[str, object] = answer.json()
    return found


async def ordered(machine: Processes, call: Call, what: str) -> int:
    """Order something of a call at one machine; the status of its answer."""
    async with httpx.AsyncClient(
        base_url=f"{machine.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30
    ) as rest:
        return (await rest.post(f"/calls/{call.connection_id}/{what}", json={})).status_code


async def becomes(machine: Processes, call: Call, status: str) -> None:
    """Wait until a machine shows a call in that state."""
    async with asyncio.timeout(BY_THEN_S):
        while (await shown(machine, call))["status"] != status:  # noqa: ASYNC110  another process does it
            await asyncio.sleep(0.01)


async def test_callbacks_and_requests_that_come_to_the_wrong_machine_reach_the_call(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, count=3) as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        owner = at.owner(call)
        wrong = [at.all[1 + number % 2] for number in range(2 * EACH)]
        for number, machine in enumerate(wrong):
            what, status = ("unhold", "connected") if number % 2 else ("hold", "on_hold")
            assert await ordered(machine, call, what) == 200
            await becomes(machine, call, status)
        told = [await callback(at, machine, call, number) for number, machine in enumerate(wrong)]
        assert told == [200] * 100
        seen = [await shown(machine, call) for machine in wrong]
        assert [each["status"] for each in seen] == ["connected"] * 100
        events = [each["type"] for each in (await shown(at.one, call))["events"]]  # type: ignore[attr-defined]
        assert events.count("ParticipantsUpdated") >= 100, "each event was taken, and once"
        assert (at.acs.executions["hold"], at.acs.executions["unhold"]) == (EACH, EACH)
        assert at.owner(call) == owner
        async with httpx.AsyncClient(
            base_url=f"{at.other.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30
        ) as rest:
            ended = await rest.post("/calls/terminate", json={"call_id": call.connection_id})
        assert ended.status_code == 200, ended.text
        await caller.ended()
        assert at.acs.executions["terminate"] == 1


async def test_a_media_socket_that_comes_to_the_wrong_machine_has_the_call_move_there(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT) as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        assert call.media is not None
        at.acs.behaviour.reconnect_after_s = 0.05
        for move in range(MOVES):
            owner, connections = at.owner(call), call.media.connections
            at.only(at.one if move % 2 else at.other)
            # The network keeps connections, on which the next socket would come to where it was.
            at.balancer.cut()
            async with asyncio.timeout(BY_THEN_S):
                while not (call.media.connected and call.media.connections > connections):  # noqa: ASYNC110
                    await asyncio.sleep(0.01)
                while at.owner(call) == owner:  # noqa: ASYNC110  another process does it
                    await asyncio.sleep(0.01)
            if move % 5 == 0:
                await caller.hears_silence(300)
                caller.press(f"{move}#")
                await caller.hears_reply(quiet_ms=300)
        async with at.rest() as rest:
            (session,) = (await rest.get("/sessions")).json()["sessions"]
            entries = (await rest.get(f"/sessions/{session['session_id']}/transcript")).json()["entries"]
        said = [entry["text"] for entry in entries if entry["role"] == "user"]
        assert said == [" ".join(str(move)) for move in range(0, MOVES, 5)]
        assert "terminate" not in at.acs.executions
        caller.hang_up()
        await caller.ended()
