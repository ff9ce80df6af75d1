"""Tools: what models see of them, and what comes of calling them rightly and wrongly."""

import asyncio
import logging
from datetime import date, time
from enum import StrEnum
from typing import Any

import pytest

from actors.runtime.clock import run_virtual
from actors.runtime.time_limit import GRACE_S
from actors.tools import (
    OnInterruption,
    ToolContext,
    ToolDefinitionError,
    ToolEnding,
    ToolOutcome,
    end_conversation,
    tool,
)
from tests.kit.heedless import Heedless

CONTEXT = ToolContext(session_id="s1", turn=3, agent="dentist", now=1_000.0)


class Size(StrEnum):
    """How large."""

    SMALL = "small"
    LARGE = "large"


@tool(timeout_s=2, on_interruption=OnInterruption.FINISH)
async def order(
    what: str, count: int, day: date, context: ToolContext, size: Size = Size.SMALL, at: time | None = None
) -> dict[str, Any]:
    """Order something for a customer.

    Args:
        what: The thing to order.
    """
    return {"what": what, "count": count, "day": day, "at": at, "size": size, "session": context.session_id}


def test_a_tool_can_still_be_called() -> None:
    @tool
    def double(number: int) -> int:
        return 2 * number

    assert double(4) == 8
    assert double.name == double.__name__ == "double"


async def test_arguments_are_converted() -> None:
    outcome = await order.run('{"what":"tea","count":2,"day":"2026-06-03","size":"large","at":"10:30"}', CONTEXT)
    assert not outcome.failed
    assert outcome.result == {
        "what": "tea", "count": 2, "day": "2026-06-03", "at": "10:30:00", "size": "large", "session": "s1",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ('{"what":"tea","count":"many","day":"2026-06-03"}', ["count", "int"]),
        ('{"what":"tea","count":1,"day":"soon"}', ["day", "date"]),
        ('{"what":"tea","count":1}', ["day", "missing"]),
        ('{"what":"tea","count":1,"day":"2026-06-03","colour":"red"}', ["colour"]),
        ('{"what":"tea","count":1,"day":"2026-06-03","size":"huge"}', ["size", "huge"]),
        ('{"what":"tea","count":1,"day":"2026-06-03","at":"half past"}', ["at"]),
        ('["tea"]', ["object"]),
        ('{"what":', ["order"]),
        ("", ["missing"]),
    ],
)
async def test_wrong_arguments_are_told_to_the_model(arguments: str, words: list[str]) -> None:
    outcome = await order.run(arguments, CONTEXT)
    assert outcome.failed
    assert set(outcome.result) == {"error"}
    for word in ["wrong arguments for order", *words]:
        assert word in outcome.result["error"]


async def test_a_plain_function_runs_beside_the_loop() -> None:
    entered = asyncio.Event()
    loop = asyncio.get_running_loop()

    @tool
    def blocking(context: ToolContext) -> str:
        # Would never return if it ran on the loop's own thread.
        asyncio.run_coroutine_threadsafe(_set(entered), loop).result(timeout=30)
        return context.agent

    assert (await blocking.run("{}", CONTEXT)).result == "dentist"
    assert entered.is_set()


async def _set(event: asyncio.Event) -> None:
    event.set()


async def test_a_slow_tool_is_given_up() -> None:
    @tool(timeout_s=0.01)
    async def slow() -> str:
        await asyncio.sleep(60)
        return "done"

    outcome = await slow.run("{}", CONTEXT)
    assert outcome.failed
    assert outcome.result["error"].startswith("slow took longer than 0.01 seconds and was given up: it is not known")


@pytest.mark.parametrize("how", ["too slow", "cancelled"])
def test_a_tool_that_heeds_no_cancellation_is_given_up_all_the_same(how: str) -> None:
    async def main() -> float:
        heedless = Heedless()

        @tool(timeout_s=5)
        async def stubborn() -> str:
            return await heedless.work()

        task = asyncio.create_task(stubborn.run("{}", CONTEXT))
        if how == "cancelled":
            await asyncio.sleep(5)
            task.cancel()
        await asyncio.wait([task])
        at = asyncio.get_running_loop().time()
        assert task.cancelled() if how == "cancelled" else "took longer than 5 seconds" in task.result().result["error"]
        heedless.free()
        await asyncio.sleep(0.1)
        return at

    assert run_virtual(main()) == 5 + GRACE_S


async def test_a_failure_says_nothing_of_the_inside(caplog: pytest.LogCaptureFixture) -> None:
    @tool
    async def broken() -> str:
        raise ValueError("the caller said my secret")

    with caplog.at_level(logging.DEBUG):
        outcome = await broken.run("{}", CONTEXT)
    assert outcome == ToolOutcome({"error": "the tool broken failed"}, failed=True)
    assert "ValueError" in caplog.text
    assert "secret" not in caplog.text


async def test_a_timeout_of_the_tools_own_is_a_failure_like_any() -> None:
    @tool
    async def impatient() -> str:
        raise TimeoutError

    assert (await impatient.run("{}", CONTEXT)).result == {"error": "the tool impatient failed"}


async def test_what_is_no_json_is_a_failure() -> None:
    @tool
    async def odd() -> object:
        return object()

    assert (await odd.run("{}", CONTEXT)).failed


async def test_cancellation_is_passed_on() -> None:
    @tool
    async def waiting() -> None:
        await asyncio.sleep(60)

    task = asyncio.ensure_future(waiting.run("{}", CONTEXT))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task


async def test_a_tool_may_end_the_conversation() -> None:
    outcome = await end_conversation.run("", CONTEXT)
    assert outcome.ending is ToolEnding.END_SESSION
    assert outcome.text == '{"status":"ending"}'
    assert end_conversation.schema.parameters["properties"] == {}


def test_what_cannot_be_a_tool_is_refused() -> None:
    def untyped(thing) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Has no type."""

    with pytest.raises(ToolDefinitionError, match="untyped"):
        tool(untyped)
    with pytest.raises(ToolDefinitionError, match="no name"):
        tool(name="two words")(test_a_tool_can_still_be_called)
    with pytest.raises(ToolDefinitionError, match="only an operator"):
        tool(approval="anybody")(test_a_tool_can_still_be_called)  # type: ignore[call-overload]


def test_what_a_model_reads_of_a_tool_is_its_docstring_and_its_parameters() -> None:
    assert (order.schema.name, order.schema.description) == ("order", "Order something for a customer.")
    assert set(order.schema.parameters["properties"]) == {"what", "count", "day", "size", "at"}


@pytest.mark.parametrize(
    ("arguments", "fault"), [('{"what":"tea","count":2,"day":"2026-06-03"}', ""), ("{}", "wrong arguments for order: ")]
)
def test_a_fault_is_said_without_running_anything(arguments: str, fault: str) -> None:
    assert order.fault(arguments).startswith(fault)
    assert bool(order.fault(arguments)) is bool(fault)
