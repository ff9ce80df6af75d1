"""Readiness: one check a component, side by side, each with a timeout, the report cached for seconds."""

import asyncio
import time
from collections.abc import Mapping

import msgspec

from actors.runtime.containment import comes_from_outside
from actors.runtime.described_errors import describe
from actors.runtime.time_limit import within
from app.api.component_checks import REQUIRED, AbsentComponentError, Ask, DegradedError, UnhealthyError
from app.server.lifecycle import Lifecycle

CACHED_S = 2.0
CHECK_TIMEOUT_S = 2.0


class Check(msgspec.Struct, frozen=True):
    """The outcome of the check of one component, as readiness reports it."""

    component: str
    status: str
    """The status of the component: healthy, degraded or unhealthy."""
    check_time_ms: float
    error: str | None = None
    details: str | None = None


class Report(msgspec.Struct, frozen=True):
    """The readiness report: every component's check and what they come to."""

    status: str
    """The status of the worker: ready, degraded or not_ready."""
    timestamp: float
    response_time_ms: float
    checks: list[Check]


class Readiness:
    """Runs the checks of one worker and caches their report for CACHED_S seconds.

    Args:
        lifecycle: a worker that ends is not ready.
        checks: how each component is checked.
    """

    def __init__(self, lifecycle: Lifecycle, checks: Mapping[str, Ask]) -> None:
        self._lifecycle = lifecycle
        self._checks = checks
        self._cached: Report | None = None
        self._cached_at = 0.0

    async def report(self) -> Report:
        """The present state. Draining is told at once, whatever the cache says."""
        now = time.monotonic()
        if self._cached is None or now - self._cached_at > CACHED_S:
            self._cached, self._cached_at = await self._ask(), now
        if not self._lifecycle.admits():
            return msgspec.structs.replace(self._cached, status="not_ready")
        return self._cached

    async def _ask(self) -> Report:
        began = time.monotonic()
        checks = await asyncio.gather(*(self._check(name, check) for name, check in self._checks.items()))
        failed = any(check.status == "unhealthy" and check.component in REQUIRED for check in checks)
        all_well = all(check.status == "healthy" for check in checks)
        status = "not_ready" if failed else "ready" if all_well else "degraded"
        return Report(status, time.time(), (time.monotonic() - began) * 1000, list(checks))

    async def _check(self, name: str, check: Ask) -> Check:
        began, task = time.monotonic(), asyncio.current_task()
        status, error, details = "healthy", None, None
        try:
            details = await within(CHECK_TIMEOUT_S, check()) or None
        except AbsentComponentError as absent:
            status, error = "unhealthy" if absent.unhealthy else "degraded", str(absent)
            details = absent.details
        except TimeoutError:
            status, error = "unhealthy", f"no answer within {CHECK_TIMEOUT_S:g} s"
        except DegradedError as failure:
            status, error = "degraded", str(failure)
        except UnhealthyError as failure:
            status, error = "unhealthy", str(failure)
        except BaseException as failure:
            if comes_from_outside(failure, task):
                raise
            # Somebody's own engine may raise anything. Its words may hold anything too.
            status, error = "unhealthy", describe(failure)
        return Check(name, status, (time.monotonic() - began) * 1000, error, details)
