"""The notice that a conversation may be recorded: said before anything else, and looked for in what was heard.

A caller who has not heard all of it is not recorded.
"""

from collections.abc import Iterable, Mapping

import msgspec

from actors.agent import Agent
from actors.conversation import ChatMessage, Role
from actors.rules.backchannel import words_of
from actors.session.plan import SessionPlan


def with_notice(agent: Agent) -> Agent:
    """The agent with the notice before its greeting, in each of its languages."""
    spoken = {
        language: msgspec.structs.replace(own, greeting=_noticed(own.phrases.recorded, own.greeting or agent.greeting))
        for language, own in agent.in_language.items()
    }
    greeting = _noticed(agent.phrases.recorded, agent.greeting)
    return msgspec.structs.replace(agent, greeting=greeting, in_language=spoken)


def all_with_notice(agents: Mapping[str, Agent]) -> dict[str, Agent]:
    """These agents with the notice before their greetings."""
    return {name: with_notice(agent) for name, agent in agents.items()}


def _noticed(notice: str, greeting: str) -> str:
    return " ".join(text for text in (notice, greeting) if text)


def notices_of(plan: SessionPlan) -> list[list[str]]:
    """The words of the notice, in each way in which an agent of the session may have said it."""
    agents = (*plan.agents, *(member.agent for member in plan.in_language.values()))
    phrases = {agent.phrases.recorded for agent in agents}
    return [words for phrase in sorted(phrases) if (words := words_of(phrase))]


def is_notice_in(text: str, notices: Iterable[list[str]]) -> bool:
    """Whether one of the notices was heard, all of it, in what was heard of the agent."""
    heard = words_of(text)
    return any(
        heard[begin : begin + len(words)] == words for words in notices for begin in range(len(heard) - len(words) + 1)
    )


def was_notified(messages: Iterable[ChatMessage], notices: Iterable[list[str]]) -> bool:
    """Whether the notice was heard in a conversation that is gone on with."""
    known = list(notices)
    return any(message.role is Role.ASSISTANT and is_notice_in(message.text, known) for message in messages)
