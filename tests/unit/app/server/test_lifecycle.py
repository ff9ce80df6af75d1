import asyncio
import logging

import pytest

from app.server.lifecycle import Lifecycle, Phase


def soon(seconds: float = 10) -> float:
    return asyncio.get_running_loop().time() + seconds


async def test_sessions_are_admitted_only_while_it_is_ready() -> None:
    lifecycle = Lifecycle()
    seen = [(lifecycle.phase, lifecycle.admits())]
    lifecycle.ready()
    seen.append((lifecycle.phase, lifecycle.admits()))
    await lifecycle.drain(soon())
    seen.append((lifecycle.phase, lifecycle.admits()))
    lifecycle.stopped()
    seen.append((lifecycle.phase, lifecycle.admits()))
    assert seen == [(Phase.STARTING, False), (Phase.READY, True), (Phase.DRAINING, False), (Phase.STOPPED, False)]


async def test_it_never_goes_back() -> None:
    lifecycle = Lifecycle()
    await lifecycle.drain(soon())
    lifecycle.ready()
    assert lifecycle.phase is Phase.DRAINING


async def test_steps_run_side_by_side_after_admission_has_ended() -> None:
    lifecycle = Lifecycle()
    lifecycle.ready()
    meeting = asyncio.Barrier(2)
    admitted: list[bool] = []

    async def meet(deadline: float) -> None:
        admitted.append(lifecycle.admits())
        await meeting.wait()

    lifecycle.on_drain(meet)
    lifecycle.on_drain(meet)
    await lifecycle.drain(soon())
    assert admitted == [False, False]


async def test_a_second_drain_runs_nothing_again() -> None:
    lifecycle = Lifecycle()
    runs: list[float] = []

    async def note(deadline: float) -> None:
        runs.append(deadline)

    lifecycle.on_drain(note)
    deadline = soon()
    await lifecycle.drain(deadline)
    await lifecycle.drain(soon())
    assert runs == [deadline]


async def test_a_step_that_fails_or_is_late_is_logged_and_stops_no_other(caplog: pytest.LogCaptureFixture) -> None:
    lifecycle = Lifecycle()
    ended: list[str] = []

    async def fail(deadline: float) -> None:
        raise RuntimeError("no")

    async def hang(deadline: float) -> None:
        await asyncio.Event().wait()

    async def end(deadline: float) -> None:
        await asyncio.sleep(0)
        ended.append("ended")

    for step in (fail, hang, end):
        lifecycle.on_drain(step)
    with caplog.at_level(logging.WARNING):
        await asyncio.wait_for(lifecycle.drain(soon(0.05)), 30)
    assert ended == ["ended"]
    assert sorted(record.message for record in caplog.records) == [
        "drain step did not end in time",
        "drain step failed",
    ]


def test_a_degraded_part_is_logged_once_and_stays_in_the_report(caplog: pytest.LogCaptureFixture) -> None:
    lifecycle = Lifecycle()
    assert lifecycle.degradations == {}
    lifecycle.report_degradation("SPEECH_RECOGNIZER: own", "the engine cannot be prepared: no file")
    lifecycle.report_degradation("SPEECH_RECOGNIZER: own", "the engine cannot be prepared: no memory")
    assert lifecycle.degradations == {"SPEECH_RECOGNIZER: own": "the engine cannot be prepared: no file"}
    assert [record.getMessage() for record in caplog.records] == [
        "SPEECH_RECOGNIZER: own is degraded: the engine cannot be prepared: no file"
    ]


def test_a_part_that_works_again_is_in_the_report_no_more(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lifecycle = Lifecycle()
    lifecycle.withdraw_degradation("MCP server crm")
    assert caplog.records == []
    for _ in range(2):
        lifecycle.report_degradation("MCP server crm", "it has ended")
        lifecycle.withdraw_degradation("MCP server crm")
        assert lifecycle.degradations == {}
    assert [record.getMessage() for record in caplog.records] == [
        "MCP server crm is degraded: it has ended",
        "MCP server crm works as it should again",
    ] * 2
