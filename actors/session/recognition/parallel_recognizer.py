"""A recognizer that listens in parallel to a speech-to-speech model: the conversation does not depend on it.

A failure of its engine loses words, and ends neither the recognizer's actor nor the session: a stream that has failed
hears nothing from then on, and another one is opened `AGAIN_S` later.
"""

import asyncio
import logging
from collections.abc import Callable
from contextlib import suppress

import msgspec

from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.clock import Clock
from actors.ports.stt import (
    Recognition,
    RecognitionEvent,
    RecognitionFailed,
    RecognitionOptions,
    RecognitionReady,
    SpeechRecognizer,
)
from actors.runtime.closing import close_in_background
from actors.runtime.containment import comes_from_outside, start_contained
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.session_trace import Peer, peer_of
from actors.session.engine_violations import required_stream

logger = logging.getLogger("earshot.actors")

OPEN_S = 3.0
"""Seconds within which an engine has to open a stream, else it has failed; the recognizer of the usual mode
allows 5."""
AGAIN_S = 30.0
"""Seconds between a failure and the next attempt to open a stream."""

Report = Callable[[RecognitionEvent], None]


class ParallelRecognizer:
    """Implements `SpeechRecognizer` for one session over an engine that may fail.

    Args:
        engine: the speech to text; it belongs to the process, and is not closed by this.
        clock: when a stream is asked for again.
    """

    def __init__(self, engine: SpeechRecognizer, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock

    @property
    def peer(self) -> Peer | None:
        """The service behind the engine."""
        return peer_of(self._engine)

    async def open(self, options: RecognitionOptions, report: Report) -> "ParallelRecognition":
        """A stream, whatever becomes of the engine's own. Raises nothing."""
        stream = ParallelRecognition(self._engine, options, report, self._clock)
        await stream.connect()
        report(RecognitionReady())
        return stream

    async def close(self) -> None:
        """Do nothing: the engine is shared by all sessions of the process, which closes it."""


class ParallelRecognition:
    """One session's stream, over as many of the engine's as it takes. Reports no failure."""

    def __init__(self, engine: SpeechRecognizer, options: RecognitionOptions, report: Report, clock: Clock) -> None:
        self._engine = engine
        self._options = options
        self._report: Report | None = report
        self._clock = clock
        self._stream: Recognition | None = None
        self._serial = 0
        self._bytes = self._began_bytes = 0
        """Bytes of audio so far, and when the engine's stream began, from where its times count."""
        self._again_at_s = 0.0
        self._owes_final = False
        self._connecting: asyncio.Task[None] | None = None

    async def connect(self) -> None:
        """Open a stream of the engine; if that fails, hear nothing for `AGAIN_S`."""
        self._serial += 1
        serial = self._serial
        try:
            async with asyncio.timeout(OPEN_S):
                stream = required_stream(
                    await self._engine.open(self._options, lambda event: self._told(serial, event))
                )
        except BaseException as error:
            # Whatever is wrong with it: the conversation does without.
            if comes_from_outside(error, asyncio.current_task()):
                raise
            self._failed(str(error) or type(error).__name__)
            return
        if self._report is None or serial != self._serial:
            close_in_background(stream)
            return
        self._stream, self._began_bytes = stream, self._bytes

    def push(self, pcm: bytes) -> None:
        """Pass audio on to the engine's stream; where there is none, open another one when it is time."""
        self._bytes += len(pcm)
        if (stream := self._stream) is not None:
            try:
                stream.push(pcm)
            except BaseException as error:  # noqa: BLE001 - as in `_ask`, which would be a call more for each frame
                self._failed(type(error).__name__)
        elif self._connecting is None and self._clock.now() >= self._again_at_s:
            loop = asyncio.get_running_loop()
            self._connecting = start_contained(loop, self.connect(), self._could_not_connect, "recognizer-beside")
            self._connecting.add_done_callback(self._connected)

    def finish_utterance(self) -> None:
        """Have the engine's stream deliver its final; without one, nothing was understood."""
        if self._stream is None:
            self._tell(NoSpeechRecognized(self._ms(self._bytes)))
        else:
            self._owes_final = True
            self._ask(self._stream.finish_utterance)

    async def close(self) -> None:
        """End the engine's stream, and the opening of another one."""
        self._report = None
        stream, self._stream = self._stream, None
        if self._connecting is not None:
            self._connecting.cancel()
            with suppress(asyncio.CancelledError):
                await self._connecting
        if stream is not None:
            await stream.close()

    def _connected(self, _: object) -> None:
        self._connecting = None

    def _could_not_connect(self, error: BaseException) -> None:
        self._failed(type(error).__name__)

    def _ask(self, order: Callable[[], None]) -> None:
        """Have the engine's stream do something; one that raises, which it must not, has failed."""
        try:
            order()
        except BaseException as error:  # noqa: BLE001 - the conversation does without
            self._failed(type(error).__name__)

    def _told(self, serial: int, event: RecognitionEvent) -> None:
        if serial != self._serial:
            return
        match event:
            case RecognitionReady():
                return
            case RecognitionFailed(kind, detail):
                self._failed(f"{kind}, {detail}")
            case FinalTranscript() | NoSpeechRecognized():
                self._owes_final = False
                self._tell(self._placed(event))
            case InterimTranscript():
                self._tell(self._placed(event))

    def _failed(self, detail: str) -> None:
        self._serial += 1
        self._again_at_s = self._clock.now() + AGAIN_S
        stream, self._stream = self._stream, None
        close_in_background(stream)
        line = "the parallel recognizer has failed, and the conversation goes on without its words: %s"
        report_failure(Failure.TRANSCRIBER, logger, line, detail)
        if self._owes_final:
            self._owes_final = False
            self._tell(NoSpeechRecognized(self._ms(self._bytes)))

    def _tell(self, event: RecognitionEvent) -> None:
        if self._report is not None:
            self._report(event)

    def _placed(
        self, event: FinalTranscript | InterimTranscript | NoSpeechRecognized
    ) -> FinalTranscript | InterimTranscript | NoSpeechRecognized:
        """The event with its times in this stream, of which the engine's may be a later part."""
        later_ms = self._ms(self._began_bytes)
        if not later_ms:
            return event
        end_ms = event.end_ms + later_ms
        if isinstance(event, NoSpeechRecognized):
            return msgspec.structs.replace(event, end_ms=end_ms)
        placed = msgspec.structs.replace(event, start_ms=event.start_ms + later_ms, end_ms=end_ms)
        if isinstance(placed, FinalTranscript) and placed.words:
            words = (
                msgspec.structs.replace(word, start_ms=word.start_ms + later_ms, end_ms=word.end_ms + later_ms)
                for word in placed.words
            )
            placed = msgspec.structs.replace(placed, words=tuple(words))
        return placed

    def _ms(self, count_bytes: int) -> float:
        return count_bytes * 500 / self._options.rate_hz
