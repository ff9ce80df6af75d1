"""A person on the other end of the browser's socket: speaks in real time into noise, listens, waits, interrupts.

Imports nothing of the product. The microphone never stops: between sentences it hears the noise of the room.
"""

import asyncio
import json
from collections import deque
from typing import Any

import numpy
from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from tests.kit.clients.replies import is_understood, reply_is_over, said_by_agent
from tests.kit.speech import RATE_HZ, silence, white_noise

FRAME_BYTES = 640
FRAME_S = FRAME_BYTES / 2 / RATE_HZ
ROOM_MS = 4_000
LATE_S = 30.0
"""So much longer than it lasts may it take to say something, on a loaded machine."""
VOICE_LEVEL = 3_277.0
"""The root mean square of a voice, of 32 768: 20 dB below full scale, as telephones and microphones aim at."""


class SpokenCaller:
    """One conversation. `snr_db`: the room's white noise below the caller's voice; None for a silent room.

    Whatever ends one of its tasks, a test's time-out that struck there above all, is raised to whoever waits: nobody
    waits for a caller who has fallen silent.
    """

    def __init__(self, socket: ClientConnection, *, snr_db: float | None = 20.0, seed: int = 0) -> None:
        self._socket = socket
        self._snr_db = snr_db
        self._seed = seed
        self.events: list[dict[str, Any]] = []
        self.heard_s = 0.0
        self.late_s = 0.0
        """By how much a frame of the microphone was late at most: this machine had no time for the caller."""
        self._to_say: deque[bytes] = deque()
        self._said = asyncio.Event()
        self._changed = asyncio.Event()
        self._failure: BaseException | None = None
        self._tasks = [asyncio.ensure_future(self._talk()), asyncio.ensure_future(self._listen())]
        for task in self._tasks:
            task.add_done_callback(self._task_ended)
        self._plays_until = 0.0
        self.closed = False

    def _room(self) -> bytes:
        if self._snr_db is None:
            return silence(ROOM_MS)
        return white_noise(ROOM_MS, VOICE_LEVEL / 10 ** (self._snr_db / 20), self._seed)

    async def leave(self) -> None:
        """Hang up."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._socket.close()
        self._raise_failure()

    def _task_ended(self, task: asyncio.Task[None]) -> None:
        failure = None if task.cancelled() else task.exception()
        # The end of the connection is no failure: whoever waits looks at `closed`.
        if failure is not None and not isinstance(failure, ConnectionClosed):
            self._failure = self._failure or failure
        self.closed = self.closed or task is self._tasks[1]
        self._said.set()
        self._changed.set()

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    async def _talk(self) -> None:
        loop = asyncio.get_running_loop()
        room = self._room()
        position, due = 0, loop.time()
        while True:
            frame = room[position : position + FRAME_BYTES]
            position = (position + FRAME_BYTES) % len(room)
            if self._to_say:
                frame = _mixed(frame, self._to_say.popleft())
                if not self._to_say:
                    self._said.set()
            self.late_s = max(self.late_s, loop.time() - due)
            await self._socket.send(frame)
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _listen(self) -> None:
        loop = asyncio.get_running_loop()
        async for text in self._socket:
            event = json.loads(text)
            if event["type"] == "audio_data":
                duration_s = len(event["data"]) * 3 / 4 / 2 / event["sample_rate"]
                self.heard_s += duration_s
                self._plays_until = max(self._plays_until, loop.time()) + duration_s
            elif event["type"] == "control" and event["action"] == "tts_cancelled":
                self._plays_until = loop.time()
            self.events.append(event)
            self._changed.set()

    async def say(self, pcm: bytes) -> None:
        """Speak at the usual loudness into the noise of the room; returns when it has been said.

        Raises:
            ConnectionError: the connection ended first.
            TimeoutError: the server takes no sound.
        """
        voice = _at_voice_level(pcm)
        frames = [voice[i : i + FRAME_BYTES].ljust(FRAME_BYTES, b"\0") for i in range(0, len(voice), FRAME_BYTES)]
        self._to_say.extend(frames)
        async with asyncio.timeout(len(frames) * FRAME_S + LATE_S):
            while self._to_say:
                self._require_talk()
                self._said.clear()
                await self._said.wait()

    def _require_talk(self) -> None:
        self._raise_failure()
        if self._tasks[0].done():
            ends = [event for event in self.events if event["type"] in ("exit", "session_end", "error")]
            raise ConnectionError(f"the conversation is over, and the caller still speaks: {ends}")

    async def until(self, condition: Any, timeout_s: float) -> None:
        """Wait until `condition(self)`.

        Raises:
            TimeoutError: it does not come true in time.
        """
        async with asyncio.timeout(timeout_s):
            while not condition(self):
                self._raise_failure()
                self._changed.clear()
                await self._changed.wait()

    async def reply(self, after: int, timeout_s: float = 60.0) -> str:
        """What the agent said since event number `after`, once it has been heard to its end and nobody speaks."""
        await self.until(lambda caller: caller.closed or reply_is_over(caller.events[after:]), timeout_s)
        return self.said_by_agent(after)

    def said_by_agent(self, after: int = 0) -> str:
        """What was heard of the agent since event number `after`."""
        return said_by_agent(self.events[after:])

    def understood(self, after: int = 0) -> list[str]:
        """The user's words as the server understood them."""
        return [payload["message"] for payload in self._finals(after)]

    def confidences(self, after: int = 0) -> list[float]:
        """How sure the server was of them."""
        return [payload["confidence"] for payload in self._finals(after)]

    def _finals(self, after: int) -> list[dict[str, Any]]:
        return [event["payload"] for event in self.events[after:] if is_understood(event)]

    def tools(self) -> list[dict[str, Any]]:
        """Tool calls with their results."""
        starts = {e["callId"]: e for e in self.events if e["type"] == "tool_start"}
        return [{**starts[e["callId"]], **e} for e in self.events if e["type"] == "tool_end" and e["callId"] in starts]


def _at_voice_level(pcm: bytes) -> bytes:
    samples = numpy.frombuffer(pcm, numpy.int16).astype(numpy.float64)
    loud = samples[numpy.abs(samples) > 100]
    scale = VOICE_LEVEL / float(numpy.sqrt((loud**2).mean())) if len(loud) else 1.0
    return bytes(numpy.clip(samples * scale, -32768, 32767).astype(numpy.int16).tobytes())


def _mixed(one: bytes, other: bytes) -> bytes:
    both = numpy.frombuffer(one, numpy.int16).astype(numpy.int32) + numpy.frombuffer(other, numpy.int16)
    return bytes(numpy.clip(both, -32768, 32767).astype(numpy.int16).tobytes())
