"""The caller's end of a telephone line: a voice goes through a telephone's band to the server's own media socket.

What is spoken here is what Azure Communication Services speaks there: a WebSocket, JSON, a frame of 20 ms fifty times a
second, keys among them. Frames come late as over a network, and in their order. The agent's voice comes back on the
same socket, in its own time.
"""

import asyncio
import base64
import json
import random
from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime

from websockets.asyncio.client import ClientConnection
from websockets.exceptions import ConnectionClosed

from app.evals.listener import Listener
from app.evals.telephone_band import TelephoneBand

JITTER_MS, MOST_JITTER_MS = 8.0, 60.0
"""The average and the largest delay of a frame, in milliseconds."""
PAUSE_S = 0.4
"""Seconds without a frame of the agent's voice after which it has fallen silent."""
_SEED = 1


class TelephoneLine:
    """The caller's end of one call; implements what a `Microphone` speaks into.

    Args:
        far: the socket to the server.
        caller: the network's id of who speaks.
        listener: is told what is heard of the agent.
    """

    def __init__(self, far: ClientConnection, caller: str, listener: Listener) -> None:
        self._far = far
        self._caller = caller
        self._listener = listener
        self._band = TelephoneBand()
        self._chance = random.Random(_SEED)
        self._waiting: asyncio.Queue[tuple[float, str]] = asyncio.Queue(maxsize=500)
        self._heard_at = float("-inf")
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._send(), name="line.send"),
            loop.create_task(self._hear(), name="line.hear"),
        ]

    def push_audio(self, pcm: bytes) -> None:
        """Say the next 20 ms, PCM16LE mono at 16 kHz; frames that nobody takes for ten seconds are lost."""
        data = base64.b64encode(self._band.push(pcm)).decode()
        frame = {"timestamp": _now(), "participantRawID": self._caller, "data": data, "silent": False}
        self._put({"kind": "AudioData", "audioData": frame})

    def press(self, key: str) -> None:
        """Press a key of the telephone."""
        self._put({"kind": "DtmfData", "dtmfData": {"data": key, "participantRawID": self._caller}})

    def _put(self, message: Mapping[str, object]) -> None:
        late_s = min(self._chance.expovariate(1 / JITTER_MS), MOST_JITTER_MS) / 1_000
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((asyncio.get_running_loop().time() + late_s, json.dumps(message)))

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionClosed):
            while True:
                due, message = await self._waiting.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._far.send(message)

    async def _hear(self) -> None:
        """Note when the agent's voice begins on the line, and where it was ordered to fall silent."""
        loop = asyncio.get_running_loop()
        with suppress(ConnectionClosed):
            async for message in self._far:
                kind, now = json.loads(message).get("Kind"), loop.time()
                if kind == "StopAudio":
                    self._listener.noted("line", "the agent's voice is cut off")
                    self._heard_at = float("-inf")
                elif kind == "AudioData":
                    if now - self._heard_at > PAUSE_S:
                        self._listener.noted("line", "the agent's voice begins")
                    self._heard_at = now

    async def close(self) -> None:
        """Hang up: nothing more is said or heard on this line."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._far.close()


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
