"""Engines for tests on virtual time: exact, scripted, and able to fail in every way.

Also loadable as plug-ins (`tests.kit.fakes:recognizer` and so on), as a user's own engines would be.
"""

import asyncio
import re
from array import array
from collections import deque
from collections.abc import AsyncIterator, Callable, Sequence
from functools import lru_cache

from actors.agent import Voice
from actors.conversation import SessionRecord
from actors.errors import ErrorKind, ModelError, RecognizerError, StoreError, SynthesizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.ports.stt import Recognition, RecognitionEvent, RecognitionFailed, RecognitionOptions, RecognitionReady
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from tests.kit.faults import Fault, Faults

MS_PER_CHAR = 50
_WORD = re.compile(r"[\u0e00-\u9fff]{1,2}|[^\s\u0e00-\u9fff]+")


@lru_cache(maxsize=256)
def loudest(pcm: bytes, step: int = 1) -> int:
    """The loudest of every `step`-th sample. Kept, because a caller of the tests says the same frames over and over."""
    return max(map(abs, array("h", pcm)[::step]), default=0)


class EnergyActivity:
    """A window is voiced if it is loud."""

    rate_hz = 16_000
    window_samples = 320

    def __init__(self, faults: Faults | None = None) -> None:
        self._faults = faults or Faults()

    def probability(self, window: bytes) -> float:
        # Not `raise_now`: an error would be made for each of 50 windows a second.
        if self._faults.take("voice_activity.probability") is not None:
            raise RuntimeError("fake")
        return 1.0 if loudest(window, 16) > 500 else 0.0

    def reset(self) -> None:
        return


