"""What the workers of one server tell the launcher, and each other through it, over their pipes."""

import time
from collections.abc import Set
from pathlib import Path
from typing import Any, assert_never

from app.server.processes.gone_workers import GONE, GoneWorkers
from app.server.processes.session_registry import SessionRegistry
from app.server.processes.worker_pipe import (
    OF_WORKER,
    AskOwner,
    Owner,
    SessionBegun,
    SessionLeft,
    WorkerNotice,
    encode_line,
)
from app.server.processes.worker_process import WorkerProcess
from app.telephony.continuity.live_calls import LiveCalls

Told = WorkerNotice | AskOwner | SessionBegun | SessionLeft


class WorkerExchange:
    """Knows which worker has each session and each call, and what all workers are to know. Belongs to one thread.

    Args:
        workers: those that run; whoever starts and ends them changes it.
        state_directory: where the record of calls is kept; None: it is lost with the launcher.
    """

    def __init__(self, workers: Set[WorkerProcess], state_directory: Path | None) -> None:
        self._workers = workers
        self._sessions = SessionRegistry()
        self._gone = GoneWorkers()
        self._noticed: dict[str, dict[str, Any]] = {}
        """The notices by topic, merged, for workers that are started later."""
        self._calls = LiveCalls(state_directory)

    def greet(self, worker: WorkerProcess) -> None:
        """Tell a worker that has been started what all know, and give it the calls that nobody has."""
        for topic, fields in self._noticed.items():
            worker.tell(encode_line(WorkerNotice(topic, fields)))
        self._calls.hand_over(worker, worker.tell)

    def take(self, worker: WorkerProcess, message: Told, line: bytes) -> None:
        """Handle a message of a worker, which came as `line`."""
        match message:
            case WorkerNotice() as notice if self._calls.take(worker, notice):
                worker.tell(line)
            case WorkerNotice(topic, fields):
                self._noticed.setdefault(topic, {}).update(fields)
                for each in self._workers:
                    each.tell(line)
            case AskOwner():
                worker.tell(encode_line(Owner(message.number, self._owner(message, worker.process.pid))))
            case SessionBegun(session_id):
                self._sessions.begin(session_id, worker.process.pid)
                if self._gone.record_begin(session_id, worker.process.pid):
                    self._tell_of_gone()
            case SessionLeft(session_id, begun):
                leave = self._sessions.end if begun else self._sessions.release
                leave(session_id, worker.process.pid)
            case _:
                assert_never(message)

    def ended(self, worker: WorkerProcess, status: int, *, is_serving: bool) -> None:
        """Forget a worker, which is not among those that run any more.

        While the server serves, the others are told of it if it has died, and its calls go to one of them at once if
        there is one; else they wait for the next to start.

        Args:
            worker: the one that has ended.
            status: its exit status, or minus the number of the signal that ended it.
            is_serving: the server is ready, and was not told to end.
        """
        lost = self._sessions.forget(worker.process.pid)
        if is_serving and status != 0:
            self._gone.record_death(worker.process.pid, at=time.time(), status=status, sessions=lost)
            self._tell_of_gone()
        self._noticed.pop(f"{OF_WORKER}{worker.process.pid}", None)
        self._calls.worker_ended(worker)
        other = next((other for other in self._workers if other.is_ready), None)
        if other is not None and is_serving:
            self._calls.hand_over(other, other.tell)

    def close(self) -> None:
        """Write the record of the calls."""
        self._calls.close()

    def _tell_of_gone(self) -> None:
        """Tell all workers, those that start later included, of those that have died and of their sessions."""
        fields = self._noticed[GONE] = self._gone.fields()
        for worker in self._workers:
            worker.tell(encode_line(WorkerNotice(GONE, fields)))

    def _owner(self, asked: AskOwner, asker: int) -> int:
        if asked.claim:
            return self._sessions.claim(asked.session_id, asker)
        return self._sessions.owner(asked.session_id)
