"""A tool that must be said back first, in whole sessions on virtual time."""

from collections.abc import Sequence

import msgspec

from actors.conversation import Role
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.tools import tool
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, stage

PAID: list[int] = []


@tool(confirm=True)
async def pay(amount: int) -> str:
    """Pay."""
    PAID.append(amount)
    return "paid"


def eager(request: ModelRequest) -> Sequence[ModelEvent | float]:
    """Calls at once whatever the user says, and says what the tool told."""
    last = request.messages[-1]
    if last.role is Role.TOOL:
        return [TextGenerated("Paid." if "paid" in last.text else "Five euros, is that right?"), ReplyGenerated()]
    amount = 7 if "seven" in last.text else 5
    return [ToolCalled(call_id="c", name="pay", arguments=f'{{"amount": {amount}}}'), ReplyGenerated()]


def test_nothing_is_done_before_the_caller_has_had_their_say() -> None:
    PAID.clear()

    async def main() -> None:
        agent = msgspec.structs.replace(AGENT, greeting="")
        async with stage(agent=agent, model=FakeModel(eager), tools={"pay": pay}) as on:
            done = []
            for count, text in enumerate(("pay five", "yes", "and five again", "no, seven", "yes, seven"), 1):
                on.entry.deliver(TextEntered(text))
                await on.ear.until_count(ReplyHeard, count)
                done.append(list(PAID))
            assert done == [[], [5], [5], [5], [5, 7]]

    run_virtual(main())
