"""A machine that is cut off from Redis while the others are not: its calls go on elsewhere, and it leaves them be."""

import asyncio
from pathlib import Path

from tests.service.cluster.machines import machines
from tests.service.telephony.processes import greeted

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 300}
"""
BY_THEN_S = 60.0
LONGER_S = 20.0
"""Than a worker tries to get the media socket of a call back, before it hangs up a call that nobody hears."""


async def test_it_closes_no_socket_of_the_worker_that_has_its_call_by_then_and_does_not_hang_up(tmp_path: Path) -> None:
    async with machines(tmp_path, AGENT, has_own_ways=True) as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        owner = at.owner(call)
        at.only(at.other)
        at.cut_off(at.one)
        async with asyncio.timeout(BY_THEN_S):
            while at.owner(call) in ("", owner):  # noqa: ASYNC110  another process takes it
                await asyncio.sleep(0.05)
        await caller.hears_silence(1_000)
        caller.press("42#")
        await caller.hears_reply(quiet_ms=300)
        assert call.media is not None
        connections, stops = call.media.connections, at.acs.executions["stop_media_streaming"]
        await asyncio.sleep(LONGER_S)
        assert (call.ended, call.media.connected, call.media.connections) == (False, True, connections)
        assert at.acs.executions["stop_media_streaming"] == stops
        assert "a call is left to the worker to which its media socket leads" in at.one.log()
        at.connect(at.one)
        await caller.hears_silence(300)
        caller.press("43#")
        await caller.hears_reply(quiet_ms=300)
        assert "terminate" not in at.acs.executions
        caller.hang_up()
        await caller.ended()
