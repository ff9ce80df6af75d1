"""How far a tool has come, from whatever thread it says so."""

import asyncio
import math
from typing import Any

from actors.messages.output import ToolProgressed, ToolStarted
from actors.runtime.clock import run_virtual
from actors.session.tools.tool_calls import ToolCalls
from actors.session.tools.tool_progress import ToolProgress
from actors.tools import AnyTool, ToolContext, tool
from tests.unit.actors.session.tools.tool_kit import TURN, ToolTalk, called


def test_each_whole_percentage_is_told_once_and_in_rising_order() -> None:
    async def main() -> list[int]:
        told: list[int] = []
        progress = ToolProgress(told.append)
        odd: list[Any] = [0, 0.9, 10, 10.5, 5, -3, math.nan, math.inf, "20", None, 30, 1_000, 100]
        for percent in odd:
            progress(percent)
        await asyncio.sleep(0)
        return told

    assert run_virtual(main()) == [10, 30, 100]


def test_a_flood_is_a_hundred_messages() -> None:
    async def main() -> int:
        told: list[int] = []
        progress = ToolProgress(told.append)
        for part in range(100_000):
            progress(part / 1_000)
        await asyncio.sleep(0)
        return len(told)

    assert run_virtual(main()) == 99


def test_nobody_is_there_any_more_when_the_loop_is_closed() -> None:
    async def main() -> ToolProgress:
        return ToolProgress(lambda percent: None)

    run_virtual(main())(50)


KEPT: list[ToolContext] = []


@tool
async def measure(context: ToolContext) -> str:
    """Measure."""
    context.progress(25)
    await asyncio.sleep(1)
    context.progress(75)
    KEPT.append(context)
    return "done"


@tool
def count(context: ToolContext) -> str:
    """Count, in a thread."""
    context.progress(50)
    return "done"


def shown(run: AnyTool) -> list[Any]:
    async def main() -> list[Any]:
        talk = ToolTalk()
        talk.ongoing.plan.tools[run.name] = run  # type: ignore[index]  # a dict, of this test
        calls = ToolCalls(talk.ongoing, talk.runs)
        made = [called(run.name, "c1")]
        talk.history.add_tool_calls(TURN, made, 0.0)
        calls.start(TURN, made, made)
        while not talk.finished:  # noqa: ASYNC110  nobody tells
            await asyncio.sleep(0.1)
        if KEPT:
            # What says so when it is over is not shown.
            KEPT.pop().progress(90)
            await asyncio.sleep(0)
        return talk.shown.messages

    return run_virtual(main())


def test_what_a_tool_says_is_shown_while_it_runs() -> None:
    assert shown(measure) == [
        ToolStarted("c1", "measure", "{}"),
        ToolProgressed("c1", "measure", 25),
        ToolProgressed("c1", "measure", 75),
    ]


def test_a_tool_in_a_thread_may_say_so_too() -> None:
    assert ToolProgressed("c1", "count", 50) in shown(count)
