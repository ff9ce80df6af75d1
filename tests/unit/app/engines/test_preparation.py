"""An engine that cannot be prepared at the start is reported with its setting and cause, and keeps no server down."""

import asyncio
import threading
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any, cast

import pytest

from actors.agent import Agent
from actors.runtime.clock import run_virtual
from app.engines.preparation import PREPARE_TIMEOUT_S, prepare_model, prepare_voice_activity
from config.errors import SettingsError


class Model:
    """A language model that does what it is told to while it is prepared."""

    def __init__(self, error: Exception | None = None, takes_s: float = 0.0) -> None:
        self._error = error
        self._takes_s = takes_s

    async def prepare(self, agents: Iterable[Agent]) -> None:
        await asyncio.sleep(self._takes_s)
        if self._error is not None:
            raise self._error


def reported(model: Model) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []

    async def main() -> None:
        engines = cast(Any, SimpleNamespace(model=model))
        await prepare_model(engines, [], lambda part, cause: found.append((part, cause)))

    run_virtual(main())
    return found


def test_a_prepared_engine_is_not_reported() -> None:
    assert reported(Model()) == []


def test_a_failure_is_reported_with_its_cause() -> None:
    ((part, cause),) = reported(Model(OSError("no such file")))
    assert part == "LANGUAGE_MODEL: Model"
    assert cause.startswith("the engine cannot be prepared: no such file")


def test_an_engine_that_takes_too_long_is_reported() -> None:
    ((_, cause),) = reported(Model(takes_s=PREPARE_TIMEOUT_S + 1))
    assert cause == "the engine was not prepared within 60 s"


def test_a_fault_of_the_configuration_still_stops_the_start() -> None:
    with pytest.raises(SettingsError):
        reported(Model(SettingsError("OPENAI_MODEL is wrong")))


class Detector:
    """A voice activity detector that notes on which thread it is made and prepared."""

    def __init__(self, error: Exception | None = None) -> None:
        self._error = error
        self.threads = [threading.current_thread()]

    def prepare(self) -> None:
        self.threads.append(threading.current_thread())
        if self._error is not None:
            raise self._error


@pytest.mark.parametrize("error", [None, RuntimeError("no memory")])
def test_voice_activity_is_loaded_on_a_thread_and_reported_where_it_fails(error: Exception | None) -> None:
    found: list[tuple[str, str]] = []
    made: list[Detector] = []

    def factory() -> Detector:
        made.append(Detector(error))
        return made[-1]

    engines = cast(Any, SimpleNamespace(voice_activity=factory))
    run_virtual(prepare_voice_activity(engines, lambda part, cause: found.append((part, cause))))
    ((first, second),) = [detector.threads for detector in made]
    assert first is second is not threading.main_thread()
    assert [part for part, _ in found] == (["VOICE_ACTIVITY"] if error else [])
    assert all("no memory" in cause for _, cause in found)


def test_a_detector_with_nothing_to_load_is_made_all_the_same() -> None:
    made: list[int] = []
    engines = cast(Any, SimpleNamespace(voice_activity=lambda: made.append(1)))
    run_virtual(prepare_voice_activity(engines, lambda part, cause: None))
    assert made == [1]
