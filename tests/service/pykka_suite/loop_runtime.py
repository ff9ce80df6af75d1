"""A pytest plugin for Pykka's own tests: enters LoopActor into their table of runtimes, stands in for pytest-mock."""

import asyncio
import importlib
import threading
import time
from collections.abc import Iterator
from contextlib import ExitStack
from typing import Any
from unittest import mock

import pytest

from actors.runtime.loop_actor import LoopActor, LoopFuture, bind


def pytest_configure(config: pytest.Config) -> None:
    """Start a loop in a thread of its own, name it, and enter the runtime before tests are collected."""
    # Pykka's modules, in whose directory this runs.
    runtime_type: Any = importlib.import_module("tests.types").Runtime
    conftest: Any = importlib.import_module("tests.conftest")

    loop = asyncio.new_event_loop()
    threading.Thread(target=loop.run_forever, daemon=True).start()
    bind(loop)
    runtime = runtime_type(
        name="loop",
        actor_class=LoopActor,
        event_class=threading.Event,
        future_class=LoopFuture,
        sleep_func=time.sleep,
    )
    conftest.RUNTIMES["loop"] = pytest.param(runtime, id="loop")
    # Theirs has read the table already, when its module was imported; fixtures are registered only after this.
    conftest.runtime = pytest.fixture(scope="session", params=conftest.RUNTIMES.values(), name="runtime")(_runtime)


def _runtime(request: pytest.FixtureRequest) -> Any:
    return request.param


class Mocks:
    """What Pykka's tests use of pytest-mock's `mocker`; that plugin itself is not a dependency of ours."""

    Mock = mock.Mock
    MagicMock = mock.MagicMock
    NonCallableMock = mock.NonCallableMock

    def __init__(self, undone: ExitStack) -> None:
        self._undone = undone
        self.patch = self

    def object(self, target: Any, attribute: str, **options: Any) -> Any:
        """As `mock.patch.object`, undone at the end of the test."""
        return self._undone.enter_context(mock.patch.object(target, attribute, **options))


@pytest.fixture
def mocker() -> Iterator[Mocks]:
    """What pytest-mock's fixture of this name is to Pykka's tests."""
    with ExitStack() as undone:
        yield Mocks(undone)
