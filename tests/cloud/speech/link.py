"""A WebSocket to a client: what is told goes out in order, what passes is noted."""

import asyncio
import time

from aiohttp import WSMsgType, web

from tests.cloud.journal import Journal
from tests.cloud.speech.records import Connection, Message
from tests.cloud.speech.wire import Frame, audio_frame, parse, text_frame

ABNORMAL = 1006
CLOSE_ANSWER_S = 5.0
"""A client that is busy may take so long to answer a close; cut off before, it sees a broken connection instead."""


class Link:
    """Belongs to one connection; `messages` is the emulator's journal."""

    def __init__(
        self,
        request: web.Request,
        socket: web.WebSocketResponse,
        connection: Connection,
        messages: Journal[Message],
        *,
        notes_audio: bool = True,
    ) -> None:
        self.connection = connection
        self._request = request
        self._socket = socket
        self._messages = messages
        self._notes_audio = notes_audio
        self._out: asyncio.Queue[tuple[str, str, str | bytes, int] | int | None] = asyncio.Queue()
        self._reason = ""
        self.ending = False
        """Nothing more goes out."""

    def tell(self, path: str, request_id: str, body: object) -> bool:
        """Send a message; False if it cannot go out any more."""
        return self._put(path, request_id, text_frame(path, request_id, body), -1)

    def audio(self, request_id: str, stream_id: str, pcm: bytes) -> bool:
        """Send audio; the same."""
        return self._put("audio", request_id, audio_frame(request_id, stream_id, pcm), len(pcm))

    def end(self, code: int | None, reason: str = "") -> None:
        """Close with a code, or break the connection (None), behind what was told."""
        if not self.ending:
            self.ending = True
            self._reason = reason
            self._out.put_nowait(code)

    def abort(self) -> None:
        """Break the connection at once."""
        self.ending = True
        if (transport := self._request.transport) is not None:
            transport.abort()

    async def receive(self) -> Frame | None:
        """The next frame, None after the last.

        Raises:
            WireError: it is none.
        """
        message = await self._socket.receive()
        if message.type not in (WSMsgType.TEXT, WSMsgType.BINARY):
            return None
        frame = parse(message.data)
        body = frame.body if isinstance(frame.body, str) else ""
        self._note(False, frame.path, frame.request_id, len(frame.body), body)
        return frame

    async def write(self) -> None:
        """Send what is told, until the end."""
        while True:
            item = await self._out.get()
            try:
                if item is None:
                    self.abort()
                    return
                if isinstance(item, int):
                    self.connection.close_code = item
                    await self._socket.close(code=item, message=self._reason.encode()[:120])
                    return
                path, request_id, raw, size = item
                if isinstance(raw, str):
                    await self._socket.send_str(raw)
                    self._note(True, path, request_id, len(raw), raw.partition("\r\n\r\n")[2])
                else:
                    await self._socket.send_bytes(raw)
                    self._note(True, path, request_id, size, "")
            except ConnectionError:  # the client left
                self.ending = True
                return

    def closed(self) -> None:
        """Note that it is over."""
        self.ending = True
        self.connection.closed_at_s = time.monotonic()
        if self.connection.close_code is None:
            self.connection.close_code = self._socket.close_code or ABNORMAL

    def _put(self, path: str, request_id: str, raw: str | bytes, size: int) -> bool:
        if not self.ending:
            self._out.put_nowait((path, request_id, raw, size))
        return not self.ending

    def _note(self, sent: bool, path: str, request_id: str, size: int, body: str) -> None:
        if path == "audio" and not self._notes_audio:
            return
        message = Message(time.monotonic(), self.connection.number, sent, path, request_id, size, body)
        self._messages.append(message)
