"""`python -m app check`: can the server start with this configuration? A platform runs it in its release phase."""

from collections.abc import Iterator

import msgspec

from app.acs_access import NO_PROOF, AcsAccess
from app.agents import load_agents
from app.browser_access import BrowserAccess
from app.engines import chosen, require_loadable
from app.lifecycle import Lifecycle
from app.service import require_default_agent
from app.telephony.network import telephone_network
from app.tools import load_tools
from config.settings import Settings


class Licence(msgspec.Struct, frozen=True):
    """An engine whose licence an operator has to know of."""

    engine: str
    product: str
    spdx: str


COPYLEFT = (Licence("espeak", "espeak-ng", "GPL-3.0-or-later"),)
"""Engines under the GPL. Each runs as a process of its own behind a pipe and is never imported."""


def check(settings: Settings) -> Iterator[str]:
    """What is configured, a line each.

    Raises:
        AgentFileError: an agent's file cannot be used.
        SettingsError: an engine cannot be loaded, DEFAULT_AGENT names none of the agents, access control lacks what it
            needs, or ACS cannot be used as it is configured.
    """
    telephone_network(settings)
    engines = chosen(settings)
    require_loadable(engines)
    agents = load_agents(settings.agents_directory, load_tools())
    require_default_agent(settings, agents)
    browser_access, acs_access = BrowserAccess(settings, Lifecycle().server_secret), AcsAccess(settings)
    yield f"agents: {', '.join(sorted(agents))}"
    yield from (f"{setting.upper()}: {engine.name}" for setting, engine in engines.items())
    yield f"BROWSER_AUTH: {browser_access.mode}"
    yield f"ENABLE_AUTH_VALIDATION: {'on' if acs_access.on else 'off'}"
    if acs_access.on and not acs_access.knows_event_grid:
        yield f"Event Grid deliveries are refused: {NO_PROOF}"
    for licence in COPYLEFT:
        if licence.engine in {engine.name for engine in engines.values()}:
            yield f"licence: {licence.product} is {licence.spdx}; it runs as a separate process"