class FakeRecognizer:
    """Says the next of `utterances` whenever an utterance ends; with `partials`, words appear as audio is pushed."""

    def __init__(self, utterances: Sequence[str] = (), *, delay_s: float = 0.1, faults: Faults | None = None) -> None:
        self.utterances = list(utterances)
        self.delay_s = delay_s
        self.faults = faults or Faults()
        self.streams: list[FakeRecognition] = []

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        await self.faults.at("recognizer.open", RecognizerError(ErrorKind.UNAVAILABLE, "fake"))
        stream = self.stream_of(options, report)
        self.streams.append(stream)
        report(RecognitionReady())
        return stream

    def stream_of(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> "FakeRecognition":
        """A stream of this engine."""
        return FakeRecognition(self, options, report)

    async def close(self) -> None:
        return


class FakeRecognition:
    """One stream of a `FakeRecognizer`."""

    def __init__(
        self, engine: FakeRecognizer, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]
    ) -> None:
        self._engine = engine
        self._report = report
        self.options = options
        self._rate_hz = options.rate_hz
        self.heard = bytearray()
        self._closed = False
        self._began_ms = 0
        self._loud_ms = 0

    def push(self, pcm: bytes) -> None:
        if self._engine.faults.take("recognizer.push") is Fault.FAIL:
            self._tell(RecognitionFailed(ErrorKind.UNAVAILABLE, "fake"))
        self.heard += pcm
        if loudest(pcm) > 500:
            self._loud_ms += len(pcm) * 500 // self._rate_hz
            if self._engine.utterances and self._loud_ms % 200 == 0:
                words = self._engine.utterances[0].split()[: self._loud_ms // 200]
                self._tell(InterimTranscript(" ".join(words), self._began_ms, self._ms))

    def finish_utterance(self) -> None:
        match self._engine.faults.take("recognizer.finish_utterance"):
            case Fault.STALL | Fault.NOTHING:
                return
            case Fault.FAIL:
                self._tell(RecognitionFailed(ErrorKind.UNAVAILABLE, "fake"))
                return
            case None:
                pass
        loop = asyncio.get_running_loop()
        loop.call_later(self._engine.delay_s, self._final, self._ms)

    def _final(self, end_ms: int) -> None:
        text = self._engine.utterances.pop(0) if self._engine.utterances and not self._closed else ""
        event = (
            FinalTranscript(text=text, start_ms=self._began_ms, end_ms=end_ms) if text else NoSpeechRecognized(end_ms)
        )
        self._began_ms, self._loud_ms = end_ms, 0
        self._tell(event)

    def _tell(self, event: RecognitionEvent) -> None:
        if not self._closed:
            self._report(event)

    @property
    def _ms(self) -> int:
        return len(self.heard) * 500 // self._rate_hz

    async def close(self) -> None:
        self._closed = True
        await self._engine.faults.at("recognizer.close", RecognizerError(ErrorKind.INTERNAL, "fake"))


_COUNT = array("h", range(1, 30_001)).tobytes()
"""The samples of all fake speech, over and over; counted once, for a sample at a time is most of what a fake costs."""


def _counted(first: int, samples: int) -> bytes:
    """PCM16LE of so many samples, from sample `first` of the count on."""
    begin = 2 * first % len(_COUNT)
    end = begin + 2 * samples
    return (_COUNT * (end // len(_COUNT) + 1))[begin:end]


class FakeSynthesizer:
    """Makes `ms_per_char` of audio a character; its samples count up, so that a gap or a repeat shows.

    With `has_words` it tells where each word begins; in a script without blanks a word is two characters.
    """

    def __init__(
        self,
        *,
        delay_s: float = 0.05,
        ms_per_char: int = MS_PER_CHAR,
        has_words: bool = True,
        faults: Faults | None = None,
    ) -> None:
        self.delay_s = delay_s
        self.ms_per_char = ms_per_char
        self.has_words = has_words
        self.faults = faults or Faults()

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        await self.faults.at("synthesizer.open", SynthesizerError(ErrorKind.UNAVAILABLE, "fake"))
        return FakeSynthesis(self, rate_hz, report)

    async def close(self) -> None:
        return


class FakeSynthesis:
    """One stream of a `FakeSynthesizer`."""

    def __init__(self, engine: FakeSynthesizer, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> None:
        self._engine = engine
        self._rate_hz = rate_hz
        self._report = report
        self._texts: dict[int, str] = {}
        self._cancelled: set[int] = set()
        self._steps: deque[Callable[[], None]] = deque()
        self._closed = False

    def write(self, reply: int, text: str) -> None:
        self._later(lambda: self._make(reply, text))

    def _later(self, step: Callable[[], None]) -> None:
        """In order, though timers that are due together are not."""
        self._steps.append(step)
        asyncio.get_running_loop().call_later(self._engine.delay_s, lambda: self._steps.popleft()())

    def _is_given_up(self, reply: int) -> bool:
        """Whether a fault is due with this piece of a reply, of which nothing more is made then."""
        fault = self._engine.faults.take("synthesizer.write")
        if fault is Fault.FAIL:
            self._tell(reply, SynthesisFailed(reply, ErrorKind.UNAVAILABLE, "fake"))
        if fault is not None:
            self._cancelled.add(reply)
        return fault is not None

    def _make(self, reply: int, text: str) -> None:
        if self._is_given_up(reply):
            return
        begin = len(self._texts.get(reply, ""))
        ms_per_char = self._engine.ms_per_char
        self._texts[reply] = self._texts.get(reply, "") + text
        for word in _WORD.finditer(text) if self._engine.has_words else ():
            starts, ends = begin + word.start(), begin + word.end()
            told = WordSynthesized(reply=reply, text_start=starts, text_end=ends, audio_ms=starts * ms_per_char)
            self._tell(reply, told)
        samples = self._rate_hz * ms_per_char // 1000
        first = begin * samples
        self._tell(reply, AudioSynthesized(reply, _counted(first, len(text) * samples)))
        text_end = begin + len(text)
        self._tell(reply, PieceSynthesized(reply, text_end, text_end * ms_per_char))

    def finish(self, reply: int) -> None:
        def finished() -> None:
            if self._engine.faults.take("synthesizer.finish") is None:
                self._tell(reply, SynthesisFinished(reply))

        self._later(finished)

    def cancel(self, reply: int) -> None:
        self._cancelled.add(reply)

    def _tell(self, reply: int, event: SynthesisEvent) -> None:
        if reply not in self._cancelled and not self._closed:
            self._report(event)

    async def close(self) -> None:
        self._closed = True
        await self._engine.faults.at("synthesizer.close", SynthesizerError(ErrorKind.INTERNAL, "fake"))


Script = Callable[[ModelRequest], Sequence[ModelEvent | float]]
"""What a model says to a request: events, and pauses in seconds between them."""


def echo(request: ModelRequest) -> Sequence[ModelEvent | float]:
    """Repeats what the user said."""
    return [
        0.2,
        TextGenerated(f"You said {request.messages[-1].text}. "),
        TextGenerated("What else?"),
        ReplyGenerated(),
    ]


class FakeModel:
    """Answers by a script."""

    def __init__(self, script: Script = echo, faults: Faults | None = None) -> None:
        self.script = script
        self.faults = faults or Faults()
        self.requests: list[ModelRequest] = []

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        for event in self.script(request):
            if isinstance(event, int | float):
                await asyncio.sleep(event)
                continue
            if await self.faults.at("model.reply", ModelError(ErrorKind.UNAVAILABLE, "fake")):
                return
            yield event

    async def close(self) -> None:
        return


class FakeStore:
    """Keeps every record that was saved."""

    def __init__(self, faults: Faults | None = None) -> None:
        self.faults = faults or Faults()
        self.saved: list[SessionRecord] = []

    async def save(self, record: SessionRecord) -> None:
        if not await self.faults.at("store.save", StoreError(ErrorKind.UNAVAILABLE, "fake")):
            self.saved.append(record)

    async def load(self, session_id: str) -> SessionRecord | None:
        await self.faults.at("store.load", StoreError(ErrorKind.UNAVAILABLE, "fake"))
        return next((r for r in reversed(self.saved) if r.session_id == session_id), None)

    async def recent(self, limit: int = 100) -> list[SessionRecord]:
        return list(reversed(self.saved))[:limit]

    async def close(self) -> None:
        return


def recognizer() -> FakeRecognizer:
    """A plug-in: says the same thing for every utterance."""
    return FakeRecognizer(["what are your opening hours"] * 100_000)


def synthesizer() -> FakeSynthesizer:
    """A plug-in that begins at once: a server makes some fifty phrases before it is ready."""
    return FakeSynthesizer(delay_s=0.005)


def fast_synthesizer() -> FakeSynthesizer:
    """A plug-in for tests in real time, which wait for all that it says."""
    return FakeSynthesizer(delay_s=0.005, ms_per_char=20)


def model() -> FakeModel:
    """A plug-in."""
    return FakeModel()


def voice_activity() -> EnergyActivity:
    """A plug-in."""
    return EnergyActivity()
