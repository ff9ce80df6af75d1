"""What operators are shown of sessions and their actors: the answers of `/health/actors`."""

from typing import Literal

import msgspec

from actors.runtime.supervised_actor import ActorState
from actors.runtime.watchdog import Lag
from app.providers.failover.providers import ProviderState


class SessionActors(msgspec.Struct, frozen=True, kw_only=True):
    """A live session and its actors, the supervisor first. `doing` is what the agent does with the turn."""

    session_id: str
    mode: str
    agent: str
    """The one that has the conversation"""
    handoffs: list[str]
    """The agents that the conversation was handed off to, in the order of time"""
    state: str
    doing: str
    turn: int
    age_s: float
    rebuilt: int
    """How many times its actors were all made anew"""
    audio_bytes: int
    """Bytes of audio that are kept for it"""
    actors: list[ActorState]


class RecentMessage(msgspec.Struct, frozen=True, kw_only=True, rename={"sender": "from", "receiver": "to"}):
    """A message that an actor has handled, without its content."""

    at: float
    """Seconds since 1970"""
    sender: str
    """The actor that told it; empty where it came from outside the actors: a connection, an engine, a timer"""
    receiver: str
    """The actor that has handled it"""
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
    """Process id"""
    sessions: list[SessionActors]
    process: ActorState
    """The actor that starts sessions"""
    providers: dict[str, list[ProviderState]]
    loop_lag: Lag
    capacity: Capacity
    scope: Literal["worker", "cluster"] = "worker"
    others: list["ActorsReport"] = []
    """The reports of the other workers, if all are asked for"""
    missing: int = 0
    """How many workers did not answer"""
