"""What the parts of an orchestrator that make its replies share: plan, turn-taking, log, connection, clock and
trace."""

from collections.abc import Callable

import msgspec

from actors.ports.clock import Clock
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.runtime.session_trace import Trace
from actors.session.connection import SessionConnection
from actors.session.conversation_log import ConversationLog
from actors.session.plan import SessionPlan


class OngoingConversation(msgspec.Struct, frozen=True, kw_only=True):
    """Who talks, what was said, whose turn it is, and where all of it is shown."""

    plan: SessionPlan
    """The plan of the session, with the agent that answers and its tools."""
    turn: TurnTaking
    """The rules of turn-taking, for the state of the turn in hand."""
    tell_turn_taking: Callable[[TurnEvent], None]
    """Tells turn-taking what becomes of replies and tools; what it orders is carried out before this returns."""
    log: ConversationLog
    """The conversation as the model reads it: what was said, heard and answered by tools."""
    connection: SessionConnection
    """The connection, which is shown what happens."""
    clock: Clock
    """The clock by which messages get their times."""
    trace: Trace
    """The telemetry of the session."""
