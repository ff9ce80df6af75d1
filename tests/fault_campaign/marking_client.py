"""A browser client that plays what it is sent, reports how far it has played, and does as it is told."""

import asyncio
from collections import deque
from contextlib import suppress
from enum import StrEnum

from actors.messages.caller import PlaybackMarked
from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage, PlaybackPaused, PlaybackResumed
from actors.session.live_session import LiveSession
from tests.kit.session_kit import Ear

FRAME_S = 0.02
MARK_EVERY_S = 0.1
BUFFERED_S = 0.04
"""How much audio a player waits for before it begins."""
STOPS_S = 3.0


class ClientFault(StrEnum):
    """What is wrong with a client that reports marks."""

    SLOW = "plays a tenth too slowly"
    STOPS = "stops playing for 3 s, and says so"
    MUTE = "plays, and reports nothing for 3 s"
    LATE_MARKS = "its reports come 0.4 s late"
    WRONG_MARKS = "reports marks of turns that there are not"


class MarkingClient:
    """One client. What it plays is `played`, each frame with the time at which it has been played.

    Args:
        session: told the marks.
        ear: told all that the client is told.
        fault: what is wrong with it; it begins with what is played after `fault_at` seconds of the loop's time.
    """

    def __init__(self, session: LiveSession, ear: Ear, fault: ClientFault | None, fault_at: float) -> None:
        self.session = session
        self._ear = ear
        self._fault = fault
        self._fault_at = fault_at
        self._queue: deque[AudioFrame] = deque()
        self._received_ms: dict[int, float] = {}
        self._turn: int | None = None
        self._paused = False
        self._begun = False
        self._state = "empty"
        self._marked_at = 0.0
        self._task: asyncio.Task[None] | None = None
        self.played: list[tuple[float, AudioFrame]] = []

    def start(self) -> None:
        """Begin to play, in real time."""
        self._task = asyncio.ensure_future(self._play())

    async def stop(self) -> None:
        """Play and report nothing more."""
        if self._task is not None:
            self._task.cancel()
            with suppress(asyncio.CancelledError):
                await self._task

    def forget(self) -> None:
        """Be a new client on a new connection, which knows nothing of what the former one was sent."""
        self._queue.clear()
        self._received_ms.clear()
        self._turn, self._paused, self._begun, self._state = None, False, False, "empty"

    def tell(self, message: OutputMessage) -> None:
        """Do what the server says."""
        self._ear.tell(message)
        match message:
            case AudioFrame(turn=turn):
                self._queue.append(message)
                self._received_ms[turn] = self._received_ms.get(turn, 0.0) + FRAME_S * 1000
            case AudioDiscarded():
                self._queue.clear()
                self._paused = self._begun = False
                self._report()
            case PlaybackPaused():
                self._paused = True
                self._report()
            case PlaybackResumed():
                self._paused = False
                self._report()
            case _:
                pass

    async def _play(self) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        while True:
            due += FRAME_S * (1.1 if self._strikes(ClientFault.SLOW) else 1.0)
            await asyncio.sleep(max(0.0, due - loop.time()))
            if not self._stands_still:
                self._play_frame(loop.time())
            if self._state_now != self._state or loop.time() - self._marked_at >= MARK_EVERY_S:
                self._report()

    @property
    def _stands_still(self) -> bool:
        return self._paused or self._strikes(ClientFault.STOPS, STOPS_S)

    def _play_frame(self, now: float) -> None:
        self._begun = self._begun or len(self._queue) * FRAME_S >= BUFFERED_S
        if not self._queue:
            self._begun = False
        elif self._begun or self._queue[-1].last:
            frame = self._queue.popleft()
            self._turn = frame.turn
            self.played.append((now, frame))

    @property
    def _state_now(self) -> str:
        if self._stands_still and self._queue:
            return "paused"
        return "playing" if self._queue else "empty"

    def _report(self) -> None:
        loop = asyncio.get_running_loop()
        self._state, self._marked_at = self._state_now, loop.time()
        if self._turn is None and self._queue:
            self._turn = self._queue[0].turn
        if self._turn is None or self._strikes(ClientFault.MUTE, STOPS_S):
            return
        held_ms = sum(FRAME_S * 1000 for frame in self._queue if frame.turn == self._turn)
        turn = self._turn
        if self._strikes(ClientFault.WRONG_MARKS):
            turn += 7
        mark = PlaybackMarked(turn, max(0.0, self._received_ms.get(self._turn, 0.0) - held_ms), self._state)
        late_s = 0.4 if self._strikes(ClientFault.LATE_MARKS) else 0.03
        loop.call_later(late_s, self.session.deliver, mark)

    def _strikes(self, fault: ClientFault, for_s: float = 1_000.0) -> bool:
        now = asyncio.get_running_loop().time()
        return self._fault is fault and self._fault_at <= now < self._fault_at + for_s
