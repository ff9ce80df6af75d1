"""How often final transcripts came late, which tells whether this machine keeps up with its callers."""

import logging
import time
from collections import deque
from collections.abc import Callable

from opentelemetry import metrics

LATE_MS = 1_000
"""Milliseconds after the end of an utterance from which on its final transcript counts as late."""

_late = metrics.get_meter("earshot").create_counter(
    "earshot.recognizer.late_finals", description="Local final transcripts that came over a second late"
)

log = logging.getLogger(__name__)


class Lateness:
    """When finals were late; shared by the streams of an engine."""

    def __init__(self, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self._late_at: deque[float] = deque(maxlen=1_000)
        self._logged_at = float("-inf")

    def recent(self, within_s: float) -> int:
        """How many finals came late within the last `within_s` seconds."""
        since = self.now() - within_s
        return sum(at >= since for at in self._late_at)

    def final_told(self, asked_at: float) -> None:
        """Note that a final that was asked for at `asked_at` goes out now."""
        now = self.now()
        after_ms = (now - asked_at) * 1000
        if after_ms <= LATE_MS:
            return
        _late.add(1)
        self._late_at.append(now)
        if now - self._logged_at >= 60:
            self._logged_at = now
            log.warning("a transcript came %d ms after the end of its utterance: this machine is too slow", after_ms)
