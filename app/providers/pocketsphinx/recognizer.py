"""Speech recognition on this machine: pocketsphinx in worker processes, English only.

A worker multiplexes several streams; workers are started when they are needed, and again when they die. What a stream
said to a dead worker is lost with it (`RecognitionFailed`); the recognizer actor opens another and replays.

A demonstration and test default, not a product's recognizer: see docs/engines.md for how well it understands.
"""

import asyncio
import hashlib
import itertools
import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import assert_never

from actors.errors import ErrorKind, RecognizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from app.providers.child_process import QUESTIONS_MAX, ChildProcess
from app.providers.engine_process import start_engine
from app.providers.pipe_frames import packed
from app.providers.pocketsphinx.wire import (
    AreYouThere,
    Audio,
    Close,
    Concluded,
    Finish,
    Guessed,
    HereIAm,
    NothingHeard,
    Open,
    Opened,
    Order,
    Prepare,
    Prepared,
    StreamFailed,
    Told,
    tellings,
)

STREAMS_PER_WORKER = 8
"""Streams on the least loaded worker above which another is started, while there are cores for it."""
PREPARE_TIMEOUT_S = 30.0
PREPARE_QUESTIONS_MAX = 30
"""Unanswered questions (one a second) of a worker that makes a vocabulary."""
EXIT_TIMEOUT_S = 1.0
ANSWER_TIMEOUT_S = 1.5
"""Within this a worker says, when asked, that it is there."""
PROGRAM = "app.providers.pocketsphinx.worker"

Report = Callable[[RecognitionEvent], None]


class _Recognition:
    """The stream of one caller's audio to a recognition worker, as the port `Recognition` wants it."""

    def __init__(self, worker: "_Worker", number: int, report: Report) -> None:
        self._worker = worker
        self._number = number
        self._report: Report | None = report

    def push(self, pcm: bytes) -> None:
        """See `actors.ports.stt.Recognition`."""
        if self._report is not None:
            self._worker.order(Audio(self._number, pcm))

    def finish_utterance(self) -> None:
        """See `actors.ports.stt.Recognition`."""
        if self._report is not None:
            self._worker.order(Finish(self._number))

    async def close(self) -> None:
        """See `actors.ports.stt.Recognition`."""
        if self._report is not None:
            self._end()
            self._worker.order(Close(self._number))

    def told(self, message: Opened | Guessed | Concluded | NothingHeard | StreamFailed) -> None:
        """The worker says something about this stream."""
        match message:
            case Opened():
                self._tell(RecognitionReady())
            case Guessed(_, text, start_ms, end_ms):
                self._tell(InterimTranscript(text, start_ms, end_ms))
            case Concluded(_, text, start_ms, end_ms, confidence):
                self._tell(FinalTranscript(text=text, start_ms=start_ms, end_ms=end_ms, confidence=confidence))
            case NothingHeard(_, end_ms):
                self._tell(NoSpeechRecognized(end_ms))
            case StreamFailed(_, kind, detail):
                self.failed(kind, detail)
            case _:
                assert_never(message)

    def failed(self, kind: ErrorKind, detail: str) -> None:
        """Report a failure of the worker, once, and finish the stream."""
        report = self._report
        self._end()
        if report is not None:
            report(RecognitionFailed(kind, detail))

    def _tell(self, event: RecognitionEvent) -> None:
        if self._report is not None:
            self._report(event)

    def _end(self) -> None:
        self._report = None
        self._worker.forget(self._number)


class _Worker:
    """One worker process and the streams it has."""

    def __init__(self) -> None:
        self._streams: dict[int, _Recognition] = {}
        self._preparing: dict[str, asyncio.Future[None]] = {}
        self.process: ChildProcess[Told] = ChildProcess(
            "recognition worker",
            _start,
            tellings,
            question=packed(AreYouThere()),
            on_told=self._told,
            on_ended=self._ended,
            questions_max=self._questions_max,
        )

    @property
    def load(self) -> int:
        """How many streams this worker process has."""
        return len(self._streams)

    def order(self, order: Order) -> None:
        """Give an order; never waits. Orders to a dead worker are dropped: its streams were told."""
        if self.process.alive:
            self.process.write(packed(order))

    def prepare(self, vocabulary: str, phrases: tuple[str, ...]) -> asyncio.Future[None]:
        """Have a vocabulary made, once; the future is done when it is ready."""
        if vocabulary not in self._preparing:
            self._preparing[vocabulary] = asyncio.get_running_loop().create_future()
            self.order(Prepare(vocabulary, phrases))
        return self._preparing[vocabulary]

    def listen(self, number: int, vocabulary: str, rate_hz: int, report: Report) -> _Recognition:
        """Open a stream in a vocabulary given to `prepare`."""
        recognition = self._streams[number] = _Recognition(self, number, report)
        self.order(Open(number, vocabulary, rate_hz))
        return recognition

    def forget(self, number: int) -> None:
        """Drop a session's stream that has been closed."""
        self._streams.pop(number, None)

    async def close(self) -> None:
        """End it, politely first; its streams are told nothing."""
        for recognition in list(self._streams.values()):
            await recognition.close()
        await self.process.end(EXIT_TIMEOUT_S)

    @property
    def prepared(self) -> bool:
        """Whether all its vocabularies are made; while it makes one, it answers nothing."""
        return all(future.done() for future in self._preparing.values())

    def _questions_max(self) -> int:
        return QUESTIONS_MAX if self.prepared else PREPARE_QUESTIONS_MAX

    def _ended(self, kind: ErrorKind, detail: str) -> None:
        for future in self._preparing.values():
            future.cancel()
        for recognition in list(self._streams.values()):
            recognition.failed(kind, detail)

    def _told(self, message: Told) -> None:
        match message:
            case HereIAm():
                return
            case Prepared(vocabulary):
                future = self._preparing[vocabulary]
                if not future.done():
                    future.set_result(None)
            case Opened() | Guessed() | Concluded() | NothingHeard() | StreamFailed():
                if message.stream in self._streams:
                    self._streams[message.stream].told(message)
            case _:
                assert_never(message)


