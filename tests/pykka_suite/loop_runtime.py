"""A pytest plugin for Pykka's own test suite: adds LoopActor to its table of runtimes."""

import asyncio
import threading
import time

import pytest

from actors.runtime import LoopActor, LoopFuture, bind


def pytest_configure(config: pytest.Config) -> None:
    """Start a loop in a thread of its own, name it, and enter the runtime before tests are collected."""
    from tests.conftest import RUNTIMES  # type: ignore[attr-defined]  # Pykka's, in whose directory this runs
    from tests.types import Runtime  # type: ignore[import-not-found]

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    bind(loop)
    runtime = Runtime(
        name="loop", actor_class=LoopActor, event_class=threading.Event, future_class=LoopFuture, sleep_func=time.sleep
    )
    RUNTIMES["loop"] = pytest.param(runtime, id="loop")
