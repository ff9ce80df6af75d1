"""Time and chance as the actors see them, real and virtual.

On a `VirtualLoop` the very same code runs in no time: when nothing is ready the clock jumps to the next timer. It does not
jump while work outside the loop is outstanding (threads of `run_in_executor`, whatever is registered with `outstanding`), and
it says so instead of hanging when nothing can ever happen again.
"""

import asyncio
import random
import secrets
import selectors
import time
from collections.abc import Callable, Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from pykka import ActorDeadError

from actors.ports import Address, Timer

T = TypeVar("T")
M = TypeVar("M")


class LoopClock:
    """`ports.Clock` on the event loop that runs when it is made. `wall_origin_s`: wall time at loop time 0, for replays."""

    def __init__(self, wall_origin_s: float | None = None) -> None:
        self._loop = asyncio.get_running_loop()
        self._wall_origin_s = wall_origin_s

    def now(self) -> float:
        """Seconds, monotonic."""
        return self._loop.time()

    def wall(self) -> float:
        """Seconds since the epoch."""
        return time.time() if self._wall_origin_s is None else self._wall_origin_s + self._loop.time()

    def call_later(self, delay_s: float, address: Address[M], message: M) -> Timer:
        """Tell `message` after `delay_s`, unless cancelled."""
        return self._loop.call_later(delay_s, _tell, address, message)


def _tell(address: Address[M], message: M) -> None:
    try:
        address.tell(message)
    except ActorDeadError:
        return


class SystemRandom:
    """`ports.Random` from the operating system."""

    def token(self, prefix: str = "") -> str:
        """128 unguessable bits."""
        return prefix + secrets.token_urlsafe(16)

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return random.uniform(low, high)  # noqa: S311 - jitter, not a secret


class SeededRandom:
    """`ports.Random` that repeats itself."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)  # noqa: S311 - repeatable on purpose

    def token(self, prefix: str = "") -> str:
        """The next identifier of the seed."""
        return f"{prefix}{self._random.getrandbits(64):016x}"

    def uniform(self, low: float, high: float) -> float:
        """The next number of the seed."""
        return self._random.uniform(low, high)


class NothingLeftError(RuntimeError):
    """On virtual time: no callback is ready, no timer is set, no outside work is outstanding. A real loop would hang here."""


class _JumpingSelector(selectors.DefaultSelector):  # type: ignore[misc, valid-type]
    """Does not wait for time to pass: it makes it pass."""

    loop: "VirtualLoop"

    def select(self, timeout: float | None = None) -> Any:
        if self.loop.work_outstanding:
            return super().select(0.05 if timeout is None or timeout > 0 else 0)
        events = super().select(0)
        if events or timeout == 0:
            return events
        if timeout is None:
            if self.loop.stopping_soon():
                return events
            raise NothingLeftError("nothing is ready, no timer is set and no outside work is outstanding: this would hang")
        self.loop.advance(timeout)
        return events


class VirtualLoop(asyncio.SelectorEventLoop):
    """An event loop on virtual time, which begins at 0."""

    def __init__(self) -> None:
        self._virtual_s = 0.0
        self.work_outstanding = 0
        selector = _JumpingSelector()
        selector.loop = self
        super().__init__(selector)

    def time(self) -> float:
        """Seconds of virtual time."""
        return self._virtual_s

    def advance(self, seconds: float) -> None:
        """Let virtual time pass."""
        self._virtual_s += seconds

    def stopping_soon(self) -> bool:
        """Whether the loop was told to stop, so that having nothing to do is no fault."""
        return bool(self._stopping)  # type: ignore[attr-defined]

    @contextmanager
    def outstanding(self) -> Iterator[None]:
        """Work outside the loop goes on: time does not jump."""
        self.work_outstanding += 1
        try:
            yield
        finally:
            self.work_outstanding -= 1

    def run_in_executor(self, executor: Any, func: Callable[..., T], *args: Any) -> "asyncio.Future[T]":  # type: ignore[override]
        """As on a real loop; time does not jump until `func` has returned."""
        self.work_outstanding += 1
        future: asyncio.Future[T] = super().run_in_executor(executor, func, *args)
        future.add_done_callback(self._executor_done)
        return future

    def _executor_done(self, _: "asyncio.Future[Any]") -> None:
        self.work_outstanding -= 1


def run_virtual(main: Coroutine[Any, Any, T]) -> T:
    """Run `main` on a new `VirtualLoop`."""
    with asyncio.Runner(loop_factory=VirtualLoop) as runner:
        return runner.run(main)
