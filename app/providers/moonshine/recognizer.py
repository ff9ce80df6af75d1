"""Speech to text (STT) on this machine: Moonshine tiny, English only, in threads of the worker.

One thread listens: it finds voice in the audio of all streams and decides what is decoded when; it alone touches a
stream's state. One or two threads decode. The event loop hands over audio and is told events, and never waits.
"""

import asyncio
import contextlib
import logging
import os
import queue
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING

from actors.errors import ErrorKind, RecognizerError
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionOptions, RecognitionReady
from actors.ports.vad import VoiceActivity
from app.providers.failover.providers import PartlyReadyError
from app.providers.moonshine.weights import weights
from app.providers.silero.voice_activity import detectors_of_a_thread

if TYPE_CHECKING:
    from app.providers.moonshine.caller_stream import CallerStream
    from app.providers.moonshine.hints import Hints
    from app.providers.moonshine.model import Model

RATE_HZ = 16_000
HINTS_MAX = 32
"""The most agents whose phrases are kept ready; of more, the one that was unused longest is dropped."""
HAND_OVER_MS = 32
"""Milliseconds of audio that are handed to the listening thread at a time: one window of voice activity detection."""
BACKLOG_MAX_MS = 60_000
"""Milliseconds of waiting audio with which a stream fails: the machine does not keep up."""
LATE_WITHIN_S = 60.0
STUCK_S = 10.0
"""Seconds after which a thread that decodes one segment is taken to be stuck; no decoding takes so long."""
MISSING = "its model is not installed: moonshine-voice 0.1.0, of the extra `local`"

log = logging.getLogger(__name__)

Report = Callable[[RecognitionEvent], None]


class _Listening:
    """The thread that owns the streams, and the threads that decode for them."""

    def __init__(self, model: "Model", threads: int) -> None:
        from app.providers.moonshine.decoding import DecodingQueue
        from app.providers.moonshine.lateness import Lateness

        self.model = model
        self.decodings = DecodingQueue(model, threads)
        self.lateness = Lateness()
        self.detector: Callable[[], VoiceActivity] = detectors_of_a_thread()
        self.streams: set[CallerStream] = set()
        """The open streams. Belongs to the thread."""
        self._work: queue.SimpleQueue[Callable[[], None] | None] = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name="moonshine-listening", daemon=True)
        self._thread.start()

    def do(self, work: Callable[[], None]) -> None:
        """Have `work` done on the thread, in the order of the calls."""
        self._work.put(work)

    def close(self) -> None:
        """End the threads, without waiting for them."""
        self._work.put(None)
        self.decodings.close()

    def _run(self) -> None:
        while (work := self._work.get()) is not None:
            work()
        for stream in self.streams:
            stream.close()


class _Recognition:
    """The stream of one caller's audio, seen from the event loop."""

    def __init__(self, listening: _Listening, hints: "Hints", rate_hz: int, report: Report) -> None:
        self._listening = listening
        self._report: Report | None = report
        self._loop = asyncio.get_running_loop()
        self._stream: CallerStream | None = None
        self._hand_over_bytes = rate_hz * 2 * HAND_OVER_MS // 1000
        self._backlog_max_bytes = rate_hz * 2 * BACKLOG_MAX_MS // 1000
        self._pieces: list[bytes] = []
        self._pieces_bytes = 0
        self._pushed_bytes = 0
        self._taken_bytes = 0
        self._is_given_up = False
        """Whether the stream lags so much that it is failed when the thread comes to it; it takes no more audio."""
        self._resample = _resampling(rate_hz)
        listening.do(lambda: self._open(hints))

    # on the event loop

    def push(self, pcm: bytes) -> None:
        """See `actors.ports.stt.Recognition`."""
        if self._report is None or self._is_given_up:
            return
        self._pieces.append(pcm)
        self._pieces_bytes += len(pcm)
        if self._pieces_bytes >= self._hand_over_bytes:
            self._hand_over()

    def finish_utterance(self) -> None:
        """See `actors.ports.stt.Recognition`."""
        if self._report is not None and not self._is_given_up:
            self._hand_over()
            self._listening.do(self._finish)

    async def close(self) -> None:
        """See `actors.ports.stt.Recognition`."""
        if self._report is not None:
            self._report = None
            self._listening.do(self._close)

    def _hand_over(self) -> None:
        pcm = b"".join(self._pieces)
        self._pieces.clear()
        self._pieces_bytes = 0
        self._pushed_bytes += len(pcm)
        if self._pushed_bytes - self._taken_bytes > self._backlog_max_bytes:
            self._is_given_up = True
            self._listening.do(self._lags)
        else:
            self._listening.do(lambda: self._take(pcm))

    def _told(self, event: RecognitionEvent) -> None:
        if self._report is not None:
            self._report(event)

    # on the listening thread

    def _open(self, hints: "Hints") -> None:
        from app.providers.moonshine.caller_stream import CallerStream

        listening = self._listening
        self._stream = CallerStream(
            detector=listening.detector(),
            hints=hints,
            texts=listening.model.vocabulary,
            queue=listening.decodings,
            decoded=lambda decoding: listening.do(lambda: self._safely(lambda stream: stream.on_decoded(decoding))),
            tell=self._tell,
            lateness=listening.lateness,
        )
        listening.streams.add(self._stream)
        self._tell(RecognitionReady())

    def _take(self, pcm: bytes) -> None:
        self._taken_bytes += len(pcm)
        self._safely(lambda stream: stream.take(self._resample(pcm)))

    def _finish(self) -> None:
        self._safely(lambda stream: stream.finish())

    def _close(self) -> None:
        self._safely(lambda stream: stream.close())
        if self._stream is not None:
            self._listening.streams.discard(self._stream)
            self._stream = None

    def _lags(self) -> None:
        self._safely(lambda stream: stream.fail(ErrorKind.THROTTLED, "recognition on this machine lags by a minute"))

    def _safely(self, work: Callable[["CallerStream"], None]) -> None:
        """Do `work` on this stream; an exception ends the stream, and no other."""
        if self._stream is None or self._stream.is_over:
            return
        try:
            work(self._stream)
        except Exception as error:  # noqa: BLE001 - whatever it is; the other streams go on
            log.error("recognition of a stream has failed: %s", type(error).__name__)  # noqa: TRY400
            self._stream.fail(ErrorKind.INTERNAL, f"recognition failed: {type(error).__name__}")

    def _tell(self, event: RecognitionEvent) -> None:
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever listened
            self._loop.call_soon_threadsafe(self._told, event)


