"""Speech recognition on this machine: pocketsphinx in worker processes, English only.

A worker multiplexes several streams; workers are started when they are needed, and again when they die. What a stream
said to a dead worker is lost with it (`RecognitionFailed`); the recognizer actor opens another and replays.

A demonstration and test default, not a product's recognizer: see the README for its word error rate.
"""

import asyncio
import hashlib
import itertools
import os
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from typing import assert_never

from actors.errors import ErrorKind, RecognizerError
from actors.ports import (
    FinalRecognized,
    NothingRecognized,
    PartialRecognized,
    Recognition,
    RecognitionEvent,
    RecognitionFailed,
    RecognitionOptions,
    RecognitionReady,
)
from app.adapters.engine_process import start_engine
from app.adapters.pipe_frames import Unpacked, packed
from app.adapters.pocketsphinx.wire import (
    Audio,
    Close,
    Concluded,
    Finish,
    Guessed,
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
FINISH_TIMEOUT_S = 5.0
"""A worker that owes a final and says nothing at all for so long is killed."""
PREPARE_TIMEOUT_S = 30.0
EXIT_TIMEOUT_S = 1.0
UNREAD_MAX_BYTES = 16 << 20
"""Orders a worker has not read; above that it is stuck, and killed. Eight minutes of one stream."""
READ_BYTES = 1 << 16
PROGRAM = "app.adapters.pocketsphinx.worker"

Report = Callable[[RecognitionEvent], None]


class _Recognition:
    """One stream."""

    def __init__(self, worker: "_Worker", number: int, report: Report) -> None:
        self._worker = worker
        self._number = number
        self._report: Report | None = report
        self._owed = 0
        self._timer: asyncio.TimerHandle | None = None

    def push(self, pcm: bytes) -> None:
        """See `actors.ports.Recognition`."""
        if self._report is not None:
            self._worker.order(Audio(self._number, pcm))

    def finish_utterance(self) -> None:
        """See `actors.ports.Recognition`."""
        if self._report is not None:
            self._owed += 1
            self._worker.order(Finish(self._number))
            self._watch()

    async def close(self) -> None:
        """See `actors.ports.Recognition`."""
        if self._report is not None:
            self._end()
            self._worker.order(Close(self._number))

    def told(self, message: Opened | Guessed | Concluded | NothingHeard | StreamFailed) -> None:
        """The worker says something about this stream."""
        match message:
            case Opened():
                self._tell(RecognitionReady())
            case Guessed(_, text, start_ms, end_ms):
                self._tell(PartialRecognized(text, start_ms, end_ms))
            case Concluded(_, text, start_ms, end_ms, confidence):
                self._settled()
                self._tell(FinalRecognized(text, start_ms, end_ms, confidence))
            case NothingHeard(_, end_ms):
                self._settled()
                self._tell(NothingRecognized(end_ms))
            case StreamFailed(_, kind, detail):
                self.failed(kind, detail)
            case _:
                assert_never(message)

    def failed(self, kind: ErrorKind, detail: str) -> None:
        """The stream is finished."""
        report = self._report
        self._end()
        if report is not None:
            report(RecognitionFailed(kind, detail))

    def _tell(self, event: RecognitionEvent) -> None:
        if self._report is not None:
            self._report(event)

    def _end(self) -> None:
        self._report = None
        self._owed = 0
        self._unwatch()
        self._worker.forget(self._number)

    def _settled(self) -> None:
        self._owed -= 1
        self._unwatch()
        if self._owed > 0:
            self._watch()

    def _watch(self) -> None:
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(FINISH_TIMEOUT_S, self._overdue)

    def _unwatch(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None

    def _overdue(self) -> None:
        self._timer = None
        if self._worker.silent_for_s() >= FINISH_TIMEOUT_S:
            self._worker.kill(ErrorKind.TIMEOUT, "the recognition worker does not answer")
        else:
            self._watch()


class _Worker:
    """One worker process and the streams it has."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self.process = process
        self._input = process.stdin
        self._output = process.stdout
        self._streams: dict[int, _Recognition] = {}
        self._preparing: dict[str, asyncio.Future[None]] = {}
        self._death = (ErrorKind.UNAVAILABLE, "the recognition worker died")
        self._last_told_at = asyncio.get_running_loop().time()
        self.reading = asyncio.create_task(self._read(), name=f"recognition-worker-{process.pid}")

    @property
    def alive(self) -> bool:
        """True while it can be given orders."""
        return not self.reading.done() and not self._input.is_closing()

    @property
    def load(self) -> int:
        """How many streams it has."""
        return len(self._streams)

    def order(self, order: Order) -> None:
        """Give an order; never waits. Orders to a dead worker are dropped: its streams were told."""
        if not self.alive:
            return
        self._input.write(packed(order))
        if self._input.transport.get_write_buffer_size() > UNREAD_MAX_BYTES:
            self.kill(ErrorKind.TIMEOUT, "the recognition worker does not read")

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
        """A stream is over."""
        self._streams.pop(number, None)

    def silent_for_s(self) -> float:
        """How long the worker has said nothing."""
        return asyncio.get_running_loop().time() - self._last_told_at

    def kill(self, kind: ErrorKind, detail: str) -> None:
        """End a worker that does not work; its streams are told `kind` and `detail`."""
        self._death = (kind, detail)
        if self.process.returncode is None:
            self.process.kill()

    async def close(self) -> None:
        """End it, politely first; its streams are told nothing."""
        for recognition in list(self._streams.values()):
            await recognition.close()
        self._input.close()
        try:
            await asyncio.wait_for(self.process.wait(), EXIT_TIMEOUT_S)
        except TimeoutError:
            self.process.kill()
            await self.process.wait()
        await self.reading

    async def _read(self) -> None:
        unpacking = Unpacked(tellings)
        try:
            while piece := await self._output.read(READ_BYTES):
                self._last_told_at = asyncio.get_running_loop().time()
                for message in unpacking.take(piece):
                    self._told(message)
        finally:
            # Whatever ended the reading, nothing can be heard from this worker any more.
            self._input.close()
            for future in self._preparing.values():
                future.cancel()
            for recognition in list(self._streams.values()):
                recognition.failed(*self._death)
        await self.process.wait()

    def _told(self, message: Told) -> None:
        match message:
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
    """The engine: see `actors.ports.SpeechRecognizer`."""

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
        """See `actors.ports.SpeechRecognizer`."""
        if not any(language.lower().split("-")[0] == "en" for language in options.languages):
            raise RecognizerError(ErrorKind.BAD_REQUEST, "pocketsphinx understands English only")
        worker = await self._worker()
        vocabulary = _name(options.phrases)
        worker.prepare(vocabulary, options.phrases)
        return worker.listen(next(self._numbers), vocabulary, options.rate_hz, report)

    async def close(self) -> None:
        """See `actors.ports.SpeechRecognizer`."""
        self._closed = True
        async with self._starting:
            workers, self._workers = self._workers, []
            await asyncio.gather(*(worker.close() for worker in workers))

    def _live(self) -> list[_Worker]:
        self._workers = [worker for worker in self._workers if worker.alive]
        return self._workers

    async def _worker(self) -> _Worker:
        async with self._starting:
            if self._closed:
                raise RecognizerError(ErrorKind.UNAVAILABLE, "the recognizer is closed")
            workers = self._live()
            idlest = min(workers, key=lambda worker: worker.load, default=None)
            if idlest is not None and (idlest.load < self._streams_per_worker or len(workers) >= self._workers_max):
                return idlest
            worker = await _start()
            self._workers.append(worker)
            return worker


async def _start() -> _Worker:
    if find_spec("pocketsphinx") is None:
        raise RecognizerError(ErrorKind.UNAVAILABLE, "the extra `local` is not installed")
    try:
        process = await start_engine(PROGRAM)
    except OSError as error:
        raise RecognizerError(ErrorKind.UNAVAILABLE, f"no recognition worker: {error.strerror}") from error
    return _Worker(process)


def _name(phrases: tuple[str, ...]) -> str:
    return hashlib.sha256("\n".join(phrases).encode()).hexdigest()[:24]


def create() -> PocketsphinxRecognizer:
    """The engine with its defaults."""
    return PocketsphinxRecognizer()
