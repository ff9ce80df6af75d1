"""What operators change of agents while the server runs: in every worker of it, and of other machines.

Each value bears the time at which it was given. Of two for one field the later one holds, in whichever order they come
to a worker: so all have the same in the end.
"""

import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

import msgspec

from actors.agent import Agent
from app.server.processes.worker_bus import WorkerBus
from app.server.processes.worker_pipe import WorkerNotice
from protocol.agents import AgentChange

TOPIC = "agent/"
"""The beginning of the topic of notices about an agent; the agent's name follows."""

_FIELDS = {
    "model.deployment_id": ("model", "deployment_id"),
    "model.temperature": ("model", "temperature"),
    "model.top_p": ("model", "top_p"),
    "model.max_tokens": ("model", "max_tokens"),
    "voice.voice_name": ("voice", "name"),
    "voice.voice_style": ("voice", "style"),
}
"""The path in an `Agent` of each field that `AgentChange.given` returns."""


Changes = dict[str, dict[str, tuple[Any, int]]]
"""By agent and by field of `AgentChange.given`: the value, and when it was given, in microseconds since the epoch."""


class AgentChanges:
    """Applies operators' changes of agents in one worker, and tells the other workers of them.

    `agents` are those of this worker by name, as they are at present; `replace` puts a changed one in the place of its
    former self; `wall` gives the seconds since 1970.
    """

    def __init__(
        self,
        agents: Mapping[str, Agent],
        replace: Callable[[Agent], None],
        worker_bus: WorkerBus,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._agents = agents
        self._replace = replace
        self._worker_bus = worker_bus
        self._wall = wall
        self.made: Changes = {}
        """All changes that are in force"""
        self.tell_others: Callable[[Changes], Awaitable[None]] | None = None
        """Tells the workers of other machines of changes, which they `take`; None if there are none"""
        self._worker_bus.on_notice(self._noticed)

    async def make(self, name: str, change: AgentChange) -> tuple[str, ...]:
        """Change an agent for the sessions that start from now on; the fields that were given.

        Raises:
            WorkerBusError: it cannot be said whether all workers hear of it.
        """
        given = change.given()
        if given:
            at = max(int(self._wall() * 1e6), 1 + max(self._given_at(name, field) for field in given))
            fields = {field: (given[field], at) for field in given}
            await self._worker_bus.tell(TOPIC + name, fields)
            if self.tell_others is not None:
                await self.tell_others({name: fields})
        return tuple(given)

    async def take(self, changes: Changes) -> None:
        """Apply what was changed on another machine, in every worker of this server.

        Raises:
            WorkerBusError: as `WorkerBus.tell`.
        """
        for name, fields in changes.items():
            known = {field: each for field, each in fields.items() if field in _FIELDS}
            if any(at > self._given_at(name, field) for field, (_, at) in known.items()):
                await self._worker_bus.tell(TOPIC + name, known)

    def _noticed(self, notice: WorkerNotice) -> None:
        name = notice.topic.removeprefix(TOPIC)
        if not notice.topic.startswith(TOPIC):
            return
        news = {field: (value, at) for field, (value, at) in notice.fields.items() if at > self._given_at(name, field)}
        self.made.setdefault(name, {}).update(news)
        agent = self._agents.get(name)
        if news and agent is not None:
            self._replace(changed(agent, {field: value for field, (value, _) in news.items()}))

    def _given_at(self, name: str, field: str) -> int:
        return self.made.get(name, {}).get(field, (None, 0))[1]


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
