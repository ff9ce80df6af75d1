"""Makes the plan of each session: its agent, its tools, and the fixed phrases whose audio is cached."""

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.agent import Agent
from actors.rules.agent_language import matching, speaking
from actors.runtime.session_trace import current_traceparent
from actors.session.plan import SessionPlan, TeamMember
from actors.session_context import GivenContext, SessionContext
from actors.tools import AnyTool
from app.agents.handoffs import handoff_tools, team_of
from app.agents.kept_phrases import KeptPhrases
from app.agents.session_hook import lookup_of
from app.dialogue.caller_phrases import caller_phrases
from app.dialogue.schema import dialogue_of
from config.groups.agents import Agents


class SessionPlans:
    """Makes the plan of a session from its agent and the settings that apply to all agents."""

    def __init__(
        self, settings: Agents, agents: Mapping[str, Agent], tools: Mapping[str, AnyTool], phrases: KeptPhrases
    ) -> None:
        self._settings = settings
        self._agents = agents
        self._tools = tools
        self._phrases = phrases
        self.caller_phrases: dict[str, tuple[str, ...]] = {
            name: caller_phrases(dialogue) if (dialogue := dialogue_of(agent)) is not None else ()
            for name, agent in agents.items()
        }
        """What callers of each agent are expected to say, by the agent's name."""

    def plan(self, session_id: str, mode: str, agent: Agent, resume_token: str, **more: Any) -> SessionPlan:
        """Make the plan of a session with `agent`; `more` are further fields of the plan."""
        given: GivenContext | None = more.get("given")
        known = more.pop("about", SessionContext()) if given is None else given.about()
        language = matching(known.language, self._settings.recognized_language or agent.languages) or known.language
        about = msgspec.structs.replace(known, time_zone=self._settings.time_zone, language=language)
        own = self._member(agent, mode, about.language)
        others = {each.name: self._member(each, mode, about.language) for each in team_of(agent, self._agents)}
        spoken = [self._in_language(each, mode, about.language) for each in (agent, *team_of(agent, self._agents))]
        traceparent = more.pop("traceparent", "") or current_traceparent()
        return SessionPlan(
            session_id=session_id,
            mode=mode,
            agent=own.agent,
            tools=own.tools,
            phrases_expected=own.phrases_expected,
            kept=own.kept,
            team={agent.name: own, **others} if others else {},
            in_language={key: member for each in spoken for key, member in each.items()},
            resume_token=resume_token,
            about=about,
            traceparent=traceparent,
            **{"look_up": lookup_of(agent), **more},
        )

    def _in_language(self, agent: Agent, mode: str, known: str) -> dict[tuple[str, str], TeamMember]:
        """How an agent speaks each of its languages, by agent name and language; empty if it has one language only.
        `known`: the language that the caller is known to speak, empty if unknown.
        """
        if not agent.in_language:
            return {}
        languages = self._settings.recognized_language or agent.languages
        members = {(agent.name, ""): self._member(agent, mode, known)}
        for language in languages:
            # The recognizer listens for one language if the caller's is known, and after a change of language
            # for the one that the conversation changed to.
            heard = language if known in languages else ""
            members[agent.name, language] = self._member(speaking(agent, language), mode, heard)
        return members

    def _member(self, agent: Agent, mode: str, language: str) -> TeamMember:
        languages = self._settings.recognized_language or agent.languages
        # If the agent speaks the caller's language, the recognizer listens for it alone, else for all of the agent's.
        if language in languages:
            languages = (language,)
        if languages != agent.languages:
            agent = msgspec.structs.replace(agent, languages=languages)
        return TeamMember(
            agent=agent,
            tools={name: self._tools[name] for name in agent.tools} | handoff_tools(agent, self._agents),
            phrases_expected=self.caller_phrases.get(agent.name, ()),
            kept=lambda rate_hz: self._phrases.at(agent, rate_hz, mode),
        )
