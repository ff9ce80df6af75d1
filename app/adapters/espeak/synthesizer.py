"""Speech synthesis on this machine: espeak-ng in a process of its own (GPL-3; text in, PCM and word times out).

One process serves all sessions; it is started when it is needed, and again when it died: replies it owed have then
failed (`SynthesisFailed`), streams stay usable.
"""

import asyncio
import contextlib
import itertools
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import assert_never

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports import (
    AudioSynthesized,
    PieceSynthesized,
    SpeechSynthesizer,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from app.adapters.engine_process import start_engine
from app.adapters.espeak.wire import (
    AudioMade,
    CancelReply,
    CloseStream,
    EngineReady,
    FinishReply,
    OpenStream,
    Order,
    PieceMade,
    ReplyMade,
    Told,
    WordMade,
    WriteText,
    tellings,
)
from app.adapters.pipe_frames import Unpacked, packed

RATES_HZ = (8_000, 16_000, 24_000, 48_000)
START_TIMEOUT_S = 10.0
EXIT_TIMEOUT_S = 0.5
READ_BYTES = 1 << 16
PROGRAM = "app.adapters.espeak.process"

ACCENTS = ("en-us", "en-gb-x-rp", "en-gb-scotland")
VARIANTS = ("", "+edward", "+klatt6", "+max", "+quincy", "+robert", "+m3", "+linda", "+steph", "+belinda", "+f2")

Report = Callable[[SynthesisEvent], None]


class _Synthesis:
    """One session's voice."""

    def __init__(self, engine: "EspeakSynthesizer", opening: OpenStream, report: Report) -> None:
        self.opening = opening
        self._engine = engine
        self._number = opening.stream
        self._report: Report | None = report
        self._open: dict[int, None] = {}
        self._over: set[int] = set()

    def write(self, reply: int, text: str) -> None:
        """See `actors.ports.Synthesis`. Text for a reply that is finished, cancelled or failed is dropped."""
        if self._begin(reply):
            encodable = text.encode(errors="replace").decode()
            self._engine.order(WriteText(self._number, reply, encodable))

    def finish(self, reply: int) -> None:
        """See `actors.ports.Synthesis`."""
        if self._begin(reply):
            self._over.add(reply)
            self._engine.order(FinishReply(self._number, reply))

    def cancel(self, reply: int) -> None:
        """See `actors.ports.Synthesis`."""
        self._over.add(reply)
        if reply in self._open:
            del self._open[reply]
            self._engine.order(CancelReply(self._number, reply))

    async def close(self) -> None:
        """See `actors.ports.Synthesis`."""
        if self._report is not None:
            self.silence()
            self._engine.forget(self._number)
            self._engine.order(CloseStream(self._number))

    def silence(self) -> None:
        """Report nothing from now on."""
        self._report = None
        self._open.clear()

    def told(self, message: AudioMade | WordMade | PieceMade | ReplyMade) -> None:
        """The process says something about this stream."""
        if self._report is None or message.reply not in self._open:
            return
        match message:
            case AudioMade(_, reply, pcm):
                self._report(AudioSynthesized(reply, pcm))
            case WordMade(_, reply, text_start, text_end, audio_ms):
                self._report(WordSynthesized(reply, text_start, text_end, audio_ms))
            case PieceMade(_, reply, text_end, audio_ms):
                self._report(PieceSynthesized(reply, text_end, audio_ms))
            case ReplyMade(_, reply):
                del self._open[reply]
                self._report(SynthesisFinished(reply))
            case _:
                assert_never(message)

    def failed(self, failure: SynthesizerError) -> None:
        """No reply that was begun will be made."""
        replies, self._open = self._open, {}
        self._over.update(replies)
        for reply in replies:
            if self._report is not None:
                self._report(SynthesisFailed(reply, failure.kind, failure.detail))

    def _begin(self, reply: int) -> bool:
        """Note that the process owes something of `reply`; False when it must not be given more."""
        if self._report is None or reply in self._over:
            return False
        self._open[reply] = None
        return True


class _Child:
    """One life of the process, from before its start to after its end."""

    def __init__(self, told: Callable[[Told], None], died: "Callable[[_Child], None]") -> None:
        self._told = told
        self._died = died
        self._process: asyncio.subprocess.Process | None = None
        self._waiting: list[bytes] = []
        self._settled = asyncio.Event()
        self._ending = False
        self.failure: SynthesizerError | None = None
        """Why it is of no use any more."""
        self._running = asyncio.create_task(self._run(), name="synthesis-process")

    @property
    def pid(self) -> int | None:
        """Its number, once it has one."""
        return None if self._process is None else self._process.pid

    def write(self, frame: bytes) -> None:
        """Hand over an order; never waits. Orders to a process that is dying are dropped: its replies fail."""
        if self._process is None:
            self._waiting.append(frame)
        elif self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(frame)

    async def ready(self) -> None:
        """Wait until the engine is loaded.

        Raises:
            SynthesizerError: the process cannot be started, died, or does not become ready.
        """
        try:
            await asyncio.wait_for(self._settled.wait(), START_TIMEOUT_S)
        except TimeoutError:
            self._kill()
            raise SynthesizerError(ErrorKind.TIMEOUT, "the synthesis process does not start") from None
        if self.failure is not None:
            raise SynthesizerError(self.failure.kind, self.failure.detail)

    async def end(self) -> None:
        """Have the process end, by force if it does not on its own."""
        self._ending = True
        self._close_input()
        done, _ = await asyncio.wait([self._running], timeout=EXIT_TIMEOUT_S)
        if not done:
            self._kill()
            await self._running

    async def _run(self) -> None:
        try:
            process = self._process = await _spawn()
        except SynthesizerError as failure:
            self._over(failure)
            return
        for frame in self._waiting:
            self.write(frame)
        self._waiting.clear()
        if self._ending:
            self._close_input()
        await self._read(process)
        self._over(SynthesizerError(ErrorKind.UNAVAILABLE, "the synthesis process died"))
        # One that only closed its output must not live on.
        self._close_input()
        try:
            await asyncio.wait_for(process.wait(), EXIT_TIMEOUT_S)
        except TimeoutError:
            self._kill()
            await process.wait()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        unpacked = Unpacked(tellings)
        while piece := await process.stdout.read(READ_BYTES):
            for message in unpacked.take(piece):
                if isinstance(message, EngineReady):
                    self._settled.set()
                self._told(message)

    def _over(self, failure: SynthesizerError) -> None:
        self.failure = failure
        self._settled.set()
        self._died(self)

    def _close_input(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()


class EspeakSynthesizer:
    """The engine: see `actors.ports.SpeechSynthesizer`."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._streams: dict[int, _Synthesis] = {}
        self._child: _Child | None = None
        self._ending: set[_Child] = set()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process that speaks, while there is one."""
        return None if self._child is None else self._child.pid

    async def open(self, voice: Voice, rate_hz: int, report: Report) -> Synthesis:
        """See `actors.ports.SpeechSynthesizer`. Voices are espeak-ng's: `en-us`, `en-gb-x-rp`, `de`, `en-us+f3`."""
        if self._closed:
            raise SynthesizerError(ErrorKind.UNAVAILABLE, "the synthesizer is closed")
        if rate_hz not in RATES_HZ:
            raise SynthesizerError(ErrorKind.BAD_REQUEST, f"no audio at {rate_hz} Hz")
        await self._living().ready()
        number = next(self._numbers)
        opening = OpenStream(number, voice.name, voice.language, voice.rate, voice.pitch, rate_hz)
        stream = self._streams[number] = _Synthesis(self, opening, report)
        self.order(opening)
        return stream

    def voices(self) -> Mapping[str, tuple[str, ...]]:
        """Some of those it has, by accent: the plainer ones. The files of agents may name others."""
        return {accent: tuple(accent + variant for variant in VARIANTS) for accent in ACCENTS}

    async def close(self) -> None:
        """See `actors.ports.SpeechSynthesizer`."""
        self._closed = True
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.silence()
        children = [child for child in (self._child, *self._ending) if child is not None]
        await asyncio.gather(*(child.end() for child in children))

    def order(self, order: Order) -> None:
        """Give an order; never waits. One that asks for speech starts the process if there is none."""
        if self._closed or (self._child is None and isinstance(order, CancelReply | CloseStream)):
            return
        self._living().write(packed(order))

    def forget(self, number: int) -> None:
        """A stream is over."""
        self._streams.pop(number, None)

    def _living(self) -> _Child:
        if self._child is None:
            self._child = _Child(self._told, self._died)
            for stream in self._streams.values():
                self._child.write(packed(stream.opening))
        return self._child

    def _told(self, message: Told) -> None:
        if not isinstance(message, EngineReady) and message.stream in self._streams:
            self._streams[message.stream].told(message)

    def _died(self, child: _Child) -> None:
        if child is self._child:
            self._child = None
        failure = child.failure
        assert failure is not None
        for stream in list(self._streams.values()):
            stream.failed(failure)


async def _spawn() -> asyncio.subprocess.Process:
    if any(find_spec(module) is None for module in ("espeakng_loader", "soxr", "numpy")):
        raise SynthesizerError(ErrorKind.UNAVAILABLE, "the extra `local` is not installed")
    try:
        return await start_engine(PROGRAM)
    except OSError as error:
        raise SynthesizerError(ErrorKind.UNAVAILABLE, f"no synthesis process: {error.strerror}") from error


def create() -> SpeechSynthesizer:
    """The engine with its defaults."""
    return EspeakSynthesizer()
