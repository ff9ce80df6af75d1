"""Transcription of one call over its own socket: the test says what was recognized, or utterances are counted."""

import asyncio
import json
import time
import uuid
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from tests.cloud.acs.call_socket import CallSocket
from tests.cloud.acs.events import DONE, NO_SOCKET, Result, transcription_update
from tests.cloud.acs.pcm import FRAME_MS
from tests.cloud.acs.requests import TranscriptionOptions, WithCallback
from tests.cloud.acs.sockets import SocketRefused
from tests.cloud.speech.energy import Segments

if TYPE_CHECKING:
    from tests.cloud.acs.calls import Call

TICKS_PER_MS = 10_000
LAST_TICK = 3_155_378_975_999_999_999
"""The end of the year 9999 in .NET's calendar, whose offsets in the documentation's example count down from it."""
EPOCH_TICKS = 621_355_968_000_000_000
"""The beginning of 1970 in that calendar."""


SILENCE_MS = 500.0
"""Silence that ends an utterance."""


class _Voice(msgspec.Struct):
    """One participant, who is heard from `from_ms` of the transcription on."""

    from_ms: float
    segments: Segments
    utterances: int = 0
    start_ms: float = 0.0


class TranscriptionStream(CallSocket):
    """The subscription. What the application sends on this socket is not read."""

    def __init__(self, call: "Call", options: TranscriptionOptions) -> None:
        super().__init__(call, options.transport_url)
        self.options = options
        self.locale = options.locale
        self.subscription_id = str(uuid.uuid4())
        self._begun_s = 0.0
        """When the socket was opened, in seconds since the epoch."""
        self._heard_ms = 0.0
        self._voices: dict[str, _Voice] = {}

    def start(self, order: WithCallback, locale: str | None = None) -> None:
        """Connect, in the background, and tell the application how it went."""
        if not self._call.behaviour.opens_sockets:
            return
        self._opening = self._wanted = True
        self.locale = locale or self.locale
        self._call.background.start(self._start(order))

    def update(self, order: WithCallback, locale: str | None) -> None:
        """Listen for another language."""
        self.locale = locale or self.locale
        self._report("Updated", "transcriptionLocaleUpdated", DONE, order)

    def send(self, raw_id: str, text: str, *, final: bool = True, offset_ms: int = 0, duration_ms: int = 0) -> None:
        """Words of a speaker, each as long as the others; such as are not final come only if they were asked for.

        Raises:
            RuntimeError: the socket is not open. The application may have taken it a moment before it is known here.
        """
        if self._socket is None:
            raise RuntimeError("words for a transcription socket that is not open: wait until it is connected")
        if not (final or self.options.enable_intermediate_results):
            return
        spoken = text.split()
        each = duration_ms * TICKS_PER_MS // max(1, len(spoken))
        words = [
            {
                "text": word.strip(".,?!").lower(),
                "offset": self._ticks(offset_ms * TICKS_PER_MS + number * each),
                "duration": each,
            }
            for number, word in enumerate(spoken)
        ]
        about = {
            "text": text,
            "format": "display",
            "confidence": 0.9,
            "offset": self._ticks(offset_ms * TICKS_PER_MS),
            "duration": duration_ms * TICKS_PER_MS,
            "words": words,
            "participantRawID": raw_id,
            "resultStatus": "Final" if final else "Intermediate",
        }
        self._socket.send(json.dumps({"kind": "TranscriptionData", "transcriptionData": about}))

    def listen(self, spoken: Iterable[tuple[str, bytes | None]]) -> None:
        """Transcribe one frame of each participant, None where they say nothing: "Number 1." is the first utterance."""
        if self._socket is None:
            return
        rate_hz = self._call.rate_hz
        for raw_id, frame in spoken:
            voice = self._voices.get(raw_id)
            if voice is None:
                voice = self._voices[raw_id] = _Voice(self._heard_ms, Segments(rate_hz, SILENCE_MS))
            for edge in voice.segments.feed(frame or bytes(rate_hz * 2 * FRAME_MS // 1_000)):
                at_ms = voice.from_ms + edge.at_ms
                if edge.kind == "start":
                    voice.utterances, voice.start_ms = voice.utterances + 1, at_ms
                    self.send(raw_id, f"Number {voice.utterances}", final=False, offset_ms=round(at_ms))
                else:
                    text, start_ms = f"Number {voice.utterances}.", round(voice.start_ms)
                    self.send(raw_id, text, offset_ms=start_ms, duration_ms=round(at_ms) - start_ms)
        self._heard_ms += FRAME_MS

    def drop(self) -> None:
        """Lose the connection, and tell the application; it is not opened again before it is asked for."""
        if self._socket is not None:
            self._socket.drop()

    def _ticks(self, ticks: int) -> int:
        """An offset as it is sent: from the beginning, or counted down as in the documentation's example."""
        if not self._call.behaviour.dates_offsets:
            return ticks
        return LAST_TICK - (EPOCH_TICKS + round(self._begun_s * 1_000) * TICKS_PER_MS + ticks)

    async def _start(self, order: WithCallback) -> None:
        await asyncio.sleep(self._call.behaviour.socket_delay_s)
        try:
            connection = await self._open()
        except SocketRefused:
            self._report("Failed", "streamConnectionUnsuccessful", NO_SOCKET, order)
            return
        if connection is None:
            return
        self._begun_s = time.time()
        self._heard_ms = 0.0
        self._voices.clear()
        connection.send(self._metadata())
        self._report("Started", "subscriptionStarted", DONE, order)
        await connection.serve(lambda _: None, lambda _: None)
        if self._socket is connection:
            self._socket = None
            self._report("Failed", "streamConnectionInterrupted", NO_SOCKET, order)

    def _metadata(self) -> str:
        about = {
            "subscriptionId": self.subscription_id,
            "locale": self.locale.lower(),
            "callConnectionId": self._call.connection_id,
            "correlationId": self._call.correlation_id,
        }
        return json.dumps({"kind": "TranscriptionMetadata", "transcriptionMetadata": about})

    def _report(self, what: str, details: str, result: Result, order: WithCallback) -> None:
        update = transcription_update(f"transcription{what}", details)
        self._call.emit(f"Transcription{what}", {"transcriptionUpdate": update}, result, order)
