"""The known React frontend, as far as its socket shows: 1024-byte frames, JSON, no marks, a player without prefill.

Written from the public contract alone; imports nothing of the product. The player starts a reply with its first frame
and plays on as frames come; when the next frame is not there in time, that is an underrun, counted.
"""

import asyncio
import base64
import json
import random
from collections import Counter, deque
from typing import Any, Protocol

FRAME_BYTES = 1024
RATE_HZ = 16_000


class Socket(Protocol):
    """What the frontend needs of a WebSocket; `send` may be a coroutine function."""

    def send(self, data: str | bytes) -> Any: ...

    async def recv(self) -> str | bytes: ...


class Player:
    """Plays what it gets when it gets it."""

    def __init__(self) -> None:
        self.underruns = 0
        self.played_ms = 0.0
        self._plays_until: float | None = None
        self.silenced_at: list[float] = []

    def play(self, pcm: bytes, rate_hz: int, at: float, *, begins: bool) -> None:
        """A frame arrives at `at` (seconds)."""
        duration_s = len(pcm) / 2 / rate_hz
        self.played_ms += duration_s * 1000
        if begins or self._plays_until is None:
            self._plays_until = max(at, self._plays_until or at)
        elif at > self._plays_until + 1e-6:
            self.underruns += 1
            self._plays_until = at
        self._plays_until += duration_s

    def stop(self, at: float) -> None:
        """Throw away what has not been played."""
        self._plays_until = None
        self.silenced_at.append(at)


class KnownFrontend:
    """One page, connected. `jitter_s`: each message arrives up to so much later, in order."""

    def __init__(self, socket: Socket, jitter_s: float = 0.0, seed: int = 1) -> None:
        self._socket = socket
        self._jitter_s = jitter_s
        self._random = random.Random(seed)
        self.player = Player()
        self.messages: list[dict[str, Any]] = []
        self.kinds: Counter[str] = Counter()
        self.session_id = ""
        self._pcm = bytearray()
        self._last_arrival = 0.0
        self._on_the_way: deque[tuple[str | bytes, float]] = deque()
        self._changed = asyncio.Event()
        self.expected_index = 0
        self.broken_order = 0

    async def listen(self) -> None:
        """Until the socket closes; raises what the socket raises then."""
        loop = asyncio.get_running_loop()
        while True:
            text = await self._socket.recv()
            arrives = max(loop.time() + self._random.uniform(0, self._jitter_s), self._last_arrival)
            self._last_arrival = arrives
            # Timers that are due together fire in any order, messages arrive in theirs.
            self._on_the_way.append((text, arrives))
            loop.call_at(arrives, lambda: self._take(*self._on_the_way.popleft()))

    def _take(self, text: str | bytes, at: float) -> None:
        if isinstance(text, bytes):
            raise TypeError("known frontends cannot take binary messages")
        message = json.loads(text)
        kind = message["type"]
        self.kinds[kind] += 1
        match kind:
            case "audio_data":
                self._audio(message, at)
            case "control" if message["action"] in ("tts_cancelled", "audio_stop"):
                self.player.stop(at)
            case "event" if message["payload"].get("event_type") == "session":
                self.session_id = message["payload"]["session_id"]
            case _:
                pass
        if kind != "audio_data":
            self.messages.append(message)
        self._changed.set()

    def _audio(self, message: dict[str, Any], at: float) -> None:
        index = message["frame_index"]
        if index not in (0, self.expected_index):
            self.broken_order += 1
        self.expected_index = index + 1
        if message["is_final"] and message["total_frames"] != index + 1:
            self.broken_order += 1
        if not message["is_final"] and message["total_frames"] != 0:
            self.broken_order += 1
        self.player.play(base64.b64decode(message["data"]), message["sample_rate"], at, begins=index == 0)

    async def until(self, condition: Any, timeout_s: float = 60.0) -> None:
        """Wait until `condition(self)`."""
        async with asyncio.timeout(timeout_s):
            while not condition(self):
                self._changed.clear()
                await self._changed.wait()

    async def speak(self, pcm: bytes) -> None:
        """Send audio as the page's recorder does, in real time."""
        self._pcm += pcm
        loop = asyncio.get_running_loop()
        due = loop.time()
        while len(self._pcm) >= FRAME_BYTES:
            frame = bytes(self._pcm[:FRAME_BYTES])
            del self._pcm[:FRAME_BYTES]
            sent = self._socket.send(frame)
            if sent is not None:
                await sent
            due += FRAME_BYTES / 2 / RATE_HZ
            await asyncio.sleep(max(0.0, due - loop.time()))

    def texts(self, sender: str) -> list[str]:
        """What was shown of a sender's words: finals of the user, streamed text of the agent."""
        shown = [m["payload"] for m in self.messages if m.get("sender") == sender]
        return [p.get("message") or p.get("content", "") for p in shown if p.get("event_type") != "stt_partial"]
