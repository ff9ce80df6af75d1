"""What operators change of agents while the server runs: in every worker of it, and in the same order."""

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from actors.agent import Agent
from app.server.worker_bus import WorkerBus
from app.server.worker_pipe import WorkerNotice
from protocol.agents import AgentChange

TOPIC = "agent/"
"""Followed by the agent's name."""

_FIELDS = {
    "model.deployment_id": ("model", "deployment_id"),
    "model.temperature": ("model", "temperature"),
    "model.top_p": ("model", "top_p"),
    "model.max_tokens": ("model", "max_tokens"),
    "voice.voice_name": ("voice", "name"),
    "voice.voice_style": ("voice", "style"),
}
"""Where in an agent the fields of `AgentChange.given` are."""


class AgentChanges:
    """Applies operators' changes of agents in one worker, and tells the other workers of them.

    `agents` are those of this worker by name, as they are at present; `replace` puts a changed one in the place of its
    former self.
    """

    def __init__(self, agents: Mapping[str, Agent], replace: Callable[[Agent], None], worker_bus: WorkerBus) -> None:
        self._agents = agents
        self._replace = replace
        self._worker_bus = worker_bus
        self._worker_bus.on_notice(self._noticed)

    async def make(self, name: str, change: AgentChange) -> tuple[str, ...]:
        """Change an agent for the sessions that start from now on; the fields that were given.

        Raises:
            WorkerBusError: as `WorkerBus.tell`.
        """
        given = change.given()
        if given:
            await self._worker_bus.tell(TOPIC + name, given)
        return tuple(given)

    def _noticed(self, notice: WorkerNotice) -> None:
        agent = self._agents.get(notice.topic.removeprefix(TOPIC))
        if notice.topic.startswith(TOPIC) and agent is not None:
            self._replace(changed(agent, notice.fields))


def changed(agent: Agent, given: Mapping[str, Any]) -> Agent:
    """`agent` with the new values, by the names of `AgentChange.given`, and all else as it was."""
    sections: dict[str, dict[str, Any]] = {"model": {}, "voice": {}}
    for field, value in given.items():
        section, name = _FIELDS[field]
        sections[section][name] = value
    return msgspec.structs.replace(
        agent,
        model=msgspec.structs.replace(agent.model, **sections["model"]),
        voice=msgspec.structs.replace(agent.voice, **sections["voice"]),
    )
