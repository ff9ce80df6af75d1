"""The REST API's sessions, and the state of the realtime endpoints."""

from typing import Literal

import msgspec


class SessionSummary(msgspec.Struct, frozen=True, kw_only=True):
    """A session without what was said; times in ISO 8601. `ended_reason` is null while it is live."""

    session_id: str
    call_id: str | None
    mode: str
    agent: str
    state: str
    turn: int
    created_at: str
    updated_at: str
    ended_reason: str | None


class SessionList(msgspec.Struct, frozen=True, kw_only=True):
    """The live sessions of all workers first, then recent ones. `missing` says which cannot be had, and why."""

    sessions: tuple[SessionSummary, ...]
    live: int
    total: int
    missing: str | msgspec.UnsetType = msgspec.UNSET


class SessionEnding(msgspec.Struct, frozen=True):
    """The answer that a session says goodbye."""

    session_id: str
    status: Literal["ending"] = "ending"


class RealtimeEndpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Paths of the browser's WebSockets."""

    dashboard_relay: str = "/api/v1/realtime/dashboard/relay"
    conversation: str = "/api/v1/realtime/conversation"


class RealtimeFeatures(msgspec.Struct, frozen=True, kw_only=True):
    """What the browser's WebSockets are capable of, as a client may ask."""

    dashboard_broadcasting: bool = True
    conversation_streaming: bool = True
    orchestrator_support: bool = True
    session_management: bool = True
    barge_in: bool = True
    resume: bool = True


class RealtimeConnections(msgspec.Struct, frozen=True, kw_only=True):
    """How many WebSockets of browsers this worker has."""

    dashboard_clients: int
    conversation_sessions: int
    total_connections: int


class RealtimeStatus(msgspec.Struct, frozen=True, kw_only=True):
    """Where the browser's WebSockets are and what they want. `browser_auth`: what the client that asks has to bring;
    `streaming_modes`: those that a session can have, of which `default_mode` is that of a session that asks for none.
    """

    status: Literal["available", "draining"]
    active_connections: RealtimeConnections
    browser_auth: str
    streaming_modes: tuple[str, ...]
    default_mode: str
    websocket_endpoints: RealtimeEndpoints = RealtimeEndpoints()
    features: RealtimeFeatures = RealtimeFeatures()
    protocols_supported: tuple[str, ...] = ("WebSocket",)
    version: str = "v1"
