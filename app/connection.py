"""One WebSocket's sending side: a queue and a writer of its own, so that a client that does not read delays nobody."""

import asyncio
import logging
from collections import deque
from typing import Any

from starlette.types import Send

from actors.messages import Audio, OutputMessage, PlayoutCleared, ReplyHeardShown, SessionEnded, UserFinalShown
from app.browser_output import BrowserWords
from app.lifecycle import Lifecycle
from protocol.browser import OUTPUT_RATE_HZ, AudioData, encode

log = logging.getLogger(__name__)

BEHIND_MS = 1_000.0
"""Audio queued beyond this means that the client does not read: it is closed."""
NORMAL, REFUSED, TOO_BIG, RESTARTING, OVERLOADED = 1000, 1008, 1009, 1012, 1013


class Connection:
    """Sends what a session shows to one browser. Belongs to the loop's thread; `tell` never waits."""

    def __init__(
        self,
        send: Send,
        words: BrowserWords,
        lifecycle: Lifecycle,
        *,
        binary: bool = False,
        marks: bool = False,
        rate_hz: int = OUTPUT_RATE_HZ,
    ) -> None:
        self._send = send
        self._lifecycle = lifecycle
        self._words = words
        self._binary = binary
        self._marks = marks
        self._rate_hz = rate_hz
        self._queue: deque[tuple[float, dict[str, Any]]] = deque()
        self._queued_ms = 0.0
        self._wake = asyncio.Event()
        self._audio_turn: int | None = None
        self._closing: tuple[int, str] | None = None
        self._writer = asyncio.get_running_loop().create_task(self._write(), name="connection.writer")
        self.closed = asyncio.Event()

    def tell(self, message: OutputMessage) -> None:
        """Queue what the session shows; silence goes ahead of queued audio and drops it."""
        match message:
            case Audio():
                self._audio(message)
            case PlayoutCleared():
                self._drop_audio()
                self._queue.extendleft(reversed([(0.0, _text(encode(m))) for m in self._words.say(message)]))
                self._wake.set()
            case SessionEnded():
                self._say(message)
                # A client that is told of the restart comes back to another worker.
                if self._lifecycle.admits():
                    self.close(NORMAL, message.reason.value.lower())
                else:
                    self.close(RESTARTING, "the server is restarting")
            case _:
                self._say(message)

    def text(self, text: str) -> None:
        """Queue a text message as it is."""
        self._put(0.0, _text(text))

    def close(self, code: int, reason: str) -> None:
        """Close once what is queued has been sent."""
        if self._closing is None:
            self._closing = (code, reason)
            self._wake.set()

    def abandon(self) -> None:
        """The client is gone: send nothing more."""
        self._queue.clear()
        self._writer.cancel()
        self.closed.set()

    def _say(self, message: OutputMessage) -> None:
        for wire in self._words.say(message):
            self._put(0.0, _text(encode(wire)))

    def _audio(self, audio: Audio) -> None:
        if self._marks and audio.turn != self._audio_turn:
            self._audio_turn = audio.turn
            self._put(0.0, _text(encode(self._words.control("audio_start", audio.turn))))
        duration_ms = len(audio.pcm) * 500 / self._rate_hz
        if self._binary:
            wire = {"type": "websocket.send", "bytes": audio.pcm}
        else:
            total = audio.sequence + 1 if audio.last else 0
            wire = _text(encode(AudioData(audio.pcm, audio.sequence, total, self._rate_hz, audio.last)))
        self._put(duration_ms, wire)

    def _put(self, duration_ms: float, wire: dict[str, Any]) -> None:
        if self._closing is not None:
            return
        self._queue.append((duration_ms, wire))
        self._queued_ms += duration_ms
        if self._queued_ms > BEHIND_MS:
            self._drop_audio()
            self.close(REFUSED, "the client does not read what it is sent")
            # The writer may be waiting in a send that never returns; closing must not wait for it.
            asyncio.get_running_loop().call_later(1.0, self._give_up)
        self._wake.set()

    def _drop_audio(self) -> None:
        if self._queued_ms:
            self._queue = deque(item for item in self._queue if not item[0])
            self._queued_ms = 0.0
        self._audio_turn = None

    def _give_up(self) -> None:
        if not self.closed.is_set():
            self._writer.cancel()
            self.closed.set()

    async def _write(self) -> None:
        try:
            while True:
                while self._queue:
                    duration_ms, wire = self._queue.popleft()
                    self._queued_ms = max(0.0, self._queued_ms - duration_ms)
                    await self._send(wire)
                if self._closing is not None:
                    code, reason = self._closing
                    await self._send({"type": "websocket.close", "code": code, "reason": reason})
                    return
                self._wake.clear()
                await self._wake.wait()
        except (OSError, RuntimeError):
            # The client went away in mid-send; its receiving side says so too.
            return
        finally:
            self.closed.set()


class Observers:
    """What a session shows, for its own connection and for dashboards that look on; with LOG_CONTENT, for the log."""

    def __init__(self, session_id: str, *, log_content: bool) -> None:
        self._session_id = session_id
        self._log_content = log_content
        self.connection: Connection | None = None
        self.dashboards: set[Connection] = set()

    def tell(self, message: OutputMessage) -> None:
        """Show `message` to everybody; dashboards get no audio."""
        if self._log_content:
            self._log(message)
        if self.connection is not None:
            self.connection.tell(message)
        if self.dashboards and not isinstance(message, Audio):
            for dashboard in tuple(self.dashboards):
                dashboard.tell(message)

    def _log(self, message: OutputMessage) -> None:
        match message:
            case UserFinalShown(turn, text):
                log.info("the user said", extra={"session": self._session_id, "turn": turn, "text": text})
            case ReplyHeardShown(turn, _, text):
                log.info("the user heard", extra={"session": self._session_id, "turn": turn, "text": text})
            case _:
                return


def _text(text: str) -> dict[str, Any]:
    return {"type": "websocket.send", "text": text}