class MoonshineRecognizer:
    """The engine of one worker: the model is loaded once, by `prepare` or the first `open`.

    Args:
        threads: that decode; by default two, or one on a single core.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or min(2, os.cpu_count() or 1)
        self._listening: _Listening | None = None
        self._hints: OrderedDict[tuple[str, ...], Hints] = OrderedDict()
        self._loading = asyncio.Lock()
        self._is_closed = False

    async def prepare(self, phrases: Iterable[str]) -> None:
        """Load the model, and have the hints of these phrases ready, so that no caller waits for it.

        Raises:
            RecognizerError: the model cannot be loaded.
        """
        await self._ready_for(tuple(phrases))

    async def open(self, options: RecognitionOptions, report: Report) -> Recognition:
        """See `actors.ports.stt.SpeechRecognizer`."""
        if not any(language.lower().split("-")[0] == "en" for language in options.languages):
            raise RecognizerError(ErrorKind.BAD_REQUEST, "moonshine understands English only")
        listening, hints = await self._ready_for(options.phrases)
        return _Recognition(listening, hints, options.rate_hz, report)

    async def close(self) -> None:
        """See `actors.ports.stt.SpeechRecognizer`."""
        self._is_closed = True
        async with self._loading:
            if self._listening is not None:
                self._listening.close()
                self._listening = None

    async def ready(self) -> str:
        """Whether transcripts come in time; an empty text, as of every engine that is no service elsewhere.

        Raises:
            RecognizerError: a thread hangs.
            PartlyReadyError: some came late within the last minute.
        """
        listening = self._listening
        if listening is not None and listening.decodings.busy_s > STUCK_S:
            raise RecognizerError(ErrorKind.TIMEOUT, "moonshine hangs")
        if listening is not None and (late := listening.lateness.recent(LATE_WITHIN_S)):
            raise PartlyReadyError(
                ErrorKind.TIMEOUT, f"{late} transcripts of the last minute came over a second late: too many callers"
            )
        return ""

    async def _ready_for(self, phrases: tuple[str, ...]) -> tuple[_Listening, "Hints"]:
        async with self._loading:
            if self._is_closed:
                raise RecognizerError(ErrorKind.UNAVAILABLE, "the recognizer is closed")
            if self._listening is None:
                self._listening = _Listening(await asyncio.to_thread(_load), self._threads)
            if phrases not in self._hints:
                self._hints[phrases] = await asyncio.to_thread(_hints, self._listening.model, phrases)
                if len(self._hints) > HINTS_MAX:
                    self._hints.popitem(last=False)
            self._hints.move_to_end(phrases)
            return self._listening, self._hints[phrases]


def _load() -> "Model":
    """Read the weights and hear a second of silence, which is when the runtime gets its memory."""
    folder = weights()
    if folder is None:
        raise RecognizerError(ErrorKind.UNAVAILABLE, MISSING)
    import numpy as np

    from app.providers.moonshine.model import Model

    try:
        model = Model(folder)
        model.decode(np.zeros(RATE_HZ, np.float32))
    except Exception as error:
        raise RecognizerError(ErrorKind.UNAVAILABLE, f"its model cannot be loaded: {type(error).__name__}") from error
    return model


def _hints(model: "Model", phrases: tuple[str, ...]) -> "Hints":
    from app.providers.moonshine.hints import Hints

    return Hints(model.vocabulary, phrases)


def _resampling(rate_hz: int) -> Callable[[bytes], bytes]:
    """A converter of PCM16LE from `rate_hz` to 16 kHz, with memory of its own."""
    if rate_hz == RATE_HZ:
        return lambda pcm: pcm
    import numpy as np
    import soxr

    stream = soxr.ResampleStream(rate_hz, RATE_HZ, 1, dtype="int16")
    return lambda pcm: stream.resample_chunk(np.frombuffer(pcm, np.int16)).tobytes()


def create() -> MoonshineRecognizer:
    """The engine with its defaults."""
    return MoonshineRecognizer()
