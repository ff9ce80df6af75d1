"""Our client of the emulated service, as an engine that can be made like any other."""

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

from app.providers.realtime.model import RealtimeService
from app.providers.realtime.resource import RealtimeResource
from tests.cloud.realtime.emulator import RealtimeEmulator


@asynccontextmanager
async def emulated(resource: Callable[[RealtimeEmulator], RealtimeResource]) -> AsyncIterator[RealtimeService]:
    """A client and its service; whoever uses it closes the client."""
    async with RealtimeEmulator() as service:
        yield RealtimeService(resource(service))
