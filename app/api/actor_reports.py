"""What operators are shown of sessions and their actors: the answers of `/health/actors`."""

from typing import Literal

import msgspec

from actors.runtime.actor_state import ActorState
from actors.runtime.watchdog import Lag
from app.providers.failover.providers import ProviderState


class SessionActors(msgspec.Struct, frozen=True, kw_only=True):
    """A live session and its actors, the supervisor first. `doing` is what the agent does with the turn."""

    session_id: str
    mode: str
    agent: str
    """The name of the agent that has the conversation"""
    handoffs: list[str]
    """The agents that the conversation was handed off to, in the order of time"""
    state: str
    doing: str
    turn: int
    age_s: float
    rebuilt: int
    """How many times all of its actors were made anew"""
    audio_bytes: int
    """Bytes of audio that are kept for the session"""
    actors: list[ActorState]


class RecentMessage(msgspec.Struct, frozen=True, kw_only=True, rename={"sender": "from", "receiver": "to"}):
    """A message that an actor has handled, without its content."""

    at: float
    """In seconds since the epoch"""
    sender: str
    """The actor that told it; empty if it came from a connection, an engine or a timer"""
    receiver: str
    """The actor that handled it"""
    type: str


class SessionActorsInDetail(SessionActors, frozen=True, kw_only=True):
    """The actors of one session, with the messages that they handled last, the newest first, without content."""

    recent_messages: list[RecentMessage]


class Capacity(msgspec.Struct, frozen=True, kw_only=True):
    """How many sessions this worker has, may have, and still takes."""

    sessions: int
    max_sessions: int
    left: int


class ActorsReport(msgspec.Struct, frozen=True, kw_only=True):
    """Every session of a worker. `providers` are those with a circuit breaker, by setting."""

    worker: int
    """The worker's process id"""
    sessions: list[SessionActors]
    process: ActorState
    """The actor of the process that starts sessions"""
    providers: dict[str, list[ProviderState]]
    loop_lag: Lag
    capacity: Capacity
    scope: Literal["worker", "cluster"] = "worker"
    others: list["ActorsReport"] = []
    """The reports of the other workers, if those were asked for"""
    missing: int = 0
    """How many workers did not answer"""
