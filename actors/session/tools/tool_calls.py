"""The tools that a model has called: started, shown to who is connected, and recorded in the conversation."""

from collections.abc import Sequence
from functools import partial

import msgspec

from actors.messages.model import EndingDecided, ToolFinished
from actors.messages.output import ToolProgressed, ToolStarted
from actors.ports.llm import ToolCalled
from actors.rules.agent_language import matching
from actors.runtime.session_trace import Stage
from actors.session.ongoing_conversation import OngoingConversation
from actors.session.tools.tool_progress import ToolProgress
from actors.session.tools.tool_runs import UNKNOWN, ToolRuns, ending_after
from actors.session_context import in_language
from actors.tools import ToolContext


class ToolCalls:
    """The calls of one conversation.

    Args:
        conversation: the calls are shown on its connection, and their results recorded in it; its turn-taking is told
            when a tool decides that the session ends.
        tool_runs: runs the tools.
    """

    __slots__ = ("_clock", "_connection", "_conversation", "_history", "_log", "_tool_runs", "_trace")

    def __init__(self, conversation: OngoingConversation, tool_runs: ToolRuns) -> None:
        self._conversation = conversation
        self._log = conversation.log
        self._history = conversation.log.history
        self._connection = conversation.connection
        self._clock = conversation.clock
        self._trace = conversation.trace
        self._tool_runs = tool_runs

    def start(self, turn: int, calls: Sequence[ToolCalled], to_be_run: Sequence[ToolCalled]) -> None:
        """Show `calls`, which are recorded already, and begin those of them that are `to_be_run`."""
        plan = self._conversation.plan
        context = ToolContext(
            session_id=plan.session_id,
            turn=turn,
            agent=plan.agent.name,
            now=self._clock.wall(),
            call=plan.call,
            about=in_language(plan.about, self._log.language),
            languages=plan.languages,
        )
        for call in calls:
            self._connection.show(ToolStarted(call.call_id, call.name, call.arguments))
        for call in to_be_run:
            tool = plan.tools.get(call.name)
            # What a model calls a tool that there is not may be anything, even what was said.
            name = call.name if tool is not None else "unknown"
            attributes = {"gen_ai.operation.name": Stage.TOOL.value, "gen_ai.tool.name": name}
            self._trace.begin(Stage.TOOL, call.call_id, attributes, of=name)
            progress = ToolProgress(partial(self._progressed, call))
            with self._trace.inside(Stage.TOOL, call.call_id):
                its_own = msgspec.structs.replace(context, progress=progress)
                self._tool_runs.start(call, tool, its_own, self._clock)

    def _progressed(self, call: ToolCalled, percent: int) -> None:
        if self._tool_runs.is_running(call.call_id):
            self._connection.show(ToolProgressed(call.call_id, call.name, percent))

    def take_over(self) -> None:
        """Record what became of the tools that the former orchestrator, or the one of another process, began."""
        for turn, call in self._history.unanswered_calls():
            if not self._tool_runs.is_running(call.call_id):
                finished = self._tool_runs.result(call.call_id)
                self.record(
                    finished
                    or ToolFinished(turn=turn, call_id=call.call_id, name=call.name, outcome=UNKNOWN, elapsed_ms=0.0)
                )

    def record(self, finished: ToolFinished) -> bool:
        """Put a tool's result into the conversation; False if it is there already."""
        outcome = finished.outcome
        self._trace.end(Stage.TOOL, finished.call_id, error="tool_failed" if outcome.failed else "")
        if not self._history.add_tool_answer(finished.call_id, outcome.text, finished.turn, self._clock.wall()):
            return False
        self._connection.show(finished)
        self._log.keep()
        self._tool_runs.forget(finished.call_id)
        if language := matching(outcome.language, self._conversation.plan.languages):
            self._log.converse_in(language)
        is_late = finished.turn != self._conversation.turn.state.turn_number
        if (ending := ending_after(outcome.ending, is_late=is_late)) is not None:
            self._conversation.tell_turn_taking(EndingDecided(ending))
        return True
