"""The agents of a worker as they are at present."""

from collections.abc import Iterator, Mapping

from actors.agent import Agent
from config.errors import SettingsError
from config.settings import Settings


class AgentRoster(Mapping[str, Agent]):
    """Agents by name. `default_name` is that of the agent for a session that asks for none; empty for the first name.

    Sessions keep the agent with which they have started.
    """

    def __init__(self, agents: Mapping[str, Agent], default_name: str = "") -> None:
        self._agents = dict(agents)
        self._default_name = default_name

    @property
    def default_name(self) -> str:
        """The name of the agent of a session that asks for none."""
        return self._default_name or min(self._agents)

    @property
    def default(self) -> Agent:
        """The agent of a session that asks for none."""
        return self._agents[self.default_name]

    def put(self, agent: Agent) -> None:
        """Have the sessions that start from now on use this agent of its name."""
        self._agents[agent.name] = agent

    def __getitem__(self, name: str) -> Agent:
        return self._agents[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._agents)

    def __len__(self) -> int:
        return len(self._agents)


def require_default_agent(settings: Settings, agents: Mapping[str, Agent]) -> None:
    """DEFAULT_AGENT, if set, names one of the agents.

    Raises:
        SettingsError: it does not.
    """
    if settings.agents.default and settings.agents.default not in agents:
        known = ", ".join(sorted(agents))
        raise SettingsError(f"DEFAULT_AGENT is {settings.agents.default!r}; it must be one of {known}")
