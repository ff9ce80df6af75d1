"""What is wrong with a session or a worker, in words, and how bad it is. Pure: what is looked at is passed in."""

from collections.abc import Iterable, Mapping, Sequence

import msgspec

from actors.runtime.actor_state import ActorState

STUCK_S = 2.0
"""Seconds without handling a message after which an actor that has messages counts as stuck."""
FULL_MAILBOX = 100
MOST_CHARS = 200
MOST_TROUBLES = 5

STUCK, LOST, BREAKER, RESTARTED, FULL, DEGRADED, DROPPED, WAITING = 100, 90, 60, 50, 40, 30, 20, 10
"""The weights of troubles, by which they are sorted when they are shown."""


class Trouble(msgspec.Struct, frozen=True, order=True):
    """Something that is wrong: the higher `weight`, the sooner somebody has to know."""

    weight: int
    text: str
    about: str = ""
    """Which part of the worker the trouble is about: it stays the same while figures in the text change."""


class ConsoleSession(msgspec.Struct, frozen=True, kw_only=True):
    """One live session in the list of sessions; `channel` is telephone or browser."""

    session_id: str
    channel: str
    mode: str
    agent: str
    state: str
    turn: int
    age_s: float
    weight: int
    troubles: tuple[str, ...]


class ConsoleApproval(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool that waits for an operator; times in seconds since 1970. No arguments where no content may be
    shown."""

    session_id: str
    approval_id: str
    agent: str
    tool: str
    arguments: str
    asked_at: float
    expires_at: float


class WorkerSummary(msgspec.Struct, frozen=True, kw_only=True):
    """How one worker is, and which of its sessions are worst.

    `at`: seconds since 1970; `content`: whether the arguments of tools are shown.
    """

    worker: int
    """The process id of the worker, unique on its server."""
    server: str = ""
    """The server that the worker belongs to: the same value for all its workers."""
    host: str = ""
    """The name of the machine that the worker runs on."""
    at: float
    phase: str
    sessions: int
    max_sessions: int
    lag_ms: float
    weight: int
    """The weight of the worst trouble of the worker or of any of its sessions."""
    troubles: tuple[str, ...]
    trouble_weights: tuple[int, ...]
    """The weight of each of the worker's own troubles, in the order of `troubles`."""
    worst: tuple[ConsoleSession, ...]
    approvals: tuple[ConsoleApproval, ...] = ()
    """The tool calls that wait for an operator, those that expire soonest first."""
    content: bool = False


def troubles_of_session(
    actors: Sequence[ActorState], *, state: str, age_s: float, rebuilt: int, last_errors: Mapping[str, str]
) -> list[Trouble]:
    """What is wrong with a session, the worst first.

    Args:
        actors: the supervisor and its children.
        state: of the session.
        age_s: of the session, in seconds.
        rebuilt: how often the session itself was started again.
        last_errors: why an actor was started again the last time, by its name.
    """
    found = [trouble for actor in actors for trouble in _troubles_of_actor(actor, age_s, last_errors)]
    if rebuilt:
        found.append(Trouble(RESTARTED, "the session was rebuilt: its supervisor had failed"))
    if state == "waiting":
        found.append(Trouble(WAITING, "its connection is lost, and is waited for"))
    return worst_first(found)


def _troubles_of_actor(actor: ActorState, session_s: float, last_errors: Mapping[str, str]) -> Iterable[Trouble]:
    name, waiting = actor.name.partition(" ")[0], actor.mailbox + actor.mailbox_urgent
    # One that has never handled anything may have begun to wait with the session.
    idle_s = session_s if actor.last_message_age_s is None else actor.last_message_age_s
    if waiting and idle_s > STUCK_S:
        yield Trouble(STUCK, f"{name} is stuck: {waiting} messages wait, none was handled for {idle_s:.0f} s")
    elif waiting >= FULL_MAILBOX:
        yield Trouble(FULL, f"the mailbox of {name} is full: {waiting} messages wait")
    if actor.restarts:
        times = "once" if actor.restarts == 1 else f"{actor.restarts} times"
        error = last_errors.get(name, "") or actor.last_error
        yield Trouble(RESTARTED + actor.restarts, f"{name} was started again {times}" + (f": {error}" if error else ""))
    if actor.dropped:
        yield Trouble(DROPPED, f"{name} has dropped {actor.dropped} messages")


def troubles_of_worker(
    *,
    phase: str,
    lag_ms: float,
    max_lag_ms: float,
    sessions: int,
    max_sessions: int,
    starts_sessions: bool,
    breakers: Mapping[str, str],
    degradations: Mapping[str, str],
) -> list[Trouble]:
    """What is wrong with a worker, the worst first.

    Args:
        phase: of its life.
        lag_ms: how late its event loop is.
        max_lag_ms: how late it may be before no more sessions are taken.
        sessions: how many are live.
        max_sessions: how many it takes.
        starts_sessions: False when the actor that starts sessions has failed too often.
        breakers: the state of each circuit breaker by setting and provider.
        degradations: the cause by the part that works in a lesser way.
    """
    found = [Trouble(BREAKER, f"{name}: circuit breaker {state}", name) for name, state in breakers.items()]
    found += [Trouble(DEGRADED, f"{part} is degraded: {cause}", part) for part, cause in degradations.items()]
    if not starts_sessions:
        found.append(Trouble(LOST, "it cannot start sessions any more: drain it", "sessions"))
    if lag_ms > max_lag_ms:
        found.append(Trouble(STUCK, f"its event loop is {lag_ms:.0f} ms late: it takes no more sessions", "loop"))
    if sessions >= max_sessions:
        found.append(Trouble(FULL, f"it is full: {sessions} sessions", "capacity"))
    if phase == "draining":
        found.append(Trouble(WAITING, "it drains", "drain"))
    return worst_first(found)


def worst_first(troubles: Iterable[Trouble]) -> list[Trouble]:
    """The worst of them, each cut to what a line holds."""
    worst = sorted(troubles, reverse=True)[:MOST_TROUBLES]
    return [Trouble(each.weight, each.text[:MOST_CHARS], each.about) for each in worst]


def weight_of(troubles: Iterable[Trouble]) -> int:
    """How bad it is in all: the worst of them; 0 if nothing is wrong."""
    return max((each.weight for each in troubles), default=0)
