"""The workers that died lately and what became of their sessions, kept by the launcher, which outlives them."""

from collections import OrderedDict
from collections.abc import Collection
from typing import Any

import msgspec

GONE = "workers gone"
"""The topic of the launcher's notice to its workers about those that have died."""
MOST_GONE = 10
"""The most dead workers that are remembered; of more, the one that died first is forgotten."""
MOST_SESSIONS = 40
"""The most sessions of one worker that are named: a notice between workers holds no more."""


class GoneSession(msgspec.Struct, frozen=True, omit_defaults=True):
    """A session that was live when its worker died."""

    session_id: str
    goes_on_at: int = 0
    """The process id of the worker that has gone on with the session; 0 if none has."""
    host: str = ""
    """The name of the machine of that worker; empty if it is on the same server."""


class GoneWorker(msgspec.Struct, frozen=True, kw_only=True):
    """A worker that has died, by the number of its process. `host`: the name of the machine that it ran on."""

    worker: int
    at: float
    """When it died, in seconds since the epoch"""
    status: int
    """Its exit status, or the negative number of the signal that ended it"""
    live: int
    """How many live sessions it had"""
    lost: int
    """How many of these no other worker is known to have gone on with"""
    sessions: tuple[GoneSession, ...] = ()
    """Some of these sessions, the lost ones first"""
    host: str = ""


class _Death(msgspec.Struct, frozen=True):
    at: float
    status: int
    sessions: dict[str, int]
    """By session id, the process id of the worker that has gone on with it; 0 if none has."""


class GoneWorkers:
    """The workers that have died, the latest MOST_GONE of them. Belongs to one thread."""

    def __init__(self) -> None:
        self._deaths: OrderedDict[int, _Death] = OrderedDict()

    def record_death(self, worker: int, *, at: float, status: int, sessions: Collection[str]) -> None:
        """Record that a worker has died with these live sessions, by their ids."""
        self._deaths[worker] = _Death(round(at, 3), status, dict.fromkeys(sessions, 0))
        if len(self._deaths) > MOST_GONE:
            self._deaths.popitem(last=False)

    def record_begin(self, session_id: str, worker: int) -> bool:
        """Record that a session has begun at `worker`; returns whether a worker that died had it before."""
        found = [death.sessions for death in self._deaths.values() if session_id in death.sessions]
        for sessions in found:
            sessions[session_id] = worker
        return bool(found)

    def fields(self) -> dict[str, Any]:
        """The fields of the notice that reports the dead workers."""
        return {"gone": [msgspec.to_builtins(_described(*each)) for each in self._deaths.items()]}


def _described(worker: int, death: _Death) -> GoneWorker:
    sessions = sorted(death.sessions.items(), key=lambda each: each[1] != 0)
    return GoneWorker(
        worker=worker,
        at=death.at,
        status=death.status,
        live=len(sessions),
        lost=sum(goes_on_at == 0 for _, goes_on_at in sessions),
        sessions=tuple(GoneSession(*each) for each in sessions[:MOST_SESSIONS]),
    )


def gone_in(fields: dict[str, Any]) -> list[GoneWorker]:
    """The workers that a notice of the topic GONE reports.

    Raises:
        msgspec.ValidationError: it is none.
    """
    return msgspec.convert(fields["gone"], list[GoneWorker])
