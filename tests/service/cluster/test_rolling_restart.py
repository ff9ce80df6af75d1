"""All machines are restarted, one after the other, while people talk: no call is lost, and none begins anew; and what
each has recorded of each of them replays."""

import asyncio
from pathlib import Path
from typing import Any

from app.replay.recording import Resumed, read
from app.replay.replaying import replayed
from tests.service.cluster.machines import machines
from tests.service.telephony.processes import Processes, conversations, greeted

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits: {no_input_s: 300}
"""
CALLS = 4
BY_THEN_S = 60.0
TALKS_S = 10
SPEECH = b"\x00\x20\x00\xe0" * (8_000 * TALKS_S)
"""Somebody talks for so long, without a pause: 16 kHz, 16 bits."""


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


async def is_refused(machine: Processes) -> bool:
    """Whether a machine takes no connection; one that it takes is closed."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", int(machine.url.rpartition(":")[2]))
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


async def test_a_server_that_waits_for_a_caller_to_finish_refuses_who_comes_so_that_others_are_tried(
    tmp_path: Path,
) -> None:
    async with machines(tmp_path, AGENT, DRAIN_GRACE_S="40") as at:
        at.only(at.one)
        caller = await greeted(at.acs, at.url, 0)
        call = await caller.connected()
        owner = at.owner(call)
        talks = asyncio.create_task(caller.say(SPEECH))
        await asyncio.sleep(1.0)
        at.one.end()
        async with asyncio.timeout(TALKS_S - 3):
            while not await is_refused(at.one):  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.05)
        assert at.owner(call) == owner, "it has its caller still, who has not finished"
        assert not talks.done()
        await talks
        async with asyncio.timeout(BY_THEN_S):
            while at.owner(call) in ("", owner):  # noqa: ASYNC110  another process does it
                await asyncio.sleep(0.05)
        await caller.hears_silence(300)
        caller.press("5#")
        await caller.hears_reply(quiet_ms=300)
        assert "terminate" not in at.acs.executions
        caller.hang_up()
        await caller.ended()


def endings(files: Path) -> list[str]:
    """How sessions have ended that have been recorded to their end."""
    return [ending for path in files.glob("*.jsonl") if (ending := read(path).over.ending)]
