"""How late the event loop runs, and which code held it up.

A heartbeat on the loop measures its own lateness; a daemon thread looks at the loop's stack while one is overdue.
"""

import asyncio
import logging
import selectors
import sys
import threading
from collections import deque
from collections.abc import Callable
from itertools import islice
from pathlib import PurePath
from time import monotonic
from types import FrameType

import msgspec
from opentelemetry import metrics

from actors.runtime.clock import is_virtual
from actors.runtime.telemetry import HANDLING_S

logger = logging.getLogger("earshot.loop")

HEARTBEAT_S = 0.02
"""Seconds between heartbeats. A stall is measured from the heartbeat that falls due in it, so that all stalls longer
than `STALL_S` and this together are seen."""
STALL_S = 0.05
WINDOW_S = 60.0
STACK_DEPTH = 12

_SELECTORS = PurePath(selectors.__file__)
RECENT_BEATS = 100
_ASYNCIO = PurePath(asyncio.__file__).parent

_lag = metrics.get_meter("earshot").create_histogram(
    "earshot.loop.lag", unit="s", description="Lag of the event loop", explicit_bucket_boundaries_advisory=HANDLING_S
)


class Lag(msgspec.Struct, frozen=True, kw_only=True):
    """Lateness of the loop's heartbeats in ms over the last minute; `stalls`: those over the limit since the start."""

    last_ms: float
    recent_ms: float
    """The 90th percentile of the lag of the last seconds, in ms: congestion raises it, a single stall does not."""
    p50_ms: float
    p99_ms: float
    max_ms: float
    stalls: int


class LoopWatchdog:
    """Watches the loop it is started on. `start`, `stop` and `lag` belong to the loop's thread.

    Args:
        heartbeat_s: seconds between two looks at the loop.
        stall_s: seconds after which a loop that does not turn is a stall.
        serving: whether anybody can be kept waiting. A stall that begins while nobody can, as during the start, is
            neither counted nor a warning; it is logged at DEBUG.
    """

    def __init__(
        self,
        heartbeat_s: float = HEARTBEAT_S,
        stall_s: float = STALL_S,
        *,
        serving: Callable[[], bool] = lambda: True,
    ) -> None:
        self._serving = serving
        self._level = logging.WARNING
        self._heartbeat_s = heartbeat_s
        self._stall_s = stall_s
        self._lags_ms: deque[float] = deque(maxlen=int(WINDOW_S / heartbeat_s))
        self._due_at_s = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread_id = 0
        self._loop: asyncio.AbstractEventLoop | None = None
        self.stalls = 0

    def start(self) -> None:
        """Begin to watch. Nothing is late on virtual time, which waits for the work."""
        self._loop = asyncio.get_running_loop()
        if is_virtual(self._loop):
            return
        self._thread_id = threading.get_ident()
        self._schedule()
        threading.Thread(target=self._watch, name="loop-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Stop the heartbeat and the thread that watches it."""
        self._stopped.set()
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    @property
    def lag(self) -> Lag:
        """What was measured; zeros before the first heartbeat."""
        ordered = sorted(self._lags_ms) or [0.0]
        # Those that have not come yet count as in time: the start itself is no congestion.
        recent = sorted([*islice(reversed(self._lags_ms), RECENT_BEATS), *[0.0] * (RECENT_BEATS - len(self._lags_ms))])
        return Lag(
            last_ms=self._lags_ms[-1] if self._lags_ms else 0.0,
            recent_ms=recent[len(recent) * 9 // 10],
            p50_ms=ordered[len(ordered) // 2],
            p99_ms=ordered[min(len(ordered) - 1, len(ordered) * 99 // 100)],
            max_ms=ordered[-1],
            stalls=self.stalls,
        )

    def _schedule(self) -> None:
        assert self._loop is not None
        # The monotonic clock, not the loop's: uvloop's stands still while a callback runs.
        self._level = logging.WARNING if self._serving() else logging.DEBUG
        self._due_at_s = monotonic() + self._heartbeat_s
        self._timer = self._loop.call_later(self._heartbeat_s, self._beat)

    def _beat(self) -> None:
        lag_s = max(0.0, monotonic() - self._due_at_s)
        self._lags_ms.append(lag_s * 1000)
        _lag.record(lag_s)
        if lag_s > self._stall_s and self._level == logging.WARNING:
            self.stalls += 1
        self._schedule()

    def _watch(self) -> None:
        """Sleep until a heartbeat would be overdue; then either another one is due, or the loop stands still."""
        logged_due_at_s = 0.0
        while True:
            due_at_s = self._due_at_s
            overdue_s = monotonic() - due_at_s
            if overdue_s > self._stall_s and due_at_s != logged_due_at_s:
                logged_due_at_s = due_at_s
                self._log_stack(overdue_s)
            if self._stopped.wait(max(self._stall_s - overdue_s, self._stall_s / 10)):
                return

    def _log_stack(self, overdue_s: float) -> None:
        frame = sys._current_frames().get(self._thread_id)
        if frame is None:
            return
        if is_idle(frame):
            logger.log(
                self._level, "the event loop is %.0f ms late though idle: the machine gave it no time", overdue_s * 1000
            )
            return
        logger.log(self._level, "the event loop has stood still for %.0f ms in %s", overdue_s * 1000, places(frame))


def is_idle(frame: FrameType) -> bool:
    """Whether a loop's thread waits in the loop itself, not in a callback. (uvloop has no Python frame of its own.)"""
    file = PurePath(frame.f_code.co_filename)
    return file == _SELECTORS or file.parent == _ASYNCIO


def places(frame: FrameType) -> str:
    """A stack in one line, innermost first. Places only: source lines would be read from files, locals be content."""
    named: list[str] = []
    at: FrameType | None = frame
    while at is not None and len(named) < STACK_DEPTH:
        named.append(f"{PurePath(at.f_code.co_filename).name}:{at.f_lineno} {at.f_code.co_qualname}")
        at = at.f_back
    return " < ".join(named)
