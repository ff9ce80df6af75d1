"""Sessions that have ended are let go of, whatever the collector's thresholds."""

import asyncio
import gc
import weakref
from collections.abc import Iterator
from functools import partial

import pytest

from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.runtime.clock import run_virtual
from app.api.asgi import app_of
from app.server.garbage_collection import GarbageCollection
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.service_kit import running

FORGETFUL = {
    "SPEECH_RECOGNIZER": "tests.load.providers:recognizer",
    "SPEECH_SYNTHESIZER": "tests.load.providers:synthesizer",
    "LANGUAGE_MODEL": "tests.load.providers:model",
}
"""Engines that keep nothing of a session."""


@pytest.fixture(autouse=True)
def _no_collector() -> Iterator[None]:
    """As if the collector had no reason to run."""
    gc.disable()
    yield
    gc.enable()


class Knot:
    """Knows itself."""

    def __init__(self) -> None:
        self.itself = self


async def test_they_are_collected_some_at_a_time() -> None:
    leftovers = GarbageCollection(sessions=3, delay_s=0.01)
    left = weakref.ref(Knot())
    for number in range(3):
        leftovers.session_over(f"s{number}")
        assert left() is not None
        await asyncio.sleep(0.05)
    assert left() is None


def test_nothing_is_left_of_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """On virtual time: what a busy machine has not closed yet when it collects garbage would be left."""
    monkeypatch.setattr("app.services.GarbageCollection", partial(GarbageCollection, 1, 0.2))

    async def main() -> None:
        async with running(FORGETFUL) as service:
            socket = AsgiSocket(app_of(service), CONVERSATION, session_id="s1")
            await socket.recv()
            entry = service.sessions.live["s1"]
            left = weakref.ref(entry)
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
            del entry
            await service.sessions.emptied()
            socket.close()
            await socket.task
            await asyncio.sleep(0.5)
            assert left() is None

    run_virtual(main())
