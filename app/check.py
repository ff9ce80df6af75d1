"""`python -m app check`: can the server start with this configuration? A platform runs it in its release phase."""

from collections.abc import Iterator

import msgspec

from app.agents import load_agents
from app.references import resolve
from app.tools import load_tools
from config.settings import Settings, SettingsError


class Licence(msgspec.Struct, frozen=True):
    """An engine whose licence an operator has to know of."""

    engine: str
    product: str
    spdx: str


COPYLEFT = (Licence("espeak", "espeak-ng", "GPL-3.0-or-later"),)
"""Engines under the GPL. Each runs as a process of its own behind a pipe and is never imported."""

DEFAULTS = {
    "voice_activity": "silero",
    "speech_recognizer": "pocketsphinx",
    "speech_synthesizer": "espeak",
    "language_model": "script",
}
"""The engine that is used for a setting when it is unset."""


def check(settings: Settings) -> Iterator[str]:
    """What is configured, a line each.

    Raises:
        AgentFileError: an agent's file cannot be used.
        UnresolvedReference: an engine cannot be loaded.
        SettingsError: DEFAULT_AGENT names none of the agents.
    """
    engines = {setting: getattr(settings, setting) or default for setting, default in DEFAULTS.items()}
    for engine in engines.values():
        if ":" in engine:
            resolve(engine)
    agents = load_agents(settings.agents_directory, load_tools())
    known = ", ".join(sorted(agents))
    if settings.default_agent and settings.default_agent not in agents:
        raise SettingsError(f"DEFAULT_AGENT is {settings.default_agent!r}; it must be one of {known}")
    yield f"agents: {known}"
    yield from (f"{setting.upper()}: {engine}" for setting, engine in engines.items())
    for licence in COPYLEFT:
        if licence.engine in engines.values():
            yield f"licence: {licence.product} is {licence.spdx}; it runs as a separate process"
