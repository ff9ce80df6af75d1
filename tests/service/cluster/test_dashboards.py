"""Three machines that share nothing but Redis: a dashboard shows a session whichever of them it comes to."""

import asyncio
import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect

from tests.cloud.acs.caller import Caller
from tests.cloud.acs.calls import Call
from tests.kit.serving import AUTHORITIES
from tests.service.cluster.machines import Machines, machines
from tests.service.telephony.processes import Processes, greeted

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 60}
"""
RELAY = "/api/v1/realtime/dashboard/relay"
ROUNDS, EACH = 10, 5
"""Two machines that do not have the session, so many times so many dashboards at each: a hundred."""
BY_THEN_S = 60.0


@asynccontextmanager
async def dashboards(machine: Processes, session_id: str, count: int) -> AsyncIterator[list[ClientConnection]]:
    """So many dashboards of a session, all at one machine."""
    address = f"{machine.url.replace('http', 'ws', 1)}{RELAY}?session_id={session_id}"
    async with AsyncExitStack() as stack:
        yield [await stack.enter_async_context(connect(address, proxy=None, max_queue=None)) for _ in range(count)]


async def shows(dashboard: ClientConnection, kind: str, words: str) -> dict[str, Any]:
    """The next message of one kind with these words in it."""
    async with asyncio.timeout(BY_THEN_S):
        while True:
            message: dict[str, Any] = json.loads(await dashboard.recv())
            if message["type"] == kind and words in json.dumps(message):
                return message


async def session_of(machine: Processes) -> str:
    """The id of the only session, as any machine tells."""
    async with httpx.AsyncClient(base_url=f"{machine.url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
        (session,) = (await rest.get("/sessions")).json()["sessions"]
    return str(session["session_id"])


async def all_show(caller: Caller, keys: str, seeing: list[ClientConnection]) -> None:
    """The caller presses keys, and every dashboard shows what was said and what is answered."""
    words = " ".join(keys)
    await caller.hears_silence(300)
    caller.press(f"{keys}#")
    said = [shows(each, "event", words) for each in seeing]
    assert {message["payload"]["message"] for message in await asyncio.gather(*said)} == {words}
    answered = [shows(each, "assistant_final", f"You said {words}") for each in seeing]
    assert {message["speaker"] for message in await asyncio.gather(*answered)} == {"Tester"}


async def moved_from(at: Machines, call: Call, owner: str) -> None:
    """Wait until another worker has a call, and its media socket."""
    assert call.media is not None
    async with asyncio.timeout(BY_THEN_S):
        while at.owner(call) in ("", owner) or not call.media.connected:  # noqa: ASYNC110  another process does it
            await asyncio.sleep(0.02)


async def test_a_hundred_dashboards_that_come_to_the_wrong_machines_show_the_session(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, count=3) as at:
        one, other, third = at.all
        at.only(one)
        caller = await greeted(at.acs, at.url, 0)
        owner = at.owner(await caller.connected())
        session_id = await session_of(other)
        for number in range(ROUNDS):
            async with dashboards(other, session_id, EACH) as there, dashboards(third, session_id, EACH) as elsewhere:
                await all_show(caller, f"{number}{number}", [*there, *elsewhere])
        assert at.owner(await caller.connected()) == owner
        async with dashboards(one, session_id, 1) as here, dashboards(other, session_id, 1) as there:
            async with httpx.AsyncClient(base_url=f"{third.url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
                assert (await rest.delete(f"/sessions/{session_id}")).status_code == 200
            for dashboard in (*here, *there):
                await shows(dashboard, "session_end", "NORMAL")
                await dashboard.wait_closed()
                assert dashboard.close_code == 1000


async def test_dashboards_stay_with_a_call_that_moves_and_one_whose_machine_is_killed(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, count=3) as at:
        one, other, third = at.all
        at.only(one)
        at.acs.behaviour.reconnect_after_s = 0.05
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        session_id = await session_of(one)
        async with dashboards(one, session_id, 1) as former, dashboards(third, session_id, 1) as there:
            seeing = [*former, *there]
            await all_show(caller, "11", seeing)
            owner = at.owner(call)
            at.only(other)
            at.balancer.cut()
            await moved_from(at, call, owner)
            await all_show(caller, "22", seeing)
            owner = at.owner(call)
            at.only(one)
            other.kill_everything()
            await moved_from(at, call, owner)
            await all_show(caller, "33", seeing)
        caller.hang_up()


async def test_a_dashboard_that_was_there_before_the_session_misses_nothing_of_it(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, count=2) as at:
        one, other = at.all
        async with dashboards(other, "later", 1) as (dashboard,):
            address = f"{one.url.replace('http', 'ws', 1)}/api/v1/realtime/conversation?session_id=later"
            async with connect(address, proxy=None, max_queue=None) as browser:
                await shows(dashboard, "status", "Hello there.")
                await browser.send(json.dumps({"type": "text", "text": "good morning"}))
                await shows(dashboard, "assistant_final", "good morning")
