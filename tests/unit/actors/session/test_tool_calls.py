"""Calls of tools as the conversation records them."""

import asyncio
from typing import Any

import msgspec

from actors.conversation import ChatMessage, Ending, Role
from actors.messages.model import EndingDecided, ToolFinished
from actors.messages.output import OutputMessage, ToolStarted
from actors.ports.llm import ToolCalled
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.runtime.address import Address
from actors.runtime.clock import LoopClock, run_virtual
from actors.runtime.session_trace import Trace
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.conversation_log import ConversationLog
from actors.session.plan import SessionPlan
from actors.session.tool_calls import ToolCalls
from actors.session.tool_runs import UNKNOWN, ToolRuns
from actors.tool_outcome import ToolEnding, ToolOutcome
from actors.tools import tool
from tests.kit.session_kit import AGENT

TURN = 1


@tool
async def look_up() -> str:
    """Look something up."""
    await asyncio.sleep(1)
    return "nine"


class Shown:
    """Who is connected."""

    def __init__(self) -> None:
        self.messages: list[OutputMessage] = []

    def tell(self, message: OutputMessage) -> None:
        self.messages.append(message)


class Conversation:
    """One in whose first turn the model has called `look_up`."""

    def __init__(self) -> None:
        self.told: list[TurnEvent] = []
        self.finished: list[ToolFinished] = []
        self.shown = Shown()
        clock, supervisor = LoopClock(), Address[Any]("supervisor")
        turn, checkpoint, connection = TurnTaking(AGENT), Checkpoint(), SessionConnection(supervisor)
        turn.state.turn_number = TURN
        connection.output = self.shown
        log = ConversationLog(
            checkpoint=checkpoint, turn=turn, connection=connection, supervisor=supervisor, clock=clock
        )
        self.runs = ToolRuns(checkpoint, self.finished.append)
        self.called = [ToolCalled(call_id="c1", name="look_up", arguments="{}")]
        self.history = log.history
        self.history.tools_called(TURN, self.called, 0.0)
        self.calls = ToolCalls(
            trace=Trace(),
            plan=SessionPlan(
                session_id="s",
                mode="media",
                agent=AGENT,
                tools={"look_up": look_up},
                phrases_expected=(),
                kept=lambda rate_hz: {},
                resume_token="t",
            ),
            turn=turn,
            tell_turn_taking=self.told.append,
            log=log,
            tool_runs=self.runs,
            connection=connection,
            clock=clock,
        )

    @property
    def results(self) -> list[tuple[str, str]]:
        """The results that the model will read."""
        return [(each.call_id, each.text) for each in self._messages if each.role is Role.TOOL]

    @property
    def _messages(self) -> list[ChatMessage]:
        return self.history.messages


def finished(**changes: Any) -> ToolFinished:
    outcome = ToolOutcome("nine", **changes)
    return ToolFinished(turn=TURN, call_id="c1", name="look_up", outcome=outcome, elapsed_ms=1.0)


def test_a_call_is_shown_runs_and_is_recorded_once() -> None:
    async def main() -> None:
        talk = Conversation()
        talk.calls.start(TURN, talk.called, talk.called)
        await asyncio.sleep(2)
        (result,) = talk.finished
        assert talk.calls.record(result)
        assert not talk.calls.record(result)
        assert talk.results == [("c1", '"nine"')]
        assert talk.shown.messages == [ToolStarted("c1", "look_up", "{}"), result]
        assert talk.told == []

    run_virtual(main())


def test_a_call_that_is_not_to_be_run_is_shown_only() -> None:
    async def main() -> None:
        talk = Conversation()
        talk.calls.start(TURN, talk.called, ())
        await asyncio.sleep(2)
        assert talk.finished == []
        assert talk.shown.messages == [ToolStarted("c1", "look_up", "{}")]

    run_virtual(main())


def test_a_tool_that_ends_the_session_says_so_to_turn_taking() -> None:
    async def main() -> None:
        talk = Conversation()
        talk.calls.record(finished(ending=ToolEnding.END_SESSION))
        assert talk.told == [EndingDecided(Ending.NORMAL)]

    run_virtual(main())


def test_who_takes_over_records_what_is_known_and_that_nothing_is_known() -> None:
    async def main() -> None:
        for seconds, text in ((2.0, '"nine"'), (None, UNKNOWN.text)):
            talk = Conversation()
            if seconds is not None:
                talk.calls.start(TURN, talk.called, talk.called)
                talk.calls.take_over()
                assert talk.results == [], "it still runs"
                await asyncio.sleep(seconds)
            talk.calls.take_over()
            assert talk.results == [("c1", text)]

    run_virtual(main())


def test_a_tool_that_there_is_not_has_an_error_for_a_result() -> None:
    async def main() -> None:
        talk = Conversation()
        unknown = [msgspec.structs.replace(talk.called[0], name="nothing")]
        talk.calls.start(TURN, unknown, unknown)
        await asyncio.sleep(1)
        (result,) = talk.finished
        assert result.outcome.failed

    run_virtual(main())
