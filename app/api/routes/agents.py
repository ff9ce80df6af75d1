"""Routes that list the agents, and by which operators change them while the server runs."""

import time
from collections.abc import Callable, Mapping
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from actors.agent import Agent
from app.agents.agent_changes import AgentChanges
from app.api.problems import ProblemError
from app.api.requests import body_of, invalid
from app.api.responses import json_response
from app.server.processes.worker_bus import WorkerBusError
from protocol.agents import (
    MODIFIABLE_SETTINGS,
    AgentChange,
    AgentChanged,
    AgentEntry,
    AgentList,
    AgentModel,
    AgentVoice,
    decode_change,
)
from protocol.problems import FieldError
from protocol.request_decoding import RequestError


class AgentRoutes:
    """Serves `/agents`: lists agents, and changes their model and voice.

    `agents` are the worker's agents by name, with all changes. `voices` returns the names of the engine's voices by
    language, none if the engine cannot list them; it is called once the worker has started.
    """

    def __init__(
        self,
        agents: Mapping[str, Agent],
        default_agent: str,
        changes: AgentChanges,
        voices: Callable[[], dict[str, tuple[str, ...]]],
    ) -> None:
        self._agents = agents
        self._default_agent = default_agent
        self._changes = changes
        self._voices = voices

    def routes(self) -> list[Route]:
        """The routes below `/agents`."""
        return [
            Route("/agents", self.all),
            Route("/agents/{name}", self.one),
            Route("/agents/{name}", self.change, methods=["PUT"]),
        ]

    async def all(self, _: Request) -> Response:
        """Return every agent, sorted by name, and the voices that the engine knows."""
        asked_at = time.perf_counter()
        agents = tuple(self._entry(agent) for _, agent in sorted(self._agents.items()))
        elapsed_ms = round((time.perf_counter() - asked_at) * 1000, 2)
        return json_response(
            AgentList(
                agents_count=len(agents), agents=agents, available_voices=self._voices(), response_time_ms=elapsed_ms
            )
        )

    async def one(self, request: Request) -> Response:
        """Return one agent by its name, or 404."""
        return json_response(self._entry(self._agent(request)))

    async def change(self, request: Request) -> Response:
        """Change an agent for the sessions that start from now on."""
        name = self._agent(request).name
        change = await _asked(request)
        # Another change may have been made while the body arrived.
        agent = self._agents[name]
        self._require_voice(agent, change)
        try:
            given = await self._changes.make(name, change)
        except WorkerBusError as error:
            raise ProblemError(HTTPStatus.SERVICE_UNAVAILABLE, str(error), headers={"Retry-After": "5"}) from None
        message = f"changed {len(given)} settings of {name}, for sessions that start from now on"
        return json_response(AgentChanged(agent_name=name, updated_fields=given, message=message))

    def _agent(self, request: Request) -> Agent:
        name = request.path_params["name"].lower()
        agent = self._agents.get(name)
        if agent is None:
            known = ", ".join(sorted(self._agents))
            raise ProblemError(HTTPStatus.NOT_FOUND, f"there is no agent of that name; there are {known}")
        return agent

    def _entry(self, agent: Agent) -> AgentEntry:
        model, voice = agent.model, agent.voice
        return AgentEntry(
            name=agent.name,
            label=agent.label,
            description=agent.description,
            default=agent.name == self._default_agent,
            model=AgentModel(
                deployment_id=model.deployment_id,
                temperature=model.temperature,
                top_p=model.top_p,
                max_tokens=model.max_tokens,
            ),
            voice=AgentVoice(
                current_voice=voice.name,
                voice_style=voice.style,
                language=voice.language,
                rate=voice.rate,
                pitch=voice.pitch,
            ),
            tools=agent.tools,
            handoffs=tuple(each.agent for each in agent.handoffs),
            modifiable_settings=MODIFIABLE_SETTINGS,
        )

    def _require_voice(self, agent: Agent, change: AgentChange) -> None:
        """Refuse an unknown voice, in place of which the engine would use its own without saying so.

        Raises:
            ProblemError: 422, if the engine can list its voices and this is none of them.
        """
        wanted = change.voice.voice_name if change.voice else None
        by_language = self._voices()
        known = [voice for voices in by_language.values() for voice in voices]
        if known and wanted and wanted not in (agent.voice.name, *known):
            raise invalid(RequestError(FieldError("voice.voice_name", f"expected one of {', '.join(known)}", "enum")))


async def _asked(request: Request) -> AgentChange:
    body = await body_of(request)
    try:
        return decode_change(body)
    except RequestError as error:
        raise invalid(error) from None
