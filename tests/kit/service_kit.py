"""A worker's service with exact engines, in this process, on whatever loop runs."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

from actors.agent import Agent
from actors.tools import AnyTool
from app.server.lifecycle import Lifecycle
from app.services import Services
from config.settings import Settings
from tests.kit.session_kit import AGENT

FAKES = {
    "HOST": "127.0.0.1",
    "MAX_LOOP_LAG_S": "10",
    "VOICE_ACTIVITY": "tests.kit.fakes:voice_activity",
    "SPEECH_RECOGNIZER": "tests.kit.fakes:recognizer",
    "SPEECH_SYNTHESIZER": "tests.kit.fakes:synthesizer",
    "LANGUAGE_MODEL": "tests.kit.fakes:model",
}


@asynccontextmanager
async def running(
    environ: dict[str, str] | None = None,
    agent: Agent = AGENT,
    tools: dict[str, AnyTool] | None = None,
    others: Sequence[Agent] = (),
) -> AsyncIterator[Services]:
    """A service that is ready; `agent` is the one of sessions that ask for none."""
    lifecycle = Lifecycle()
    default = {"DEFAULT_AGENT": agent.name} if others else {}
    settings = Settings.read({**FAKES, **default, **(environ or {})})
    service = Services(settings, lifecycle, {each.name: each for each in (agent, *others)}, tools or {})
    await service.start()
    lifecycle.ready()
    try:
        yield service
    finally:
        await service.stop()
