"""A conversation in whose first turn the model calls tools, without the actors of a session."""

import asyncio
from typing import Any

from actors.agent import Agent
from actors.conversation import ChatMessage, Role
from actors.messages.model import ToolFinished
from actors.messages.output import OutputMessage
from actors.ports.llm import ToolCalled
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.runtime.address import Address
from actors.runtime.clock import LoopClock
from actors.runtime.session_trace import Trace
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.conversation_log import ConversationLog
from actors.session.ongoing_conversation import OngoingConversation
from actors.session.plan import TeamMember
from actors.session.tools.tool_runs import ToolRuns
from actors.tools import AnyTool, tool
from tests.kit.session_kit import AGENT, plan_of

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


def called(name: str, call_id: str, arguments: str = "{}") -> ToolCalled:
    """A call as a model makes it."""
    return ToolCalled(call_id=call_id, name=name, arguments=arguments)


class ToolTalk:
    """One conversation.

    Args:
        agent: has it.
        tools: those of its model, besides `look_up`.
        team: to whom it may be handed off.
    """

    def __init__(self, agent: Agent = AGENT, *tools: AnyTool, team: tuple[Agent, ...] = ()) -> None:
        self.told: list[TurnEvent] = []
        self.finished: list[ToolFinished] = []
        self.shown = Shown()
        self.checkpoint = Checkpoint()
        self.supervisor = Address[Any]("supervisor")
        clock, turn, connection = LoopClock(), TurnTaking(agent), SessionConnection(self.supervisor)
        turn.state.turn_number = TURN
        self.turn = turn
        connection.output = self.shown
        log = ConversationLog(
            checkpoint=self.checkpoint, turn=turn, connection=connection, supervisor=self.supervisor, clock=clock
        )
        self.runs = ToolRuns(self.checkpoint, self.finished.append)
        self.history = log.history
        self.ongoing = OngoingConversation(
            trace=Trace(),
            plan=plan_of(
                agent,
                tools={each.name: each for each in (look_up, *tools)},
                team={each.name: TeamMember(agent=each, tools={}, kept=lambda rate_hz: {}) for each in team},
            ),
            turn=turn,
            tell_turn_taking=self.told.append,
            log=log,
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
