"""Threads for tools that are plain functions: a few for each tool, so that one whose service hangs starves no other.

A thread cannot be ended from outside. A call that hangs keeps its thread for as long as it hangs; all that can be done
is to bound how many there are, to refuse calls that have no chance, and not to wait for them when the process ends.
"""

import queue
import threading
from collections.abc import Callable
from concurrent.futures import Executor, Future
from time import monotonic
from typing import Any, ParamSpec, TypeVar

from actors.errors import ActorsError

P = ParamSpec("P")
T = TypeVar("T")

THREADS = 4
"""The most calls of one tool that run at the same time in a worker."""
WAITING = 16
"""The most calls of one tool that wait for a thread; each waits no longer than the tool's own timeout."""


class ToolThreadsBusyError(ActorsError):
    """A call is not begun: every thread of its tool hangs, or too many calls wait already."""


class _Call:
    """One call: what is done, and where its result goes."""

    def __init__(self, future: "Future[Any]", work: Callable[[], Any]) -> None:
        self.future = future
        self.work = work


class ToolThreads(Executor):
    """The threads of one tool, started when they are needed. Safe for any thread.

    They are daemons: unlike those of `ThreadPoolExecutor` nothing joins them when the event loop or the interpreter
    ends, so that a call that hangs does not hold up a drain.
    """

    def __init__(self, name: str, timeout_s: float, threads: int = THREADS, waiting: int = WAITING) -> None:
        """`timeout_s`: a call that runs for longer counts as hanging."""
        self._name = name
        self._timeout_s = timeout_s
        self._threads = threads
        self._waiting: queue.Queue[_Call] = queue.Queue(waiting)
        self._lock = threading.Lock()
        self._outstanding = 0
        self._started_at: dict[int, float] = {}
        self._count = 0

    @property
    def hanging(self) -> int:
        """Calls that still run though their tool's timeout is over."""
        with self._lock:
            return self._hanging()

    def submit(self, work: Callable[P, T], /, *args: P.args, **kwargs: P.kwargs) -> "Future[T]":
        """Run `work` on a thread, at once or when one is free; one that is cancelled before that is not run.

        Raises:
            ToolThreadsBusyError: every thread of the tool hangs, or too many calls wait already.
        """
        future: Future[T] = Future()
        with self._lock:
            if self._hanging() == self._threads:
                raise ToolThreadsBusyError(f"{self._threads} calls of {self._name} hang")
            try:
                self._waiting.put_nowait(_Call(future, lambda: work(*args, **kwargs)))
            except queue.Full:
                raise ToolThreadsBusyError(f"{self._waiting.maxsize} calls of {self._name} wait already") from None
            self._outstanding += 1
            if self._count < min(self._outstanding, self._threads):
                self._count += 1
                threading.Thread(target=self._serve, name=f"tool-{self._name}", daemon=True).start()
        return future

    def _hanging(self) -> int:
        now = monotonic()
        return sum(now - started_at > self._timeout_s for started_at in self._started_at.values())

    def _serve(self) -> None:
        while True:
            call = self._waiting.get()
            with self._lock:
                self._started_at[threading.get_ident()] = monotonic()
            _run(call)
            with self._lock:
                del self._started_at[threading.get_ident()]
                self._outstanding -= 1
            # What was said in the call must not stay until the next one comes.
            del call


def _run(call: _Call) -> None:
    if not call.future.set_running_or_notify_cancel():
        return
    try:
        result = call.work()
    except BaseException as error:  # noqa: BLE001 - whatever fails in the call is its caller's to know
        # `sys.exit` must not end the event loop that waits for it, and no future of asyncio takes a StopIteration:
        # the call would never be over.
        is_taken = isinstance(error, Exception) and not isinstance(error, StopIteration)
        call.future.set_exception(error if is_taken else RuntimeError(f"the call raised {type(error).__name__}"))
    else:
        call.future.set_result(result)
