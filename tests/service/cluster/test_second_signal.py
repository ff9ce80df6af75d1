"""A server that waits for its conversations to end, and is told a second time: another machine goes on with them."""

import asyncio
from pathlib import Path

import httpx

from tests.service.cluster.machines import Machines, machines
from tests.service.telephony.processes import Processes, greeted

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 300}
"""
BY_THEN_S = 60.0


async def drains(at: Machines, machine: Processes) -> None:
    """Wait until a machine takes nothing on any more."""
    async with httpx.AsyncClient(base_url=f"{machine.url}/api/v1", trust_env=False, timeout=30) as rest:
        async with asyncio.timeout(BY_THEN_S):
            while (await rest.get("/readiness")).status_code != 503:  # noqa: ASYNC110  another process tells nobody
                await asyncio.sleep(0.05)


async def test_the_second_signal_hands_a_call_over_whose_end_the_first_one_waits_for(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, DRAIN_POLICY="finish", DRAIN_GRACE_S="120") as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        owner = at.owner(call)
        at.one.end()
        await drains(at, at.one)
        await asyncio.sleep(1.0)
        assert at.owner(call) == owner
        at.one.end()
        async with asyncio.timeout(BY_THEN_S):
            while at.owner(call) == owner:  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.02)
        assert await asyncio.to_thread(at.one.ended) == 0
        await caller.hears_silence(1_000)
        caller.press("42#")
        await caller.hears_reply(quiet_ms=300)
        assert "terminate" not in at.acs.executions
        caller.hang_up()
        await caller.ended()
