"""Time as the actors see it, real and virtual.

On a `VirtualLoop` the very same code runs in no time: when nothing is ready the clock jumps to the next timer. It does
not jump while work outside the loop is outstanding (threads of `run_in_executor`, whatever is registered with
`outstanding`), and it says so instead of hanging when nothing can ever happen again.
"""

import asyncio
import selectors
import threading
import time
from collections import deque
from collections.abc import Callable, Coroutine, Iterator, Sequence
from contextlib import contextmanager
from contextvars import Context, copy_context
from heapq import heapify, heappop, heappush
from itertools import count
from typing import TYPE_CHECKING, Any, TypeVar

from pykka import ActorDeadError

from actors.errors import ActorsError
from actors.ports.clock import Timer
from actors.ports.recipient import Recipient

T = TypeVar("T")
M = TypeVar("M")

VIRTUAL_EPOCH_S = 1_750_000_000.0
"""Wall time at the beginning of virtual time, the same in every run."""
OUTSIDE_POLL_S = 0.05
"""Seconds between looks for work outside the loop that has ended without waking the loop."""
CANCELLED_MAX = 50
"""Cancelled timers are removed from the heap only if there are more than this."""


class LoopClock:
    """Implements `ports.Clock` by the event loop that runs when it is made."""

    def __init__(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._is_virtual = is_virtual(self._loop)

    def now(self) -> float:
        """Seconds on the loop's monotonic clock, whose zero means nothing."""
        return self._loop.time()

    def wall(self) -> float:
        """Seconds since the epoch; on virtual time since a fixed date, so that each run sees the same."""
        if self._is_virtual:
            return VIRTUAL_EPOCH_S + self._loop.time()
        return time.time()

    def call_later(self, delay_s: float, address: Recipient[M], message: M) -> Timer:
        """Tell `message` to `address` after `delay_s` seconds, unless cancelled by then."""
        return self._loop.call_later(delay_s, _tell, address, message)


def _tell(address: Recipient[M], message: M) -> None:
    try:
        address.tell(message)
    except ActorDeadError:
        return


class NothingLeftError(ActorsError):
    """On virtual time: no callback is ready, no timer set, no outside work outstanding. A real loop would hang here."""


class _JumpingSelector(selectors.DefaultSelector):
    """Moves the virtual time of its loop on where a real selector would wait, unless work outside the loop goes on."""

    loop: "VirtualLoop"
    descriptors = 0
    """How many are registered. To ask the selector for them takes a third of a turn of the loop."""

    def register(self, *args: Any, **named: Any) -> selectors.SelectorKey:
        key = super().register(*args, **named)
        self.descriptors += 1
        return key

    def unregister(self, *args: Any, **named: Any) -> selectors.SelectorKey:
        key = super().unregister(*args, **named)
        self.descriptors -= 1
        return key

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        if self.loop.work_outstanding:
            return super().select(OUTSIDE_POLL_S if timeout is None or timeout > 0 else 0)
        self.loop.was_woken = False
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            raise NothingLeftError(self.loop.describe_hang())
        self.loop.advance(timeout)
        return events


class _Timer(asyncio.TimerHandle):
    """A timer as asyncio makes it, made at once: its own two classes ask several times whether the loop debugs."""

    __slots__ = ()
    if TYPE_CHECKING:
        _context: Context
        _loop: asyncio.AbstractEventLoop
        _callback: Callable[..., object]
        _repr: str | None
        _source_traceback: object
        _when: float
        _scheduled: bool
        """Whoever cancels a timer of which this holds tells the loop (`_timer_handle_cancelled`)."""

    def __init__(
        self,
        when: float,
        callback: Callable[..., object],
        args: Sequence[Any],
        loop: asyncio.AbstractEventLoop,
        context: Context | None,
    ) -> None:
        if loop.get_debug():
            super().__init__(when, callback, args, loop, context)
            return
        self._context = copy_context() if context is None else context
        self._loop = loop
        self._callback = callback
        self._args = args
        self._cancelled = False
        self._repr = self._source_traceback = None
        self._when = when


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which begins at 0."""

    _ready: deque[asyncio.Handle]
    _stopping: bool
    _clock_resolution: float
    _process_events: Callable[[list[tuple[selectors.SelectorKey, int]]], None]

    def __init__(self) -> None:
        self._virtual_s = 0.0
        self._counting = threading.Lock()
        self.work_outstanding = 0
        self._timers: list[tuple[float, int, _Timer]] = []
        """A heap of timers: when each is due, a running number, and what is called."""
        self._timer_numbers = count()
        self._timers_cancelled = 0
        self.was_woken = False
        """Whether a thread or a signal has woken the loop since file descriptors were last polled."""
        self._descriptors = _JumpingSelector()
        self._descriptors.loop = self
        super().__init__(self._descriptors)

    def time(self) -> float:
        """Seconds of virtual time since the loop was made."""
        return self._virtual_s

    def advance(self, seconds: float) -> None:
        """Move virtual time on by `seconds`."""
        self._virtual_s += seconds

    def call_at(  # type: ignore[override]  # typeshed wants TypeVarTuple, which says no more here
        self, when: float, callback: Callable[..., object], *args: Any, context: Context | None = None
    ) -> asyncio.TimerHandle:
        """Have `callback` called at `when`, as a real loop does; of two that are due at once the older goes first."""
        timer = _Timer(when, callback, args, self, context)
        heappush(self._timers, (when, next(self._timer_numbers), timer))
        timer._scheduled = True
        return timer

    def _timer_handle_cancelled(self, handle: _Timer) -> None:
        self._timers_cancelled += handle._scheduled

    def _run_once(self) -> None:
        """Turn once, in place of asyncio's own, which compares timers in Python and asks its selector each time."""
        timers, ready, selector = self._timers, self._ready, self._descriptors
        if self._timers_cancelled > CANCELLED_MAX or (timers and timers[0][2]._cancelled):
            self._drop_cancelled()
        wait_s: float | None = 0.0
        if not ready and not self._stopping:
            wait_s = max(0.0, timers[0][0] - self._virtual_s) if timers else None
        # Threads or descriptors may have something for the loop; its own descriptor is one of them.
        if wait_s is None or self.was_woken or self.work_outstanding or selector.descriptors > 1:
            self._process_events(selector.select(wait_s))
        else:
            self._virtual_s += wait_s
        due_s = self._virtual_s + self._clock_resolution
        while timers and timers[0][0] < due_s:
            timer = heappop(timers)[2]
            timer._scheduled = False
            if timer._cancelled:
                self._timers_cancelled -= 1
            else:
                ready.append(timer)
        for _ in range(len(ready)):
            callback = ready.popleft()
            if not callback._cancelled:
                callback._run()

    def _drop_cancelled(self) -> None:
        """Drop timers that were cancelled: those at the head, and all as soon as they are most of many."""
        timers = self._timers
        if self._timers_cancelled > max(CANCELLED_MAX, len(timers) // 2):
            timers[:] = [entry for entry in timers if not entry[2]._cancelled]
            heapify(timers)
            self._timers_cancelled = 0
        while timers and timers[0][2]._cancelled:
            heappop(timers)
            self._timers_cancelled -= 1

    def call_soon_threadsafe(  # type: ignore[override]  # typeshed wants TypeVarTuple, which says no more here
        self, callback: Callable[..., object], *args: Any, **context: Any
    ) -> asyncio.Handle:
        """Have `callback` called, as a real loop does; time does not jump until it has been."""
        self.was_woken = True
        return super().call_soon_threadsafe(callback, *args, **context)

    @contextmanager
    def outstanding(self) -> Iterator[None]:
        """Work outside the loop goes on: time does not jump. May be left on another thread than it was entered on."""
        self._count(1)
        try:
            yield
        finally:
            self._count(-1)

    def run_in_executor(  # type: ignore[override]  # typeshed wants TypeVarTuple, which says no more here
        self, executor: Any, func: Callable[..., T], *args: Any
    ) -> "asyncio.Future[T]":
        """Run `func` on a thread, as a real loop does; time does not jump until it has returned."""
        self._count(1)
        try:
            future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        except BaseException:
            self._count(-1)
            raise
        future.add_done_callback(lambda _: self._count(-1))
        return future

    async def shutdown_default_executor(self, *args: Any) -> None:
        """Wait for the threads of the default executor, as a real loop does; time does not jump meanwhile."""
        with self.outstanding():
            await super().shutdown_default_executor(*args)

    def describe_hang(self) -> str:
        """Say what is unfinished on a loop on which nothing can happen any more: the words of `NothingLeftError`."""
        tasks = sorted(task.get_name() for task in asyncio.all_tasks(self))
        return (
            "nothing is ready, no timer is set and no outside work is outstanding: a real loop would hang here;"
            f" unfinished: {', '.join(tasks[:20]) or 'no task'}"
        )

    def _count(self, change: int) -> None:
        with self._counting:
            self.work_outstanding += change


def is_virtual(loop: asyncio.AbstractEventLoop) -> bool:
    """Whether time on this loop jumps from one timer to the next, so that real time says nothing of it."""
    return isinstance(loop, VirtualLoop)


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on a new `VirtualLoop`.

    Raises:
        NothingLeftError: `main` waits for something that can never happen.
    """
    results: list[T] = []

    async def keep() -> None:
        results.append(await main)

    # The runner has the result of its task written out, twice, when it looks who handles SIGINT. It may be long.
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        runner.run(keep())
    return results[0]
