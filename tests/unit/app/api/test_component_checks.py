"""The check of each component of a worker, and what it comes to."""

from types import SimpleNamespace
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from actors.errors import ErrorKind, ModelError, StoreError
from app.api.component_checks import ALONE, NOT_CONFIGURED, ComponentChecks
from app.api.readiness import Readiness, Report
from app.telephony.errors import CallControlError, Trouble


class Engine:
    """An engine elsewhere, which says that it is ready, or fails."""

    def __init__(self, said: str | BaseException = "answers") -> None:
        self.said = said
        self.asked = 0

    async def ready(self) -> str:
        self.asked += 1
        if isinstance(self.said, BaseException):
            raise self.said
        return self.said


class Worker:
    """The parts of a worker, all well unless a test says otherwise."""

    def __init__(self) -> None:
        self.lifecycle = Mock(degradations={})
        self.lifecycle.admits.return_value = True
        self.watchdog = Mock(lag=SimpleNamespace(recent_ms=1.0))
        self.engines = SimpleNamespace(
            recognizer=Engine("hears"),
            synthesizer=Engine("speaks"),
            model=Engine("thinks"),
            realtime=Engine("converses"),
            store=Mock(load=AsyncMock(return_value=None)),
        )
        self.store: Any = Engine("keeps")
        self.sessions = Mock(has_failed=False)
        self.acs = Mock(on=True, knows_event_grid=True, without_keys=False)
        self.network: Any = Mock(ready=AsyncMock())

    def checks(self) -> ComponentChecks:
        return ComponentChecks(
            lifecycle=self.lifecycle,
            watchdog=self.watchdog,
            max_loop_lag_s=0.25,
            engines=self.engines,  # type: ignore[arg-type]
            store=self.store,
            sessions=self.sessions,
            agents=["a", "b"],
            browser_access=Mock(mode="off"),
            acs_access=self.acs,
            network=self.network,
        )

    async def report(self) -> Report:
        return await Readiness(self.lifecycle, self.checks().by_component).report()

    async def of(self, component: str) -> tuple[str, str | None]:
        """The status of the worker, and the error of a component."""
        report = await self.report()
        return report.status, next(check.error for check in report.checks if check.component == component)


async def test_a_worker_of_which_every_part_works_is_ready() -> None:
    report = await Worker().report()
    assert report.status == "ready"
    assert {check.status for check in report.checks} == {"healthy"}
    details = {check.component: check.details for check in report.checks}
    assert details["rt_agents"] == "2 agents"
    assert details["speech_services"] == "hears; speaks"


@pytest.mark.parametrize(
    ("component", "status", "error"),
    [
        ("event_loop", "not_ready", "the event loop is 300 ms late"),
        ("rt_agents", "not_ready", "sessions cannot be started any more: restart this worker"),
        ("azure_openai_pool", "degraded", "it is away"),
        ("redis", "degraded", "it is away"),
        ("acs_caller", "degraded", "no answer"),
        ("auth_configuration", "degraded", "ACS is refused: the keys at ACS_JWKS_URL cannot be had"),
        ("worker", "degraded", "logs: the disk is full"),
    ],
)
async def test_what_a_part_that_does_not_work_comes_to(component: str, status: str, error: str) -> None:
    worker = Worker()
    match component:
        case "event_loop":
            worker.watchdog.lag.recent_ms = 300.0
        case "rt_agents":
            worker.sessions.has_failed = True
        case "azure_openai_pool":
            worker.engines.model = Engine(ModelError(ErrorKind.UNAVAILABLE, "it is away"))
        case "redis":
            worker.store = Engine(StoreError(ErrorKind.UNAVAILABLE, "it is away"))
        case "acs_caller":
            worker.network.ready.side_effect = CallControlError(Trouble.UNAVAILABLE, "no answer")
        case "auth_configuration":
            worker.acs.without_keys = True
        case _:
            worker.lifecycle.degradations = {"logs": "the disk is full"}
    found = await worker.of(component)
    assert found[0] == status
    assert error in (found[1] or "")


async def test_what_is_not_configured_is_said_so() -> None:
    worker = Worker()
    worker.engines.realtime = worker.network = None
    worker.store = Mock(spec=["load"], load=worker.engines.store.load)
    report = await worker.report()
    found = {check.component: (check.status, check.error) for check in report.checks}
    assert found["speech_to_speech"] == ("degraded", NOT_CONFIGURED)
    assert found["redis"] == ("degraded", NOT_CONFIGURED)
    assert found["acs_caller"] == ("unhealthy", NOT_CONFIGURED)
    assert report.status == "degraded"


@pytest.mark.parametrize("has_telephone", [True, False])
async def test_telephone_calls_without_redis_are_said_to_want_one_worker_and_one_replica(has_telephone: bool) -> None:
    worker = Worker()
    worker.network = worker.network if has_telephone else None
    worker.store = Mock(spec=["load"], load=worker.engines.store.load)
    (redis,) = [check for check in (await worker.report()).checks if check.component == "redis"]
    assert (redis.error, redis.details) == (NOT_CONFIGURED, ALONE if has_telephone else None)
    assert "one worker and one replica" in ALONE


async def test_a_store_in_memory_is_required() -> None:
    worker = Worker()
    failing = AsyncMock(side_effect=StoreError(ErrorKind.INTERNAL, "no room"))
    worker.store = worker.engines.store = Mock(spec=["load"], load=failing)
    assert await worker.of("session_store") == ("not_ready", "no room")


async def test_engines_of_this_machine_say_nothing_and_are_not_asked_about() -> None:
    worker = Worker()
    worker.engines.recognizer = worker.engines.synthesizer = Engine("")
    assert await worker.of("speech_services") == ("degraded", NOT_CONFIGURED)


@pytest.mark.parametrize("failure", [ValueError("what somebody said"), SystemExit("1")])
async def test_an_engine_that_raises_anything_is_described_without_its_words(failure: BaseException) -> None:
    worker = Worker()
    worker.engines.model = Engine(failure)
    status, error = await worker.of("azure_openai_pool")
    assert status == "degraded"
    assert type(failure).__name__ in (error or "")
    assert "somebody" not in (error or "")
