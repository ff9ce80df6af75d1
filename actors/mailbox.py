"""A mailbox with two lanes: urgent messages overtake, all else is first in, first out.

A message class says `urgent = True` to overtake. One that says `droppable = True` carries `duration_ms`; when more than
`limit_ms` of such are queued, the oldest goes, counted: late audio is worth less than audio in time.
"""

from collections import deque
from collections.abc import Callable
from typing import Any

from pykka._envelope import Envelope

DEFAULT_LIMIT_MS = 2_000.0


class Mailbox:
    """Pykka's inbox for actors that share one event loop. All methods but `put` belong to the loop's thread."""

    __slots__ = ("_droppable", "_limit_ms", "_normal", "_put", "_queued_ms", "_urgent", "dropped")

    def __init__(self, limit_ms: float = DEFAULT_LIMIT_MS) -> None:
        self._urgent: deque[Envelope[Any]] = deque()
        self._normal: deque[Envelope[Any]] = deque()
        self._droppable: deque[Envelope[Any]] = deque()
        self._queued_ms = 0.0
        self._limit_ms = limit_ms
        self.dropped = 0
        self._put: Callable[[Envelope[Any]], None] = self._store

    def deliver_through(self, put: Callable[[Envelope[Any]], None]) -> None:
        """From now on `put` is what Pykka's refs reach: it stores, and wakes the actor."""
        self._put = put

    def put(self, envelope: Envelope[Any], /) -> None:
        """Take a message, from any thread."""
        self._put(envelope)

    def _store(self, envelope: Envelope[Any]) -> None:
        self.store(envelope)

    def store(self, envelope: Envelope[Any]) -> bool:
        """Queue a message in its lane; True when it is urgent."""
        message = envelope.message
        if getattr(message, "urgent", False):
            self._urgent.append(envelope)
            return True
        self._normal.append(envelope)
        if getattr(message, "droppable", False):
            self._droppable.append(envelope)
            self._queued_ms += message.duration_ms
            if self._queued_ms > self._limit_ms:
                self._drop_oldest()
        return False

    def _drop_oldest(self) -> None:
        envelope = self._droppable.popleft()
        self._queued_ms -= envelope.message.duration_ms
        # The envelope keeps its place in the lane, empty, so that the order of the others needs no search.
        envelope.message = _DROPPED
        self.dropped += 1

    def get(self) -> Envelope[Any]:
        """The next message; raises IndexError when there is none."""
        if self._urgent:
            return self._urgent.popleft()
        envelope = self._normal.popleft()
        if self._droppable and self._droppable[0] is envelope:
            self._droppable.popleft()
            self._queued_ms -= envelope.message.duration_ms
        return envelope

    def empty(self) -> bool:
        """Whether nothing is queued."""
        return not self._urgent and not self._normal

    @property
    def has_urgent(self) -> bool:
        """Whether an urgent message is queued."""
        return bool(self._urgent)

    @property
    def depths(self) -> tuple[int, int]:
        """Messages queued: (urgent, other)."""
        return len(self._urgent), len(self._normal)


class Dropped:
    """What stands in the place of a message that was dropped."""


_DROPPED = Dropped()
