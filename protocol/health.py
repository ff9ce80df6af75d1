"""Answers of the REST API about health, in the fields that load balancers and existing clients read.

Readiness has a report of its own (`app/api/readiness.py`).
"""

from typing import Any, Literal

import msgspec


class SessionMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of sessions of this worker; `total_connected` and `disconnected` since its start."""

    connected: int
    disconnected: int
    active: int
    total_connected: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that the worker is up. `timestamp` is in seconds since the epoch."""

    version: str
    timestamp: float
    message: str
    details: dict[str, Any]
    active_sessions: int
    session_metrics: SessionMetrics
    status: Literal["healthy"] = "healthy"


class Alive(msgspec.Struct, frozen=True):
    """The answer to a liveness probe: the event loop of the worker runs."""

    status: Literal["alive"] = "alive"


class Restarting(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that an actor is being restarted."""

    session_id: str
    actor: str
    status: Literal["restarting"] = "restarting"
