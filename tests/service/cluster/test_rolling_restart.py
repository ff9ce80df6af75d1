"""All machines are restarted, one after the other, while people talk: no call is lost, and none begins anew."""

import asyncio
from pathlib import Path

from tests.service.cluster.machines import machines
from tests.service.telephony.processes import conversations, greeted

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 300}
"""
CALLS = 4
BY_THEN_S = 60.0


async def test_a_rolling_restart_loses_no_call(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, count=3) as at:
        callers = [await greeted(at.acs, at.url, number) for number in range(CALLS)]
        for number, machine in enumerate(at.all):
            for caller in callers:
                await caller.hears_silence(300)
                caller.press(f"{number}{number}#")
                await caller.hears_reply(quiet_ms=300)
            await at.restart(machine)
            async with asyncio.timeout(BY_THEN_S):
                for caller in callers:
                    call = await caller.connected()
                    while call.media is None or not call.media.connected:  # noqa: ASYNC110  another process does it
                        await asyncio.sleep(0.05)
        for caller in callers:
            await caller.hears_silence(300)
            caller.press("77#")
            await caller.hears_reply(quiet_ms=300)
        said = [["0 0", "1 1", "2 2", "7 7"]] * CALLS
        async with asyncio.timeout(BY_THEN_S):
            while await conversations(at.url) != said:  # noqa: ASYNC110  another process writes it
                await asyncio.sleep(0.2)
        assert "terminate" not in at.acs.executions
        for caller in callers:
            caller.hang_up()
