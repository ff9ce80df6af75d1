"""An operator who decides, or does not, about the calls of tools that wait for one."""

import asyncio
from collections.abc import Callable

from actors.session.tools.approvals import Decision
from tests.fault_campaign.scenario import Operator
from tests.kit.session_kit import Stage

OPERATOR_S = 3.0
"""How often an operator looks for what is to be decided."""
DECISIONS = {Operator.APPROVES: Decision.APPROVE, Operator.DECLINES: Decision.DECLINE}


async def decide(on: Stage, operator: Operator | None, note: Callable[[str], None]) -> None:
    """Decide the calls that wait, each a while after it was made; returns at once where there is nothing to decide."""
    decision = DECISIONS.get(operator) if operator is not None else None
    while decision is not None:
        await asyncio.sleep(OPERATOR_S)
        for pending in on.entry.tool_runs.approvals.pending():
            note(f"an operator decides: {decision}")
            on.entry.tool_runs.approvals.decide(pending.approval_id, decision)
