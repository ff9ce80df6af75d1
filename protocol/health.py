"""The REST API's health: what load balancers and clients of the existing backend read. Readiness has its own report."""

from typing import Any, Literal

import msgspec


class SessionMetrics(msgspec.Struct, frozen=True, kw_only=True):
    """Counts of sessions of this worker; `total_connected` and `disconnected` since its start."""

    connected: int
    disconnected: int
    active: int
    total_connected: int


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """The worker answers. `timestamp` in seconds since the epoch."""

    version: str
    timestamp: float
    message: str
    details: dict[str, Any]
    active_sessions: int
    session_metrics: SessionMetrics
    status: Literal["healthy"] = "healthy"


class Alive(msgspec.Struct, frozen=True):
    """The event loop of the worker turns."""

    status: Literal["alive"] = "alive"


class Restarting(msgspec.Struct, frozen=True, kw_only=True):
    """The answer that an actor is being restarted."""

    session_id: str
    actor: str
    status: Literal["restarting"] = "restarting"
