"""Another agent takes the conversation over: what the former one has said is heard, then the new one speaks.

The new agent answers in a turn of its own, so that each has its words, its voice and its place in the conversation. The
caller says nothing in that turn: what they want stands in the turn before.
"""

from actors.messages.model import HandedOff
from actors.rules.turn_taking.core import THINKING, TurnCore
from actors.rules.turn_taking.state import AgentActivity, Opening


def handed_off(turn: TurnCore, message: HandedOff, at: float) -> None:
    """Begin the turn of the new agent. Its orchestrator, which goes on from here, introduces it and asks its model."""
    s = turn.state
    if message.turn != s.turn_number or s.agent not in THINKING:
        return
    if not message.has_text:
        turn.drop(turn.reply_of(s.turn_number))
    turn.show_turn(None)
    s.turn_number += 1
    s.is_asked_on = False
    s.asked, s.is_audible, s.opening, s.key_pattern = "", False, Opening.INTRODUCTION, None
    turn.agent_becomes(AgentActivity.THINKING)
    s.thinking_at = at
