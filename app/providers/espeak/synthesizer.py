"""Speech synthesis on this machine: espeak-ng in a process of its own (GPL-3; text in, PCM and word times out).

One process serves all sessions; it is started when it is needed, and again when it died: replies it owed have then
failed (`SynthesisFailed`), streams stay usable.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import assert_never

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SpeechSynthesizer,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from app.providers.child_process import ChildProcess
from app.providers.engine_process import start_engine
from app.providers.espeak.wire import (
    AreYouThere,
    AudioMade,
    CancelReply,
    CloseStream,
    EngineReady,
    FinishReply,
    HereIAm,
    OpenStream,
    Order,
    PieceMade,
    ReplyMade,
    Told,
    WordMade,
    WriteText,
    tellings,
)
from app.providers.pipe_frames import packed

RATES_HZ = (8_000, 16_000, 24_000, 48_000)
START_TIMEOUT_S = 30.0
EXIT_TIMEOUT_S = 0.5
ANSWER_TIMEOUT_S = 1.5
"""Within this the process says, when asked, that it is there."""
PROGRAM = "app.providers.espeak.process"

ACCENTS = ("en-us", "en-gb-x-rp", "en-gb-scotland")
VARIANTS = ("", "+edward", "+klatt6", "+max", "+quincy", "+robert", "+m3", "+linda", "+steph", "+belinda", "+f2")

Report = Callable[[SynthesisEvent], None]


class _Synthesis:
    """The stream of one session's replies to the synthesis process, as the port `Synthesis` wants it."""

    def __init__(self, engine: "EspeakSynthesizer", opening: OpenStream, report: Report) -> None:
        self.opening = opening
        self._engine = engine
        self._number = opening.stream
        self._report: Report | None = report
        self._open: dict[int, None] = {}
        self._over: set[int] = set()

    def write(self, reply: int, text: str) -> None:
        """See `actors.ports.tts.Synthesis`. Text for a reply that is finished, cancelled or failed is dropped."""
        if self._begin(reply):
            encodable = text.encode(errors="replace").decode()
            self._engine.order(WriteText(self._number, reply, encodable))

    def finish(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        if self._begin(reply):
            self._over.add(reply)
            self._engine.order(FinishReply(self._number, reply))

    def cancel(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        self._over.add(reply)
        if reply in self._open:
            del self._open[reply]
            self._engine.order(CancelReply(self._number, reply))

    async def close(self) -> None:
        """See `actors.ports.tts.Synthesis`."""
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
                self._report(WordSynthesized(reply=reply, text_start=text_start, text_end=text_end, audio_ms=audio_ms))
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


class EspeakSynthesizer:
    """The engine: see `actors.ports.tts.SpeechSynthesizer`."""

    def __init__(self) -> None:
        self._numbers = itertools.count(1)
        self._streams: dict[int, _Synthesis] = {}
        self._child: ChildProcess[Told] | None = None
        self._ready = asyncio.Event()
        self._closed = False

    @property
    def pid(self) -> int | None:
        """The process that speaks, while there is one."""
        return None if self._child is None else self._child.pid

    async def open(self, voice: Voice, rate_hz: int, report: Report) -> Synthesis:
        """See `actors.ports.tts.SpeechSynthesizer`. Voices are espeak-ng's: `en-us`, `en-gb-x-rp`, `de`, `en-us+f3`."""
        if self._closed:
            raise SynthesizerError(ErrorKind.UNAVAILABLE, "the synthesizer is closed")
        if rate_hz not in RATES_HZ:
            raise SynthesizerError(ErrorKind.BAD_REQUEST, f"no audio at {rate_hz} Hz")
        await self._wait_until_ready()
        number = next(self._numbers)
        opening = OpenStream(number, voice.name, voice.language, voice.rate, voice.pitch, rate_hz)
        stream = self._streams[number] = _Synthesis(self, opening, report)
        self.order(opening)
        return stream

    def voices(self) -> Mapping[str, tuple[str, ...]]:
        """Some of those it has, by accent: the plainer ones. The files of agents may name others."""
        return {accent: tuple(accent + variant for variant in VARIANTS) for accent in ACCENTS}

    async def close(self) -> None:
        """See `actors.ports.tts.SpeechSynthesizer`."""
        self._closed = True
        streams, self._streams = self._streams, {}
        for stream in streams.values():
            stream.silence()
        if self._child is not None:
            await self._child.end(EXIT_TIMEOUT_S)

    async def ready(self) -> str:
        """Ask the process, if there is one, whether it is there. It is on this machine: nothing is said if it is.

        Raises:
            SynthesizerError: it does not answer.
        """
        if self._child is not None and self._ready.is_set() and not await self._child.answers(ANSWER_TIMEOUT_S):
            raise SynthesizerError(ErrorKind.TIMEOUT, "the synthesis process does not answer")
        return ""

    def order(self, order: Order) -> None:
        """Give an order; never waits. One that asks for speech starts the process if there is none."""
        if self._closed or (self._child is None and isinstance(order, CancelReply | CloseStream)):
            return
        self._living().write(packed(order))

    def forget(self, number: int) -> None:
        """Drop a session's stream that has been closed."""
        self._streams.pop(number, None)

    def _living(self) -> ChildProcess[Told]:
        if self._child is None:
            self._ready.clear()
            self._child = ChildProcess(
                "synthesis process",
                _spawn,
                tellings,
                question=packed(AreYouThere(0)),
                on_told=self._told,
                on_ended=self._ended,
            )
            for stream in self._streams.values():
                self._child.write(packed(stream.opening))
        return self._child

    async def _wait_until_ready(self) -> None:
        child = self._living()
        try:
            async with asyncio.timeout(START_TIMEOUT_S):
                while child.failure is None and not self._ready.is_set():
                    await child.heard(START_TIMEOUT_S)
        except TimeoutError:
            child.kill(ErrorKind.TIMEOUT, "the synthesis process does not start")
            raise SynthesizerError(ErrorKind.TIMEOUT, "the synthesis process does not start") from None
        if child.failure is not None:
            raise SynthesizerError(*child.failure)

    def _told(self, message: Told) -> None:
        match message:
            case EngineReady():
                self._ready.set()
            case HereIAm():
                return
            case _ if message.stream in self._streams:
                self._streams[message.stream].told(message)

    def _ended(self, kind: ErrorKind, detail: str) -> None:
        self._child = None
        for stream in list(self._streams.values()):
            stream.failed(SynthesizerError(kind, detail))


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
