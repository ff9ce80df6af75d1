"""What a worker's sessions are made of: the agent, its tools, and the phrases that are kept of it."""

from collections.abc import Mapping
from typing import Any

import msgspec

from actors.agent import Agent
from actors.runtime.session_trace import current_traceparent
from actors.session.plan import SessionPlan
from actors.session_context import SessionContext
from actors.tools import AnyTool
from app.agents.prompt_cache import PromptCache
from app.agents.session_hook import lookup_of
from app.dialogue.schema import caller_phrases, dialogue_of
from config.groups.agents import Agents


class SessionPlans:
    """Makes the plan of a session from its agent and the settings that hold for all agents."""

    def __init__(
        self, settings: Agents, agents: Mapping[str, Agent], tools: Mapping[str, AnyTool], phrases: PromptCache
    ) -> None:
        self._settings = settings
        self._tools = tools
        self._phrases = phrases
        self.caller_phrases: dict[str, tuple[str, ...]] = {
            name: caller_phrases(dialogue) if (dialogue := dialogue_of(agent)) is not None else ()
            for name, agent in agents.items()
        }
        """By agent, what its callers are likely to say."""

    def plan(self, session_id: str, mode: str, agent: Agent, resume_token: str, **more: Any) -> SessionPlan:
        """What a session with `agent` is made of; `more` are further fields of the plan."""
        if languages := self._settings.recognized_language:
            agent = msgspec.structs.replace(agent, languages=languages)
        traceparent = more.pop("traceparent", "") or current_traceparent()
        about = msgspec.structs.replace(more.pop("about", SessionContext()), time_zone=self._settings.time_zone)
        return SessionPlan(
            session_id=session_id,
            mode=mode,
            agent=agent,
            tools={name: self._tools[name] for name in agent.tools},
            phrases_expected=self.caller_phrases.get(agent.name, ()),
            kept=lambda rate_hz: self._phrases.at(agent, rate_hz),
            resume_token=resume_token,
            about=about,
            traceparent=traceparent,
            **{"look_up": lookup_of(agent), **more},
        )
