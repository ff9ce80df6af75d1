"""The agent's own phrases, by what they are for."""

from typing import assert_never

from actors.agent import Agent
from actors.conversation import UtteranceKind

SAY_AGAIN = 1
"""The apology that asks the caller to repeat; apology 0 is the last phrase of a session."""
NO_ANSWER, BUSY, REFUSED = 2, 3, 4
"""The apologies for words of the caller that were understood but have no reply."""
GUARDRAIL = 1_000_000
"""Apologies from this number on are the `say` texts of the agent's guardrails."""
CONNECTING = 1_000_000
"""Fillers from this number on are for a caller who waits until another person answers."""
APPROVING = 2_000_000
"""Fillers from this number on are for a caller who waits for an operator's approval; the first is `hold_on`."""
INTRODUCTION = 1
"""The greeting of an agent that has taken a conversation over; greeting 0 begins a session."""


def phrase_of(agent: Agent, kind: UtteranceKind, index: int) -> str:
    """The `index`-th phrase of a kind that the agent has in its configuration.

    Raises:
        ValueError: replies are written by the model.
    """
    phrases = agent.phrases
    match kind:
        case UtteranceKind.GREETING:
            return agent.introduction if index == INTRODUCTION else agent.greeting
        case UtteranceKind.FILLER:
            if index >= APPROVING:
                told = (phrases.hold_on, *phrases.fillers)
                return told[(index - APPROVING) % len(told)]
            if index >= CONNECTING and phrases.connecting:
                return phrases.connecting[index % len(phrases.connecting)]
            # A single filler takes turns with another phrase: none is said twice in a row.
            fillers = phrases.fillers if len(phrases.fillers) > 1 else (*phrases.fillers, phrases.hold_on)
            return fillers[index % len(fillers)]
        case UtteranceKind.PROMPT:
            return phrases.no_input[index]
        case UtteranceKind.APOLOGY:
            if index >= GUARDRAIL:
                return _said_instead(agent, index - GUARDRAIL)
            by_index = {SAY_AGAIN: phrases.say_again, NO_ANSWER: phrases.no_answer, BUSY: phrases.busy}
            return {**by_index, REFUSED: phrases.refused}.get(index, phrases.apology)
        case UtteranceKind.GOODBYE:
            return phrases.goodbye
        case UtteranceKind.VOICEMAIL:
            return phrases.voicemail
        case UtteranceKind.REPLY:
            raise ValueError("replies are written by the model")
        case _:
            assert_never(kind)


def _said_instead(agent: Agent, at: int) -> str:
    """What the agent says where a guardrail has ended a reply: a part that was to be left out cannot stand alone."""
    ends = [rail.say for rail in agent.guardrails[at : at + 1] if rail.ends_reply]
    return "".join(ends) or agent.phrases.refused
