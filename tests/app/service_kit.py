"""A worker's service with exact engines, in this process, on whatever loop runs."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from actors.agent import Agent
from actors.tools import AnyTool
from app.lifecycle import Lifecycle
from app.service import Service
from config.settings import Settings
from tests.actors.session_kit import AGENT

FAKES = {
    "HOST": "127.0.0.1",
    "VOICE_ACTIVITY": "tests.fakes:voice_activity",
    "SPEECH_RECOGNIZER": "tests.fakes:recognizer",
    "SPEECH_SYNTHESIZER": "tests.fakes:synthesizer",
    "LANGUAGE_MODEL": "tests.fakes:model",
}


@asynccontextmanager
async def running(
    environ: dict[str, str] | None = None, agent: Agent = AGENT, tools: dict[str, AnyTool] | None = None
) -> AsyncIterator[Service]:
    """A service that is ready."""
    lifecycle = Lifecycle()
    service = Service(Settings.read({**FAKES, **(environ or {})}), lifecycle, {agent.name: agent}, tools or {})
    await service.start()
    lifecycle.ready()
    try:
        yield service
    finally:
        await service.stop()
