"""The tools of one session that are under way. They outlive the orchestrator that began them: a booking is made once.

A call is under way from the moment it begins until an orchestrator has recorded its result in the conversation. A
successor of the orchestrator thus finds each call of the conversation answered, under way here, or neither; a call that
is neither may have been done or not (the process that ran it is gone), and is never run again by itself.
"""

import asyncio
import logging
from collections.abc import Callable, Iterable
from typing import assert_never

import msgspec

from actors.conversation import Ending
from actors.messages.model import ToolFinished
from actors.ports.clock import Clock
from actors.ports.llm import ToolCalled
from actors.runtime.containment import start_contained
from actors.runtime.telemetry import count_cut_result
from actors.session.checkpoint import Checkpoint
from actors.session.tools.approvals import Approvals
from actors.tool_outcome import MAX_RESULT_CHARS, ToolEnding, ToolOutcome, shortened
from actors.tools import AnyTool, OnInterruption, ToolContext

logger = logging.getLogger("earshot.tools")

UNKNOWN = ToolOutcome(
    {"status": "it is not known whether this was done", "advice": "do not repeat it without asking the user"},
    failed=True,
)
"""The answer to a call of which it is not known whether the tool was run."""
INTERRUPTED = ToolOutcome({"error": "cancelled: the user interrupted"}, failed=True)
"""The answer to a call that an interruption has cancelled."""
MOST_UNDER_WAY = 16
"""The most tools of a session that run at once, including those that an interruption has left running: two rounds."""
TOO_MANY = "not run: too many tools of this conversation are still under way; ask the user to wait for one of them"
"""The answer to a call beyond that."""


class ToolRuns:
    """Runs tools for one session. Belongs to the loop's thread.

    Args:
        checkpoint: keeps each result until it is recorded in the conversation.
        report: told each result.
    """

    __slots__ = ("_cancellable", "_checkpoint", "_tasks", "_tell", "approvals")

    def __init__(self, checkpoint: Checkpoint, report: Callable[[ToolFinished], None]) -> None:
        self._checkpoint = checkpoint
        self._tell = report
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._cancellable: set[str] = set()
        self.approvals = Approvals()
        """The tool calls that wait for an operator."""

    def start(self, call: ToolCalled, tool: AnyTool | None, context: ToolContext, clock: Clock) -> None:
        """Run the tool that `call` names.

        A call without a tool of its name has an error as its result, and so has one above `MOST_UNDER_WAY`.
        """
        if len(self._tasks) >= MOST_UNDER_WAY and not call.refusal:
            logger.warning("tool %s was not run: %d tools of its session are under way", call.name, len(self._tasks))
            call = msgspec.structs.replace(call, refusal=TOO_MANY)
        work = self._run(call, tool, context, clock)
        task = start_contained(asyncio.get_running_loop(), work, _has_raised(call.name), f"tool.{call.name}")
        self._tasks[call.call_id] = task
        # What waits for an operator has not begun: nothing would be done by halves.
        if tool is None or tool.approval or tool.on_interruption is OnInterruption.CANCEL:
            self._cancellable.add(call.call_id)
        task.add_done_callback(lambda _: self._over(call, context.turn))

    def _over(self, call: ToolCalled, turn: int) -> None:
        self._tasks.pop(call.call_id, None)
        if call.call_id in self._cancellable:  # it was cancelled before its first step, and has reported nothing
            self._report(_finished(call, turn, INTERRUPTED, 0.0))

    def is_running(self, call_id: str) -> bool:
        """Whether the tool of this call still runs."""
        # A task is over a moment after it has reported.
        return call_id in self._tasks and self.result(call_id) is None

    def result(self, call_id: str) -> ToolFinished | None:
        """The result of a call, until it is recorded; None while its tool runs, and for a call not begun here."""
        return self._checkpoint.tool_results.get(call_id)

    def forget(self, call_id: str) -> None:
        """Forget the result of a call, which has been recorded in the conversation."""
        self._checkpoint.tool_recorded(call_id)

    def cancel(self, call_ids: Iterable[str]) -> None:
        """Cancel those of these calls whose tools an interruption cancels; the others run on."""
        for call_id in self._cancellable.intersection(call_ids):
            if (task := self._tasks.get(call_id)) is not None:
                task.cancel()

    def close(self) -> None:
        """End the runs with the session; tools that must not be done by halves run on, and nobody is told of them."""
        self.cancel(tuple(self._tasks))
        self._checkpoint.tools_given_up()

    async def _run(self, call: ToolCalled, tool: AnyTool | None, context: ToolContext, clock: Clock) -> None:
        """Run one tool and report whatever becomes of it, so that each call has its answer."""
        began = clock.now()
        outcome = ToolOutcome({"error": f"the tool {call.name} failed"}, failed=True)
        try:
            if tool is None:
                outcome = ToolOutcome({"error": f"there is no tool named {call.name}"}, failed=True)
            elif call.refusal:
                outcome = ToolOutcome({"error": call.refusal}, failed=True)
            elif tool.approval and (refusal := await self._not_approved(call, tool, context, clock)) is not None:
                outcome = refusal
            else:
                outcome = _shortened(call.name, await tool.run(call.arguments, context))
        except asyncio.CancelledError:
            outcome = INTERRUPTED
            raise
        finally:
            self._report(_finished(call, context.turn, outcome, (clock.now() - began) * 1000))

    async def _not_approved(
        self, call: ToolCalled, tool: AnyTool, context: ToolContext, clock: Clock
    ) -> ToolOutcome | None:
        """What the model is told of a call that no operator approves; None once one has."""
        refusal = await self.approvals.refusal(call, context.turn, clock)
        if tool.on_interruption is OnInterruption.FINISH:
            self._cancellable.discard(call.call_id)
        return refusal

    def _report(self, finished: ToolFinished) -> None:
        self._cancellable.discard(finished.call_id)
        self._checkpoint.tool_finished(finished)
        self._tell(finished)


def _finished(call: ToolCalled, turn: int, outcome: ToolOutcome, elapsed_ms: float) -> ToolFinished:
    return ToolFinished(turn=turn, call_id=call.call_id, name=call.name, outcome=outcome, elapsed_ms=elapsed_ms)


def _has_raised(name: str) -> Callable[[BaseException], None]:
    """Logs that a tool has raised from `run`, which no `Tool` of this package does."""
    return lambda error: logger.warning("tool %s failed: %s", name, type(error).__name__)


def _shortened(name: str, outcome: ToolOutcome) -> ToolOutcome:
    short = shortened(outcome)
    if short is not outcome:
        logger.warning("the result of tool %s was cut: it was longer than %d characters", name, MAX_RESULT_CHARS)
        count_cut_result(name)
    return short


def ending_after(wanted: ToolEnding, *, is_late: bool) -> Ending | None:
    """How the session ends because a tool wants so.

    A caller who has been put through is gone, whatever was said meanwhile; a goodbye of a turn that is over is not.
    """
    match wanted:
        case ToolEnding.HANDOFF:
            return Ending.HUMAN_HANDOFF
        case ToolEnding.END_SESSION:
            return None if is_late else Ending.NORMAL
        case ToolEnding.NONE:
            return None
        case _:
            assert_never(wanted)
