"""Which agent a conversation may be handed off to, and whose words a turn holds. Pure.

Two agents that each think the other is the right one would pass a caller on for ever, unheard. So a conversation does
not go back to an agent that has had it since the caller's last word, and is handed off only so often in all.
"""

from collections.abc import Sequence

from actors.conversation import ChatMessage, HandoffMade, Role

CANCELLED = "not handed off, since the user has spoken or the conversation ends: you still have it"
"""What the model is answered if the caller spoke, or the session ended, before the handoff could be made."""
NOT_TWO = "the conversation is being handed off already: it cannot go to two agents"
"""What the model is answered to every handoff after the first, if it asks for several at once."""
TAKEN_OVER = (
    "You have just taken this conversation over from another agent: earlier messages of the assistant are that agent's,"
    " and its tools are not yours. Go on with what the user wants; do not ask them to repeat it, and do not greet them."
)
"""What the model of the new agent is told with its first request."""
INTRODUCED = ' They are hearing you say now: "{introduction}". Go on behind these words.'
"""Appended to `TAKEN_OVER` where the new agent introduces itself."""


def handoff_refusal(made: Sequence[HandoffMade], said: Sequence[ChatMessage], to_agent: str, most: int) -> str:
    """Why a conversation may not be handed off to `to_agent`, for the model; empty if it may.

    Args:
        made: the handoffs of the session so far.
        said: the conversation.
        to_agent: the name of the agent that is to have it.
        most: how many handoffs there may be in the session.
    """
    if len(made) >= most:
        return "this conversation was handed off as often as it may be: help the user yourself as far as you can"
    last_turn = max((message.turn for message in said if message.role is Role.USER), default=0)
    passed_on_by = {each.from_agent for each in made if each.turn > last_turn}
    if to_agent in passed_on_by:
        return (
            f"{to_agent} had this conversation already, and the user has said nothing since: help them yourself as far"
            " as you can, or ask them what they want"
        )
    return ""


def agent_of_turn(made: Sequence[HandoffMade], turn: int, agent: str) -> str:
    """The name of the agent that spoke in `turn`, in a conversation that `agent` has now, or had last."""
    return next((each.from_agent for each in made if each.turn > turn), agent)


def first_note(introduction: str) -> str:
    """What the model of an agent is told that has just taken a conversation over, and says `introduction` first."""
    return TAKEN_OVER + (INTRODUCED.format(introduction=introduction) if introduction else "")
