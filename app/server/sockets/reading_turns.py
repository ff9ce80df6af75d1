"""Orders the reading of a worker's sockets while their clients send more than the worker can handle at once.

What arrives in one callback of the loop may be 250 kB, which is 40,000 small messages. A socket handles a few of them;
for the rest it waits in a queue that all sockets share. The queue is served for at most `TURN_S` in each turn of the
loop, a few messages of one socket and then of the next, so that timers and the sockets of other clients have their
turn however much the clients of this worker send together.
"""

import asyncio
from collections import deque
from enum import Enum, auto
from time import monotonic
from typing import Protocol

TURN_S = 0.002
"""Seconds for which waiting sockets are read in one turn of the loop, all of them together."""
LOOK_AGAIN_S = 0.002
"""Seconds after which a socket whose messages could not be taken is tried again."""


class Progress(Enum):
    """How far the reading of a few messages has come."""

    DONE = auto()
    """All messages that have arrived were read."""
    MORE = auto()
    """There is more, which can be read at once."""
    LATER = auto()
    """There is more, which the recipient cannot take now."""


class Readable(Protocol):
    """A socket that holds what its client has sent."""

    def read_some(self) -> Progress:
        """Handle a few messages; never raises."""
        ...

    def read_all(self) -> None:
        """Go on listening to the client: all is read that had come."""
        ...


class ReadingTurns:
    """The queue of one event loop. Belongs to the loop's thread."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._waiting: deque[Readable] = deque()
        self._ordered = False

    def wait(self, socket: Readable) -> None:
        """Have `socket` read in a later turn of the loop. It is not to wait already."""
        self._waiting.append(socket)
        if not self._ordered:
            self._ordered = True
            self._loop.call_soon(self._turn)

    def _turn(self) -> None:
        waiting, ends_s = self._waiting, monotonic() + TURN_S
        try:
            while waiting:
                socket = waiting.popleft()
                progress = socket.read_some()
                if progress is Progress.MORE:
                    waiting.append(socket)
                elif progress is Progress.LATER:
                    self._loop.call_later(LOOK_AGAIN_S, self.wait, socket)
                else:
                    socket.read_all()
                if monotonic() >= ends_s:
                    break
        finally:
            self._ordered = bool(waiting)
            if waiting:
                self._loop.call_soon(self._turn)


_turns: dict[asyncio.AbstractEventLoop, ReadingTurns] = {}


def reading_turns_of(loop: asyncio.AbstractEventLoop) -> ReadingTurns:
    """The queue of `loop`, made when it is first asked for; those of closed loops are forgotten then."""
    turns = _turns.get(loop)
    if turns is None:
        for other in [other for other in _turns if other.is_closed()]:
            del _turns[other]
        turns = _turns[loop] = ReadingTurns(loop)
    return turns
