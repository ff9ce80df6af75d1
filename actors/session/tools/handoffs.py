"""Handing a conversation off to another agent: the calls of the tools `handoff_to_NAME`, which no tool runs.

A handoff waits until all other tools that were called with it are back, and is made in one step: the conversation, the
checkpoint and turn-taking know of it before anything else happens. What is started anew for the new agent goes on from
the checkpoint, as it does after a failure.
"""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.conversation import ChatMessage, HandoffMade
from actors.messages.lifecycle import AgentReplaced
from actors.messages.model import ToolFinished
from actors.ports.llm import ToolCalled
from actors.rules.tools.handoffs import CANCELLED, NOT_TWO, first_note, handoff_refusal
from actors.runtime.address import Address
from actors.session.checkpoint import Checkpoint
from actors.session.plan import SessionPlan
from actors.tool_outcome import ToolOutcome


class Handoffs:
    """Makes the handoffs of one agent of a session, at most one at a time.

    Args:
        plan: whose agent has the conversation, and to which others it may go.
        checkpoint: keeps who has it.
        supervisor: told who has it, so that the new agent is started.
    """

    __slots__ = ("_checkpoint", "_held", "_plan", "_supervisor", "_targets")

    def __init__(self, plan: SessionPlan, checkpoint: Checkpoint, supervisor: Address[Any]) -> None:
        self._plan = plan
        self._checkpoint = checkpoint
        self._supervisor = supervisor
        self._targets = {each.tool: each.agent for each in plan.agent.handoffs if each.agent in plan.team}
        self._held: ToolCalled | None = None

    def hold(self, calls: Sequence[ToolCalled], said: Sequence[ChatMessage]) -> list[ToolCalled]:
        """The calls that are to be run now: all but a handoff, which is held. One that may not be made is refused."""
        to_be_run: list[ToolCalled] = []
        for call in calls:
            target = self._targets.get(call.name)
            if target is None:
                to_be_run.append(call)
            elif refusal := self._refusal(target, said):
                to_be_run.append(msgspec.structs.replace(call, refusal=refusal))
            else:
                self._held = call
        return to_be_run

    def _refusal(self, target: str, said: Sequence[ChatMessage]) -> str:
        if self._held is not None:
            return NOT_TWO
        return handoff_refusal(self._checkpoint.handoffs, said, target, self._plan.agent.limits.max_handoffs)

    def cancel(self, turn: int) -> ToolFinished | None:
        """Give up the handoff that is held; what is to be recorded of it, or None if none is."""
        call, self._held = self._held, None
        return None if call is None else _finished(call, turn, ToolOutcome({"error": CANCELLED}, failed=True))

    def take(self, turn: int, at: float) -> tuple[ToolFinished, HandoffMade] | None:
        """The handoff that is held, which is to be made now, with what is to be recorded of it; None if none is."""
        call, self._held = self._held, None
        if call is None:
            return None
        to_agent = self._targets[call.name]
        label = self._plan.team[to_agent].agent.label
        outcome = ToolOutcome({"status": f"handed off to {label}, who has the conversation from here on"})
        made = HandoffMade(turn=turn + 1, from_agent=self._plan.agent.name, to_agent=to_agent, at=at)
        return _finished(call, turn, outcome), made

    def note(self, made: HandoffMade) -> None:
        """Note that another agent has the conversation now; for a successor, whatever else goes wrong."""
        self._checkpoint.handed_off(made)

    def announce(self, made: HandoffMade) -> None:
        """Have the new agent started."""
        self._supervisor.tell(AgentReplaced(made))

    def first_note(self, turn: int) -> str:
        """What the model is told in the first turn of an agent that has taken over; empty in any other turn."""
        made = self._checkpoint.handoffs
        return first_note(self._plan.agent.introduction) if made and made[-1].turn == turn else ""


def _finished(call: ToolCalled, turn: int, outcome: ToolOutcome) -> ToolFinished:
    return ToolFinished(turn=turn, call_id=call.call_id, name=call.name, outcome=outcome, elapsed_ms=0.0)