class PocketsphinxRecognizer:
    """The engine: see `actors.ports.stt.SpeechRecognizer`."""

    def __init__(self, workers_max: int | None = None, streams_per_worker: int = STREAMS_PER_WORKER) -> None:
        """`workers_max`: by default one for each core."""
        self._workers_max = workers_max or os.cpu_count() or 1
        self._streams_per_worker = streams_per_worker
        self._workers: list[_Worker] = []
        self._starting = asyncio.Lock()
        self._numbers = itertools.count(1)
        self._closed = False

    async def prepare(self, phrases: Iterable[str]) -> None:
        """Have a worker ready for streams with these phrases: the first `open` costs then no second of start-up.

        Raises:
            RecognizerError: no worker can be started, or none answers.
        """
        phrases = tuple(phrases)
        worker = await self._worker()
        preparing = [known.prepare(_name(phrases), phrases) for known in {worker, *self._live()}]
        done, waiting = await asyncio.wait(preparing, timeout=PREPARE_TIMEOUT_S)
        if waiting or any(future.cancelled() for future in done):
            raise RecognizerError(ErrorKind.UNAVAILABLE, "no recognition worker could make the vocabulary")

    async def open(self, options: RecognitionOptions, report: Report) -> Recognition:
        """See `actors.ports.stt.SpeechRecognizer`."""
        if not any(language.lower().split("-")[0] == "en" for language in options.languages):
            raise RecognizerError(ErrorKind.BAD_REQUEST, "pocketsphinx understands English only")
        worker = await self._worker()
        vocabulary = _name(options.phrases)
        worker.prepare(vocabulary, options.phrases)
        return worker.listen(next(self._numbers), vocabulary, options.rate_hz, report)

    async def close(self) -> None:
        """See `actors.ports.stt.SpeechRecognizer`."""
        self._closed = True
        async with self._starting:
            workers, self._workers = self._workers, []
            await asyncio.gather(*(worker.close() for worker in workers))

    async def ready(self) -> str:
        """Ask the workers that have begun to work whether they are there. They are on this machine: nothing is said.

        Raises:
            RecognizerError: one does not answer.
        """
        asked = [worker.process for worker in self._live() if worker.prepared]
        if not all(await asyncio.gather(*(process.answers(ANSWER_TIMEOUT_S) for process in asked))):
            raise RecognizerError(ErrorKind.TIMEOUT, "a recognition worker does not answer")
        return ""

    def _live(self) -> list[_Worker]:
        self._workers = [worker for worker in self._workers if worker.process.alive]
        return self._workers

    async def _worker(self) -> _Worker:
        async with self._starting:
            if self._closed:
                raise RecognizerError(ErrorKind.UNAVAILABLE, "the recognizer is closed")
            workers = self._live()
            idlest = min(workers, key=lambda worker: worker.load, default=None)
            if idlest is not None and (idlest.load < self._streams_per_worker or len(workers) >= self._workers_max):
                return idlest
            worker = _Worker()
            await worker.process.started()
            if worker.process.failure is not None:
                raise RecognizerError(*worker.process.failure)
            self._workers.append(worker)
            return worker


async def _start() -> asyncio.subprocess.Process:
    if find_spec("pocketsphinx") is None:
        raise RecognizerError(ErrorKind.UNAVAILABLE, "the extra `local` is not installed")
    try:
        return await start_engine(PROGRAM)
    except OSError as error:
        raise RecognizerError(ErrorKind.UNAVAILABLE, f"no recognition worker: {error.strerror}") from error


def _name(phrases: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(phrases).encode()).hexdigest()[:24]


def create() -> PocketsphinxRecognizer:
    """The engine with its defaults."""
    return PocketsphinxRecognizer()
