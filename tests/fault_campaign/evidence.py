"""What there is to judge one conversation by."""

import msgspec

from actors.conversation import ChatMessage
from actors.messages.output import AudioFrame, OutputMessage
from tests.fault_campaign.campaign_agents import CAMPAIGN_AGENT
from tests.fault_campaign.scenario import Ask, Finish, Scenario

TALK_S = 1.0
"""How long the caller speaks."""
UNHEARD_S = 12.0
"""How long the caller waits at most until what was said can be read."""
RESTORED = "the session is restored"
ENDS_WITHIN_S = {
    Finish.HANG_UP: 4.0,
    Finish.HANG_UP_OVER_REPLY: 4.0,
    Finish.HANG_UP_AT_ONCE: 3.0,
    Finish.LOST: CAMPAIGN_AGENT.limits.reconnect_s + 3.0,
    Finish.DRAIN: 25.0,
    Finish.SILENCE: CAMPAIGN_AGENT.limits.max_session_s + 25.0,
}
"""How long a session may last after its caller has left, or has said the last word."""


class Asked(msgspec.Struct):
    """Something that the caller has said."""

    at: float
    ask: Ask


class Evidence(msgspec.Struct, kw_only=True):
    """What became of one conversation. Times are in seconds of virtual time."""

    scenario: Scenario
    shown: list[tuple[float, OutputMessage]] = []
    asked: list[Asked] = []
    deeds: list[tuple[float, str]] = []
    """What the caller did and what failed, for the log."""
    read_by_model: list[str] = []
    """The user's texts that the model was sent."""
    tool_runs: list[str] = []
    left_at: float | None = None
    """When the caller left, or had no more to say."""
    ended_at: float | None = None
    """When the session was over."""
    lost_connections: int = 0
    messages: tuple[ChatMessage, ...] = ()
    recorded: tuple[ChatMessage, ...] | None = None
    """As the store has them; None where the store is what fails."""
    agent: str = ""
    """The agent that has the conversation in the end; empty where nobody has said."""
    leaks: list[str] = []
    played: list[tuple[float, AudioFrame]] | None = None
    """What the client has played, where it reports that; None where what is sent plays in real time."""
    full: list[str] = []
    """Queues that held more than they may."""
