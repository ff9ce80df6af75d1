"""The handoffs of an agent's file: what is wrong with them, the tools by which a model makes them, and who is reached.

Each agent that a conversation may go to is a tool of its own, as in most frameworks for agents: a model chooses between
descriptions more surely than between the values of one argument, and has no argument to get wrong.
"""

from collections import deque
from collections.abc import Iterator, Mapping

from actors.agent import Agent, Handoff
from actors.tool_outcome import ToolOutcome
from actors.tools import AnyTool, tool
from app.agents.nearest import with_nearest
from app.dialogue.check import Fault

MAX_TOOL_NAME = 64


def handoff_faults(agent: Agent, agents: Mapping[str, Agent]) -> Iterator[Fault]:
    """All that is wrong with the handoffs of an agent, in the order of its file. `agents` are all that there are."""
    seen = set(agent.tools)
    for index, handoff in enumerate(agent.handoffs):
        path = f"handoffs[{index}].agent"
        others = [name for name in agents if name != agent.name]
        if handoff.agent == agent.name:
            yield Fault(path, "an agent cannot hand off to itself")
        elif handoff.agent not in agents:
            yield Fault(path, with_nearest(f"there is no agent {handoff.agent}", handoff.agent, others))
        elif len(handoff.tool) > MAX_TOOL_NAME:
            yield Fault(path, f"the name of the tool {handoff.tool} would be longer than {MAX_TOOL_NAME} characters")
        elif handoff.tool in seen:
            yield Fault(path, f"the agent has a tool {handoff.tool} already")
        seen.add(handoff.tool)


def handoff_tools(agent: Agent, agents: Mapping[str, Agent]) -> dict[str, AnyTool]:
    """The tools by which the model of an agent hands off to others, by name."""
    return {each.tool: _tool(each, agents[each.agent].label) for each in agent.handoffs if each.agent in agents}


def _tool(handoff: Handoff, label: str) -> AnyTool:
    async def hand_off() -> ToolOutcome:
        # The orchestrator of a conversation makes the handoff instead of running this.
        return ToolOutcome({"error": "the conversation cannot be handed off here"}, failed=True)

    when = " ".join(handoff.when.split())
    hand_off.__doc__ = (
        f"Hand the conversation off to {label}, another agent, who has heard all of it and goes on at once."
        f" Use it in this case: {when}"
    )
    return tool(name=handoff.tool)(hand_off)


def team_of(agent: Agent, agents: Mapping[str, Agent]) -> tuple[Agent, ...]:
    """The other agents that a session with `agent` may come to, by one handoff or several."""
    found: dict[str, Agent] = {}
    due = deque([agent])
    while due:
        for handoff in due.popleft().handoffs:
            other = agents.get(handoff.agent)
            if other is not None and other.name != agent.name and other.name not in found:
                found[other.name] = other
                due.append(other)
    return tuple(found.values())
