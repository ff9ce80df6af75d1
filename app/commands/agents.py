"""`python -m app agents`: the agents that the server would have, read as it reads them."""

from collections.abc import Iterator

import msgspec

from app.agents.agent_files import load_agents
from app.agents.roster import require_default_agent
from app.dialogue.schema import dialogue_of
from app.tools import load_tools
from config.settings import Settings


class AgentShown(msgspec.Struct, frozen=True, kw_only=True):
    """An agent as `--json` prints it."""

    name: str
    label: str
    description: str
    default: bool
    languages: tuple[str, ...]
    voice: str
    tools: tuple[str, ...]
    handoffs: tuple[str, ...]
    scripted: bool
    """Whether the agent has a dialogue for the keyless language model"""


def agents(settings: Settings) -> list[AgentShown]:
    """The agents by name.

    Raises:
        AgentFileError, ToolDefinitionError: an agent's file or a tool cannot be used.
        SettingsError: DEFAULT_AGENT is none of them.
    """
    found = load_agents(settings.agents.directory, load_tools())
    require_default_agent(settings, found)
    default = settings.agents.default or min(found)
    return [
        AgentShown(
            name=agent.name,
            label=agent.label,
            description=agent.description,
            default=agent.name == default,
            languages=agent.languages,
            voice=agent.voice.name,
            tools=agent.tools,
            handoffs=tuple(each.agent for each in agent.handoffs),
            scripted=dialogue_of(agent) is not None,
        )
        for _, agent in sorted(found.items())
    ]


def as_text(found: list[AgentShown]) -> Iterator[str]:
    """Lines about the agents, for people."""
    for agent in found:
        yield f"{agent.name}{' (default)' if agent.default else ''}: {agent.label}"
        if agent.description:
            yield f"  {agent.description}"
        yield f"  languages: {', '.join(agent.languages)}"
        yield f"  tools: {', '.join(agent.tools) or 'none'}"
        if agent.handoffs:
            yield f"  hands off to: {', '.join(agent.handoffs)}"
        yield f"  without a language model: {'speaks its dialogue' if agent.scripted else 'has nothing to say'}"
