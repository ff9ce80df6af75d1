"""All machines are restarted, one after the other, while people talk: no call is lost, and none begins anew; and what
each has recorded of each of them replays."""

import asyncio
from pathlib import Path
from typing import Any

from app.replay.recording import Resumed, read
from app.replay.replaying import replayed
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
    files = tmp_path / "files"
    environ: dict[str, Any] = {"RECORD_SESSIONS": "all", "RECORD_DIRECTORY": str(files)}
    async with machines(tmp_path, AGENT, count=3, **environ) as at:
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
            await caller.ended()
        async with asyncio.timeout(BY_THEN_S):
            while len(await asyncio.to_thread(endings, files)) < CALLS:  # noqa: ASYNC110  another process writes them
                await asyncio.sleep(0.2)
    recordings = [read(path) for path in sorted(files.glob("*.jsonl"))]
    moved = [each for each in recordings if isinstance(each.steps[0], Resumed)]
    assert len(recordings) >= 10
    assert len(moved) == len(recordings) - CALLS, "each call began once, and was gone on with everywhere else"
    for recording in recordings:
        first = replayed(recording)
        assert first.difference is None
        assert replayed(recording) == first


def endings(files: Path) -> list[str]:
    """How sessions have ended that have been recorded to their end."""
    return [ending for path in files.glob("*.jsonl") if (ending := read(path).over.ending)]
