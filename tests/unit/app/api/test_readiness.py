"""Readiness: checks side by side, each within its time, and what they come to together."""

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any
from unittest.mock import Mock

import pytest

from app.api.component_checks import AbsentComponentError, DegradedError, UnhealthyError
from app.api.readiness import CACHED_S, CHECK_TIMEOUT_S, Check, Readiness, Report


class Component:
    """A component that says something, or raises; counts how often it is asked."""

    def __init__(self, said: str | BaseException = "answers") -> None:
        self.said = said
        self.asked = 0

    async def check(self) -> str:
        self.asked += 1
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said


async def hang() -> str:
    await asyncio.sleep(60)
    return ""


def readiness(**checks: Callable[[], Awaitable[str]]) -> tuple[Readiness, Any]:
    lifecycle = Mock()
    lifecycle.admits.return_value = True
    return Readiness(lifecycle, checks), lifecycle


async def report_of(**said: str | BaseException) -> Report:
    return await readiness(**{name: Component(each).check for name, each in said.items()})[0].report()


async def checked(said: str | BaseException) -> Check:
    (check,) = (await report_of(part=said)).checks
    return check


@pytest.mark.parametrize(
    ("said", "status", "error", "details"),
    [
        ("it is well", "healthy", None, "it is well"),
        ("", "healthy", None, None),
        (UnhealthyError("it is broken"), "unhealthy", "it is broken", None),
        (DegradedError("it is slow"), "degraded", "it is slow", None),
        (AbsentComponentError(details="so what"), "degraded", "not configured", "so what"),
        (AbsentComponentError(unhealthy=True), "unhealthy", "not configured", None),
    ],
)
async def test_what_a_check_comes_to(
    said: str | BaseException, status: str, error: str | None, details: str | None
) -> None:
    check = await checked(said)
    assert (check.component, check.status, check.error, check.details) == ("part", status, error, details)


async def test_only_a_component_that_is_required_and_does_not_work_keeps_a_worker_from_being_ready() -> None:
    broken = UnhealthyError("it is broken")
    assert (await report_of(redis="well", event_loop="well")).status == "ready"
    assert (await report_of(redis=broken, event_loop="well")).status == "degraded"
    assert (await report_of(redis="well", event_loop=broken)).status == "not_ready"


@pytest.mark.parametrize("failure", [ValueError("what somebody said"), SystemExit("1")])
async def test_a_component_that_raises_anything_is_described_without_its_words(failure: BaseException) -> None:
    check = await checked(failure)
    assert check.status == "unhealthy"
    assert type(failure).__name__ in (check.error or "")
    assert "somebody" not in (check.error or "")


async def test_a_component_that_does_not_answer_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("app.api.readiness.CHECK_TIMEOUT_S", 0.01)
    (check,) = (await readiness(part=hang)[0].report()).checks
    assert check.error == "no answer within 0.01 s"
    assert CHECK_TIMEOUT_S >= 1


async def test_a_report_is_kept_for_a_while_and_draining_is_told_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1_000.0]
    monkeypatch.setattr("app.api.readiness.time", Mock(monotonic=lambda: now[0], time=lambda: 0.0))
    component = Component()
    asked, lifecycle = readiness(part=component.check)
    for _ in range(3):
        await asked.report()
    assert component.asked == 1
    lifecycle.admits.return_value = False
    assert (await asked.report()).status == "not_ready"
    assert component.asked == 1
    now[0] += CACHED_S + 0.1
    await asked.report()
    assert component.asked == 2
