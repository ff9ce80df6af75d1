"""What is known of a call before a word is said, and which agent answers which number."""

from collections.abc import Mapping
from typing import Any

from actors.agent import Agent
from actors.session_context import Channel, SessionContext
from app.telephony.call import Direction
from app.telephony.inbound.incoming_call import IncomingCall
from config.errors import SettingsError
from config.groups.telephony import Telephony
from config.settings import Settings
from protocol.calls import InitiateCall

NO_NUMBERS = Telephony()
OF_CLIENTS = ("browser_session_id",)
"""Keys in the context of a placed call that are for this server, and are not passed on to the agent."""


LANGUAGE_HEADER = "x-ms-custom-language"
"""The header, in lower case, in which whoever passes a call on can name the caller's language, such as `de-DE`."""


def inbound_context(incoming: IncomingCall, settings: Telephony = NO_NUMBERS) -> SessionContext:
    """What the announcement of a call says about it, and the number that was called of the caller's language."""
    headers = {name.lower(): value for name, value in incoming.headers.items()}
    by_number = dict(settings.language_by_number).get(incoming.called, "")
    return SessionContext(
        channel=Channel.TELEPHONE,
        direction=Direction.INBOUND.value,
        caller=incoming.caller,
        caller_name=incoming.caller_name,
        called=incoming.called,
        headers=incoming.headers,
        language=headers.get(LANGUAGE_HEADER, "").strip() or by_number,
    )


def outbound_context(asked: InitiateCall, source: str) -> SessionContext:
    """What whoever places a call says about it. `source`: the number it is placed from."""
    context: dict[str, Any] = asked.context or {}
    return SessionContext(
        channel=Channel.TELEPHONE,
        direction=Direction.OUTBOUND.value,
        caller=asked.target_number,
        caller_name=asked.caller_name or "",
        language=asked.language or "",
        called=source,
        context={key: value for key, value in context.items() if key not in OF_CLIENTS},
    )


def consult_context(target: str, source: str) -> SessionContext:
    """What is known of a call in which somebody is asked to take a caller; `target` is their number or raw id."""
    return SessionContext(channel=Channel.TELEPHONE, direction=Direction.OUTBOUND.value, caller=target, called=source)


def agent_for(about: SessionContext, settings: Settings, agents: Mapping[str, Agent], default: str) -> Agent:
    """Who answers a call that came in: by the number that was called."""
    return agents[dict(settings.telephony.agent_by_number).get(about.called, default)]


def require_agents_by_number(settings: Settings, agents: Mapping[str, Agent]) -> None:
    """Every number of AGENT_BY_NUMBER has an agent.

    Raises:
        SettingsError: one has none; names the agent, not the number.
    """
    for _, name in settings.telephony.agent_by_number:
        if name not in agents:
            known = ", ".join(sorted(agents))
            raise SettingsError(f"AGENT_BY_NUMBER names the agent {name!r}; it must be one of {known}")
