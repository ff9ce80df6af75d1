"""Text to speech (TTS) on this machine: hibari, English, one voice, in threads of the worker.

The event loop hands over text and is told events, and never waits: a clause of two seconds takes some 40 ms to make, so
what is cancelled ends with the clause in hand, and nothing of it is told.
"""

import asyncio
import contextlib
import os
from collections.abc import Callable, Mapping
from importlib.util import find_spec
from typing import TYPE_CHECKING, assert_never

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from app.providers.hibari.replies import Clause, Ended
from app.providers.hibari.speaking import FailedClause, Made, MadeClause, SpeakingThreads, Stream
from app.providers.hibari.text import Span

if TYPE_CHECKING:
    from app.providers.hibari.voice import SpeechModel

RATES_HZ = (8_000, 16_000, 24_000, 48_000)
VOICE = "heart"
LANGUAGE = "en-US"
STUCK_S = 10.0
"""Seconds after which a thread that makes one clause is taken to be stuck; no clause takes so long."""
PACKAGES = ("hibari", "onnxruntime", "numpy", "soxr")

Report = Callable[[SynthesisEvent], None]


class _Synthesis:
    """The stream of one session's replies, as the port `Synthesis` wants it. Belongs to the event loop."""

    def __init__(self, threads: SpeakingThreads, voice: Voice, rate_hz: int, report: Report) -> None:
        self._threads = threads
        self._report: Report | None = report
        self._loop = asyncio.get_running_loop()
        self._open: set[int] = set()
        self._over: set[int] = set()
        self._stream = Stream(rate_hz=rate_hz, speed=voice.rate, tell=self._tell)

    def write(self, reply: int, text: str) -> None:
        """See `actors.ports.tts.Synthesis`. Text for a reply that is finished, cancelled or failed is dropped."""
        if not self._begin(reply):
            return
        taken: list[bool] = []
        self._threads.change(self._stream, lambda replies: taken.append(replies.write(reply, text)))
        if taken == [False]:
            self._over.add(reply)
            # Told in a later turn of the loop, as every event is: the caller of this method may be in the middle of
            # something.
            self._loop.call_soon(self._failed, reply, ErrorKind.THROTTLED, "too much text waits to be spoken")

    def finish(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        if self._begin(reply):
            self._over.add(reply)
            self._threads.change(self._stream, lambda replies: replies.finish(reply))

    def cancel(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        self._over.add(reply)
        if reply in self._open:
            self._open.remove(reply)
            self._threads.change(self._stream, lambda replies: replies.drop(reply))

    async def close(self) -> None:
        """See `actors.ports.tts.Synthesis`."""
        self._report = None
        self._open.clear()
        self._threads.forget(self._stream)

    def _begin(self, reply: int) -> bool:
        """Note that something is owed of `reply`; False when it must not be given more."""
        if self._report is None or reply in self._over:
            return False
        self._open.add(reply)
        return True

    def _tell(self, made: Made) -> None:
        """Hand what a speaking thread has made to the event loop."""
        with contextlib.suppress(RuntimeError):  # the loop has ended, and with it whoever listened
            self._loop.call_soon_threadsafe(self._told, made)

    def _told(self, made: Made) -> None:
        match made:
            case MadeClause():
                self._told_clause(made, made.clause)
            case Ended(reply):
                if self._say(SynthesisFinished(reply)):
                    self._open.discard(reply)
            case FailedClause(reply, error):
                self._failed(reply, ErrorKind.INTERNAL, f"hibari has failed: {error}")
            case _:
                assert_never(made)

    def _told_clause(self, made: MadeClause, clause: Clause) -> None:
        for start, end, ms in made.words:
            self._say(WordSynthesized(reply=clause.reply, text_start=start, text_end=end, audio_ms=ms))
        if made.pcm:
            self._say(AudioSynthesized(clause.reply, made.pcm))
        if clause.is_last:
            self._say(PieceSynthesized(clause.reply, clause.offset + clause.span.end, made.end_ms))

    def _failed(self, reply: int, kind: ErrorKind, detail: str) -> None:
        self._over.add(reply)
        self._threads.change(self._stream, lambda replies: replies.drop(reply))
        if self._say(SynthesisFailed(reply, kind, detail)):
            self._open.discard(reply)

    def _say(self, event: SynthesisEvent) -> bool:
        """Report an event of a reply that is wanted still; whether it is."""
        if self._report is None or event.reply not in self._open:
            return False
        self._report(event)
        return True


class HibariSynthesizer:
    """The engine of one worker; the model is loaded once, by the first `open`.

    Args:
        threads: that speak; by default two, or one on a single core.
    """

    def __init__(self, threads: int | None = None) -> None:
        self._threads = threads or min(2, os.cpu_count() or 1)
        self._speaking: SpeakingThreads | None = None
        self._loading = asyncio.Lock()
        self._is_closed = False

    async def open(self, voice: Voice, rate_hz: int, report: Report) -> _Synthesis:
        """See `actors.ports.tts.SpeechSynthesizer`. There is one voice; of `voice` only the rate counts.

        Raises:
            SynthesizerError: the model cannot be loaded, or the voice is not to speak English.
        """
        if rate_hz not in RATES_HZ:
            raise SynthesizerError(ErrorKind.BAD_REQUEST, f"no audio at {rate_hz} Hz")
        if voice.language.lower().split("-")[0] != "en":
            raise SynthesizerError(ErrorKind.BAD_REQUEST, "hibari speaks English only")
        return _Synthesis(await self._loaded(), voice, rate_hz, report)

    def voices(self) -> Mapping[str, tuple[str, ...]]:
        """The one whose weights come with the package; it would download others."""
        return {LANGUAGE: (VOICE,)}

    async def close(self) -> None:
        """See `actors.ports.tts.SpeechSynthesizer`."""
        self._is_closed = True
        async with self._loading:
            if self._speaking is not None:
                self._speaking.close()
                self._speaking = None

    async def ready(self) -> str:
        """Whether the threads go on; an empty text, as of every engine that is no service elsewhere.

        Raises:
            SynthesizerError: one hangs.
        """
        if self._speaking is not None and self._speaking.busy_s > STUCK_S:
            raise SynthesizerError(ErrorKind.TIMEOUT, "hibari hangs")
        return ""

    async def _loaded(self) -> SpeakingThreads:
        async with self._loading:
            if self._is_closed:
                raise SynthesizerError(ErrorKind.UNAVAILABLE, "the synthesizer is closed")
            if self._speaking is None:
                model = await asyncio.to_thread(_load)
                self._speaking = SpeakingThreads(
                    lambda clause, rate_hz, speed: pcm_of(model, clause, rate_hz, speed), self._threads
                )
            return self._speaking


def pcm_of(
    model: "SpeechModel", clause: Clause, rate_hz: int, speed: float
) -> tuple[bytes, tuple[tuple[int, int, float], ...]]:
    """A clause as PCM16LE mono at `rate_hz`, and its words: start and end in the piece, ms in the audio."""
    import numpy as np
    import soxr

    spoken = model.speak(clause.text, clause.span, speed)
    samples = spoken.samples
    if len(samples) and rate_hz != model.rate_hz:
        samples = soxr.resample(samples, model.rate_hz, rate_hz)
    pcm = np.clip(np.rint(samples * 32_767), -32_768, 32_767).astype("<i2").tobytes()
    return pcm, tuple((span.start, span.end, ms) for span, ms in spoken.words)


def _load() -> "SpeechModel":
    """Load the model and say a word, which is when the runtime gets its memory."""
    if any(find_spec(package) is None for package in PACKAGES):
        raise SynthesizerError(ErrorKind.UNAVAILABLE, "the extra `local` is not installed")
    from app.providers.hibari.voice import SpeechModel

    try:
        model = SpeechModel()
        model.speak("Hello.", Span(0, 6))
    except Exception as error:
        raise SynthesizerError(ErrorKind.UNAVAILABLE, f"hibari cannot be loaded: {type(error).__name__}") from error
    return model


def create() -> HibariSynthesizer:
    """The engine with its defaults."""
    return HibariSynthesizer()
