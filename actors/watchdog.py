"""How late the loop runs, and what held it up.

A heartbeat on the loop measures its own lateness; a daemon thread looks at the loop's stack while a heartbeat is overdue.
"""

import asyncio
import logging
import sys
import threading
import time
import traceback
from collections import deque

import msgspec
from opentelemetry import metrics

logger = logging.getLogger("earshot.loop")

HEARTBEAT_S = 0.02
STALL_S = 0.05
WINDOW_S = 60.0

_lag = metrics.get_meter("earshot").create_histogram("earshot.loop.lag", unit="ms", description="Longest lag of the event loop in a second")


class Lag(msgspec.Struct, frozen=True):
    """Lateness of the loop in ms over the last minute, each sample the worst of a second."""

    last_ms: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    stalls: int


class LoopWatchdog:
    """Watches the loop it is started on. `start` and `stop` belong to the loop's thread."""

    def __init__(self, heartbeat_s: float = HEARTBEAT_S, stall_s: float = STALL_S) -> None:
        self._heartbeat_s = heartbeat_s
        self._stall_s = stall_s
        self._seconds: deque[float] = deque(maxlen=int(WINDOW_S))
        self._worst_s = 0.0
        self._second_began = 0.0
        self._beat_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._stopped = threading.Event()
        self._thread_id = 0
        self.stalls = 0

    def start(self) -> None:
        """Begin to watch."""
        self._loop = asyncio.get_running_loop()
        self._thread_id = threading.get_ident()
        self._beat_at = self._second_began = time.monotonic()
        self._schedule()
        threading.Thread(target=self._watch, name="loop-watchdog", daemon=True).start()

    def stop(self) -> None:
        """Watch no more."""
        self._stopped.set()
        if self._timer is not None:
            self._timer.cancel()

    @property
    def lag(self) -> Lag:
        """What was measured."""
        samples = sorted(self._seconds) or [self._worst_s]
        return Lag(
            last_ms=samples[-1] * 1000 if not self._seconds else self._seconds[-1] * 1000,
            p50_ms=samples[len(samples) // 2] * 1000,
            p99_ms=samples[min(len(samples) - 1, int(len(samples) * 0.99))] * 1000,
            max_ms=samples[-1] * 1000,
            stalls=self.stalls,
        )

    def _schedule(self) -> None:
        self._due = self._loop.time() + self._heartbeat_s
        self._timer = self._loop.call_at(self._due, self._beat)

    def _beat(self) -> None:
        self._worst_s = max(self._worst_s, self._loop.time() - self._due)
        self._beat_at = now = time.monotonic()
        if now - self._second_began >= 1.0:
            self._seconds.append(self._worst_s)
            _lag.record(self._worst_s * 1000)
            self._worst_s, self._second_began = 0.0, now
        self._schedule()

    def _watch(self) -> None:
        seen = 0.0
        while not self._stopped.wait(self._stall_s / 2):
            beat_at = self._beat_at
            overdue_s = time.monotonic() - beat_at - self._heartbeat_s
            if overdue_s > self._stall_s and beat_at != seen:
                seen = beat_at
                self.stalls += 1
                self._log_stack(overdue_s)

    def _log_stack(self, overdue_s: float) -> None:
        frame = sys._current_frames().get(self._thread_id)  # noqa: SLF001 - the documented way to another thread's stack
        if frame is not None:
            # Places only: values of locals could be content.
            stack = " < ".join(f"{f.name}:{f.lineno}" for f in reversed(traceback.extract_stack(frame)[-12:]))
            logger.warning("the event loop has stood still for %.0f ms in %s", overdue_s * 1000, stack)
