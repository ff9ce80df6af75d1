"""The two agents of the campaign, and what they may do in a conversation."""

import msgspec

from actors.agent import Agent, Handoff, VoicemailAction
from actors.tools import AnyTool, tool
from actors.turn_taking_settings import Endpointing
from tests.fault_campaign.scenario import Scenario
from tests.kit.session_kit import AGENT

CAMPAIGN_AGENT = msgspec.structs.replace(
    AGENT,
    voicemail=VoicemailAction.HANG_UP,
    handoffs=(Handoff(agent="other", when="The user asks for it."),),
    limits=msgspec.structs.replace(AGENT.limits, no_input_s=6.0, reconnect_s=5.0, max_session_s=240.0, max_hold_s=30.0),
)
OTHER_AGENT = msgspec.structs.replace(
    CAMPAIGN_AGENT,
    name="other",
    label="Other",
    greeting="",
    introduction="Here is the other one.",
    endpointing=Endpointing(end_silence_ms=500),
    handoffs=(Handoff(agent=AGENT.name, when="The user asks for it."),),
)
"""Who takes over where the caller asks for it, with a recognizer that is set up otherwise."""


def tools_of(agent: Agent, booking: AnyTool) -> dict[str, AnyTool]:
    """The tools of one of the agents: that which books, and those that hand off, which orchestrators run themselves."""

    def never_run() -> str:
        """Hand the conversation off."""
        raise AssertionError("an orchestrator makes handoffs by itself")

    return {booking.name: booking, **{each.tool: tool(name=each.tool)(never_run) for each in agent.handoffs}}


def limited(agent: Agent, scenario: Scenario) -> Agent:
    """The agent, with the limits and the guardrails that the conversation has."""
    limits = msgspec.structs.replace(agent.limits, max_tool_calls=scenario.max_tool_calls)
    if scenario.max_session_s is not None:
        limits = msgspec.structs.replace(limits, max_session_s=scenario.max_session_s)
    agent = msgspec.structs.replace(agent, limits=limits)
    return scenario.guards.of(agent) if scenario.guards is not None else agent
