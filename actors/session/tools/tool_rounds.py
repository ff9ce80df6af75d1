"""The rounds of tools in a reply: what the model calls together is run together, and it goes on when all are back."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from actors.conversation import ChatMessage, HandoffMade
from actors.messages.model import KeysExpected, ToolFinished, ToolsFinished, ToolsStarted
from actors.ports.llm import ToolCalled
from actors.rules.tools.confirmation import TO_BE_CONFIRMED, is_confirmed
from actors.session.ongoing_conversation import OngoingConversation
from actors.session.tools.handoffs import Handoffs
from actors.session.tools.tool_calls import ToolCalls
from actors.session.tools.tool_runs import ToolRuns
from actors.tools import AnyTool


class ToolRounds:
    """Runs the tools of the reply in hand, one round at a time.

    Args:
        conversation: the calls and their results are added to it, and its turn-taking is told of them.
        tool_runs: runs the tools.
        handoffs: keeps back a call that gives the conversation to another agent until the others of its round are back.
        on_back: called with the turn of a round of which all tools are back, and with the handoff that was made of it.
    """

    def __init__(
        self,
        conversation: OngoingConversation,
        tool_runs: ToolRuns,
        handoffs: Handoffs,
        on_back: Callable[[int, HandoffMade | None], None],
    ) -> None:
        self._calls = ToolCalls(conversation, tool_runs)
        self._conversation = conversation
        self._history = conversation.log.history
        self._tell_turn_taking = conversation.tell_turn_taking
        self._tool_runs = tool_runs
        self._handoffs = handoffs
        self._on_back = on_back
        self._round: ToolRound | None = None

    def run(self, wanted: Sequence[ToolCalled], turn: int) -> None:
        """Record what the model calls in `turn`, and begin those tools that may run now."""
        said, tools = self._history.messages, self._conversation.plan.tools
        wanted = [checked(call, tools.get(call.name), said, turn) for call in wanted]
        calls = self._history.with_unique_ids(wanted)
        to_be_run = self._handoffs.hold(calls, said)
        self._round = ToolRound(turn, [call.call_id for call in to_be_run])
        # Recorded before they begin: a successor has to know of each tool that may have done something.
        self._history.add_tool_calls(turn, calls, self._conversation.clock.wall())
        begun = [tool for call in to_be_run if not call.refusal and (tool := tools.get(call.name)) is not None]
        connects, awaits = any(tool.connects for tool in begun), any(tool.approval for tool in begun)
        self._tell_turn_taking(ToolsStarted(turn, connects=connects, awaits_approval=awaits))
        self._calls.start(turn, calls, to_be_run)
        if not to_be_run:
            self._all_back(turn)

    def resume(self, turn: int) -> bool:
        """Wait for the tools that a former orchestrator began in `turn`; False if none of them is under way."""
        running = [call.call_id for called_in, call in self._history.unanswered_calls() if called_in == turn]
        if running:
            self._round = ToolRound(turn, running)
            self._tell_turn_taking(ToolsStarted(turn))
        return bool(running)

    def take_over(self) -> None:
        """Record what became of the tools that the former orchestrator, or the one of another process, began."""
        self._calls.take_over()

    def cancel(self) -> None:
        """Cancel those tools of the round in hand that may be; the model does not wait for the others any more."""
        if self._round is not None:
            self._tool_runs.cancel(self._round.open)
            self._cancel_handoff(self._round.turn)
            self._round = None

    def forget(self) -> None:
        """Begin a reply in which no tool was called yet."""
        self._round = None

    def finished(self, message: ToolFinished) -> None:
        """Record the result of a tool; the model goes on when all that it called together are back."""
        if not self._calls.record(message):
            return
        round_ = self._round
        if round_ is None or message.turn != round_.turn:
            return
        if message.outcome.keys is not None:
            self._tell_turn_taking(KeysExpected(message.outcome.keys))
        if round_.finished(message.call_id):
            self._all_back(round_.turn)

    def _all_back(self, turn: int) -> None:
        self._round = None
        self._tell_turn_taking(ToolsFinished(turn))
        if self._conversation.turn.state.ending is not None:
            self._cancel_handoff(turn)
        made = None
        if (handoff := self._handoffs.take(turn, self._conversation.clock.wall())) is not None:
            finished, made = handoff
            self._calls.record(finished)
        self._on_back(turn, made)

    def _cancel_handoff(self, turn: int) -> None:
        if (cancelled := self._handoffs.cancel(turn)) is not None:
            self._calls.record(cancelled)


class ToolRound:
    """Tools called together; the model goes on when all of them are back."""

    def __init__(self, turn: int, call_ids: Iterable[str]) -> None:
        self.turn = turn
        self.open = set(call_ids)

    def finished(self, call_id: str) -> bool:
        """Count a tool whose result is there, and return whether it was the last of the round."""
        self.open.discard(call_id)
        return not self.open


def checked(call: ToolCalled, tool: AnyTool | None, said: Sequence[ChatMessage], turn: int) -> ToolCalled:
    """The call, refused for now if it has to be allowed first and is not fit to be asked about, or was not said back.

    Nobody is asked about arguments that the tool does not take: neither the caller, to whom they would be said back,
    nor an operator.
    """
    if tool is None or not (tool.confirm or tool.approval):
        return call
    if fault := tool.fault(call.arguments):
        return msgspec.structs.replace(call, refusal=fault)
    if tool.confirm and not is_confirmed(said, call.name, call.arguments, turn):
        return msgspec.structs.replace(call, refusal=TO_BE_CONFIRMED)
    return call
