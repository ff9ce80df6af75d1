"""The known load-test client, as far as its socket shows: speech and silence in 640-byte frames, replies counted.

Written from the public contract alone; imports nothing of the product.
"""

import asyncio
import json
from typing import Any

from tests.kit.clients.known_frontend import Socket

FRAME = 640
FRAME_S = 0.02


class KnownLoadClient:
    """Speaks a script turn by turn: sends an AudioMetadata message first, then audio without pause."""

    def __init__(self, socket: Socket, turns: list[bytes]) -> None:
        self._socket = socket
        self._turns = turns
        self.replies = 0
        self.audio_messages = 0
        self.errors: list[str] = []
        self.first_audio_s: list[float] = []
        self._speech_ended_at: float | None = None
        self._replied = asyncio.Event()

    async def run(self, turn_timeout_s: float = 20.0) -> None:
        """The whole script."""
        listening = asyncio.ensure_future(self._listen())
        await self._send(json.dumps({"kind": "AudioMetadata", "payload": {"format": "pcm", "rate": 16000}}))
        try:
            await self._wait(turn_timeout_s)
            for pcm in self._turns:
                self._replied.clear()
                await self._stream(pcm)
                self._speech_ended_at = asyncio.get_running_loop().time()
                await self._wait(turn_timeout_s)
        finally:
            listening.cancel()

    async def _wait(self, timeout_s: float) -> None:
        """Silence until a reply has been heard to its end."""
        loop = asyncio.get_running_loop()
        due = loop.time()
        async with asyncio.timeout(timeout_s):
            while not self._replied.is_set():
                await self._send(bytes(FRAME))
                due += FRAME_S
                await asyncio.sleep(max(0.0, due - loop.time()))

    async def _stream(self, pcm: bytes) -> None:
        loop = asyncio.get_running_loop()
        due = loop.time()
        for begin in range(0, len(pcm) - FRAME + 1, FRAME):
            await self._send(pcm[begin : begin + FRAME])
            due += FRAME_S
            await asyncio.sleep(max(0.0, due - loop.time()))

    async def _send(self, data: str | bytes) -> None:
        sent = self._socket.send(data)
        if sent is not None:
            await sent

    async def _listen(self) -> None:
        while True:
            text = await self._socket.recv()
            message: dict[str, Any] = json.loads(text)
            if message["type"] == "error":
                self.errors.append(message["payload"]["error_message"])
            if message["type"] == "audio_data":
                self._audio(message)

    def _audio(self, message: dict[str, Any]) -> None:
        self.audio_messages += 1
        if self._speech_ended_at is not None:
            self.first_audio_s.append(asyncio.get_running_loop().time() - self._speech_ended_at)
            self._speech_ended_at = None
        if message["is_final"]:
            self.replies += 1
            self._replied.set()
