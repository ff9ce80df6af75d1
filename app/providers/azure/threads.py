"""Where the SDK's calls run that block: never on the event loop, and never more at once than there are threads."""

import asyncio
import contextlib
import logging
import os
import queue
import sys
import threading
from collections import deque
from collections.abc import Callable
from concurrent.futures import Future
from typing import TypeVar

log = logging.getLogger(__name__)

T = TypeVar("T")

QUICK_THREADS = 4
"""Threads for what takes milliseconds: to make an object, to begin a synthesis."""
SLOW_THREADS = 16
"""Threads for what may take seconds if the service does not answer: to stop, to release objects of the SDK."""


class _Pool:
    """So many threads at most, started when they are needed.

    Unlike those of `concurrent.futures` they do not keep a process from ending: to stop a synthesizer that waits for a
    service which does not answer takes the SDK 40 s.
    """

    def __init__(self, threads: int, name: str) -> None:
        self._name = name
        self._most = threads
        self._threads: list[threading.Thread] = []
        self._unfinished = 0
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._closed = False

    def submit(self, act: Callable[[], T]) -> "Future[T]":
        """Have `act` done. Belongs to any thread."""
        future: Future[T] = Future()

        def work() -> None:
            try:
                future.set_result(act())
            except BaseException as error:  # noqa: BLE001 - it is whoever waits for the future who deals with it
                future.set_exception(error)

        with self._lock:
            if self._closed:
                future.cancel()
                return future
            # From here on it cannot be cancelled: what has to be released is released, even if nobody waits for it
            # any more.
            future.set_running_or_notify_cancel()
            self._work.put(work)
            self._unfinished += 1
            if len(self._threads) < min(self._unfinished, self._most):
                thread = threading.Thread(target=self._run, name=self._name, daemon=True)
                self._threads.append(thread)
                thread.start()
        return future

    def close(self) -> None:
        """Take no more; threads end when they have done what there is."""
        with self._lock:
            self._closed = True
            for _ in self._threads:
                self._work.put(None)

    def _run(self) -> None:
        _wait_for_the_core()
        while (work := self._work.get()) is not None:
            work()
            # No reference to the work, and so to an object of the SDK, is kept until the next work comes.
            del work
            with self._lock:
                self._unfinished -= 1


class SdkThreads:
    """The threads on which one engine makes the blocking calls of the Speech SDK."""

    def __init__(self, name: str) -> None:
        self._quick = _Pool(QUICK_THREADS, f"{name}-quick")
        self._slow = _Pool(SLOW_THREADS, f"{name}-slow")
        self._leaving: set[Future[None]] = set()

    async def run(self, make: Callable[[], T], undo: Callable[[T], None] | None = None) -> T:
        """What `make` returns, run in a thread. If nobody waits any more, `undo` is given it in a slow thread."""
        future = self._quick.submit(make)
        try:
            # Shielded, since to cancel what is being done would lose what it makes.
            return await asyncio.shield(asyncio.wrap_future(future))
        except asyncio.CancelledError:
            if undo is not None:
                future.add_done_callback(lambda done: self._undo(done, undo))
            raise

    def _undo(self, done: "Future[T]", undo: Callable[[T], None]) -> None:
        if not done.cancelled() and done.exception() is None:
            made = done.result()
            self.leave(lambda: undo(made))

    def begin(self, act: Callable[[], None]) -> None:
        """Have something done soon; a failure of it is logged."""
        self._quick.submit(act).add_done_callback(_tell_failure)

    def in_order(self) -> Callable[[Callable[[], None]], None]:
        """As `begin`, for things that have to be done one after the other."""
        waiting: deque[Callable[[], None]] = deque()
        busy = threading.Lock()

        def work() -> None:
            # A call that comes while another one works leaves its part to that one.
            while waiting and busy.acquire(blocking=False):
                try:
                    while waiting:
                        _try(waiting.popleft())
                finally:
                    busy.release()

        def begin(act: Callable[[], None]) -> None:
            waiting.append(act)
            self.begin(work)

        return begin

    def leave(self, let_go: Callable[[], None]) -> "Future[None]":
        """Have something released in a slow thread; nobody need wait for it."""
        future = self._slow.submit(let_go)
        self._leaving.add(future)
        future.add_done_callback(self._leaving.discard)
        future.add_done_callback(_tell_failure)
        return future

    async def close(self, timeout_s: float) -> None:
        """Wait until all is released, `timeout_s` seconds at most; take no more."""
        leaving = [asyncio.ensure_future(_over(future)) for future in list(self._leaving)]
        if leaving:
            await asyncio.wait(leaving, timeout=timeout_s)
            for waiting in leaving:
                waiting.cancel()
        self._quick.close()
        self._slow.close()


def _wait_for_the_core() -> None:
    """Have this thread, and those that it starts, not take the core at once from another one whenever they are woken.

    Threads of the SDK inherit it. Most are woken by the loop itself, which hands over audio. Their share of the core
    stays the same.
    """
    if sys.platform == "linux":
        with contextlib.suppress(OSError):  # where it is not allowed, they run as before
            os.sched_setscheduler(0, os.SCHED_BATCH, os.sched_param(0))


def _try(act: Callable[[], None]) -> None:
    try:
        act()
    except Exception as error:  # noqa: BLE001 - what comes after it must be done all the same
        log.warning("a call of the Speech SDK failed: %s", type(error).__name__)


async def _over(future: "Future[None]") -> None:
    with contextlib.suppress(Exception):  # the failure was logged where it happened
        await asyncio.shield(asyncio.wrap_future(future))


def _tell_failure(done: "Future[None]") -> None:
    if not done.cancelled() and (error := done.exception()) is not None:
        log.warning("a call of the Speech SDK failed: %s", type(error).__name__)
