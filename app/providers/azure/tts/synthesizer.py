"""Speech synthesis by Azure Speech: each piece of text is a request to a synthesizer of `synthesizer_pool.py`."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping

import msgspec

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
from actors.rules.unicode_text import is_speakable
from app.providers.azure.failures import Failure
from app.providers.azure.identity import Identity
from app.providers.azure.probe import Probe
from app.providers.azure.resource import SpeechResource, SpeechUse, required_resource, speech_use
from app.providers.azure.stt.word_gate import AHEAD_MS, WordGate
from app.providers.azure.threads import SdkThreads
from app.providers.azure.tts.prosody import Prosody, prosody
from app.providers.azure.tts.ssml import DEFAULT_VOICE, plain, ssml, voice_name
from app.providers.azure.tts.synthesizer_pool import PooledSynthesizer, SynthesizerPool
from app.providers.azure.tts.word_places import WordPlaces
from config.settings import Settings

log = logging.getLogger(__name__)

RATES_HZ = (16_000, 24_000, 48_000)
AGAIN_S = 0.25
"""After a request of which nothing was heard: once more, by another synthesizer."""
CLOSE_S = 0.5
QUIET_S = 0.15
"""When all words of what was written were told, and nothing came for so long, it was spoken."""
WORDS_WAIT_S = 0.06
"""Audio waits so long for the words in it, which the SDK tells in another thread."""

VOICES = {
    "en-US": ("AvaMultilingual", "AndrewMultilingual", "EmmaMultilingual", "BrianMultilingual", "Jenny", "Guy", "Aria"),
    "en-GB": ("Sonia", "Ryan", "AdaMultilingual", "OllieMultilingual"),
    "de-DE": ("SeraphinaMultilingual", "FlorianMultilingual", "Katja"),
    "es-ES": ("Elvira", "Alvaro", "XimenaMultilingual"),
    "fr-FR": ("VivienneMultilingual", "RemyMultilingual", "Denise"),
    "it-IT": ("IsabellaMultilingual", "AlessioMultilingual", "Elsa"),
    "pt-BR": ("ThalitaMultilingual", "Francisca", "Antonio"),
    "ja-JP": ("Nanami", "Keita"),
    "zh-CN": ("XiaoxiaoMultilingual", "Yunxi"),
}

Report = Callable[[SynthesisEvent], None]


class _Reply(msgspec.Struct):
    """What was written of a reply and not spoken yet."""

    number: int
    pieces: deque[str]
    finished: bool = False
    text_end: int = 0
    audio_bytes: int = 0


class _Request:
    """One piece of text, spoken by one synthesizer of the pool; what is told of it is told on the loop."""

    def __init__(self, stream: "_Synthesis", reply: _Reply, text: str, spoken: str, ahead_ms: float = AHEAD_MS) -> None:
        self.ssml = spoken
        self.heard = False
        self._stream = stream
        self._reply = reply
        self._places = WordPlaces(text)
        self._gate = WordGate(stream.rate_hz, ahead_ms)
        self._text_start = reply.text_end
        self._start_ms = stream.ms(reply.audio_bytes)
        self._loop = asyncio.get_running_loop()
        self._impatient: asyncio.TimerHandle | None = None
        self._over = False
        self.done: asyncio.Future[Failure | None] = self._loop.create_future()
        if not stream.words_come:
            self._gate.open()

    @property
    def prosody(self) -> Prosody:
        """See `synthesizer_pool.Request`."""
        raise AssertionError("it is in the SSML")

    @property
    def owed(self) -> bool:
        """See `synthesizer_pool.Request`."""
        return True

    def audio(self, pcm: bytes) -> None:
        """See `synthesizer_pool.Request`."""
        self._hear(self._gate.audio(pcm))
        if self._gate.waits and self._impatient is None:
            self._impatient = self._loop.call_later(WORDS_WAIT_S, self._go_on)

    def word(self, word: str, start_ms: float, end_ms: float) -> None:
        """See `synthesizer_pool.Request`."""
        self._wait_no_more()
        place = self._places.find(word)
        if place is not None and not self.done.done():
            start, end = (self._text_start + at for at in place)
            self._stream.words_come = True
            self._stream.tell(
                WordSynthesized(
                    reply=self._reply.number, text_start=start, text_end=end, audio_ms=self._start_ms + start_ms
                )
            )
        # The audio before it, a pause perhaps, may be heard as well.
        self._hear(self._gate.word(end_ms) if self._places.more else self._gate.open())
        if self._over:
            self._conclude()
        elif self._gate.waits:
            self._impatient = self._loop.call_later(WORDS_WAIT_S, self._go_on)

    def ended(self, why: Failure | None) -> None:
        """See `synthesizer_pool.Request`."""
        if why is None and self._gate.waits:
            self._over = True
            self._conclude()
        elif not self.done.done():
            self._wait_no_more()
            self.done.set_result(why)

    def give_up(self) -> None:
        """Stop the request: nobody waits for its audio any more."""
        self._wait_no_more()
        if not self.done.done():
            self.done.set_result(None)

    def _go_on(self) -> None:
        """No word came in time: some voices have none."""
        self._impatient = None
        self._stream.words_come = False
        self._hear(self._gate.open())
        if self._over:
            self._conclude()

    def _conclude(self) -> None:
        if not self._gate.waits and not self.done.done():
            self.done.set_result(None)

    def _hear(self, pcm: bytes) -> None:
        if pcm and not self.done.done():
            self.heard = True
            self._reply.audio_bytes += len(pcm)
            self._stream.tell(AudioSynthesized(self._reply.number, pcm))

    def _wait_no_more(self) -> None:
        if self._impatient is not None:
            self._impatient.cancel()
            self._impatient = None


class _StreamedRequest(_Request):
    """All of a reply, written piece by piece to one synthesizer of the pool."""

    def __init__(self, stream: "_Synthesis", reply: _Reply, sound: Prosody) -> None:
        # Audio goes no further than its words, so that a piece can be told where the next one begins.
        super().__init__(stream, reply, "", "", ahead_ms=0.0)
        self.sound = sound
        self._ends: deque[int] = deque()
        self._marks: deque[tuple[int, float]] = deque()
        """Ends of pieces whose place in the audio is known, which was not heard yet."""
        self._quiet: asyncio.TimerHandle | None = None
        self._complete = False
        self._unanswered = False

    @property
    def prosody(self) -> Prosody:
        """See `synthesizer_pool.Request`."""
        return self.sound

    @property
    def owed(self) -> bool:
        """See `synthesizer_pool.Request`. Between two pieces nothing has to come."""
        return self._unanswered or self._complete

    def write(self, text: str) -> None:
        """Note that more of the text of the reply was sent, so that audio for it is due."""
        self._unanswered = True
        if self._stream.words_come:
            self._gate.shut()
        self._places.extend(text)
        self._reply.text_end += len(text)
        self._ends.append(self._reply.text_end)

    def complete(self) -> None:
        """Note that all text of the reply has been sent."""
        self._complete = True

    def audio(self, pcm: bytes) -> None:
        """See `synthesizer_pool.Request`."""
        self._unanswered = False
        super().audio(pcm)
        self._wait_for_quiet()

    def word(self, word: str, start_ms: float, end_ms: float) -> None:
        """See `synthesizer_pool.Request`."""
        at = self._places.next(word)
        while at is not None and self._ends and self._text_start + at >= self._ends[0]:
            self._marks.append((self._ends.popleft(), self._start_ms + start_ms))
        super().word(word, start_ms, end_ms)
        self._wait_for_quiet()

    def ended(self, why: Failure | None) -> None:
        """See `synthesizer_pool.Request`."""
        super().ended(why)
        if self._quiet is not None:
            self._quiet.cancel()

    def pieces_over(self) -> None:
        """Report all pieces that were not reported yet: the audio of the whole reply is here."""
        for end in (*(end for end, _ in self._marks), *self._ends):
            self._tell_piece(end)
        self._marks.clear()
        self._ends.clear()

    def _hear(self, pcm: bytes) -> None:
        while pcm and self._marks:
            end, at_ms = self._marks[0]
            before = max(0, round(at_ms * self._stream.rate_hz / 1000) * 2 - self._reply.audio_bytes)
            if before > len(pcm):
                break
            super()._hear(pcm[:before])
            pcm = pcm[before:]
            self._marks.popleft()
            self._tell_piece(end)
        super()._hear(pcm)

    def _tell_piece(self, end: int) -> None:
        self._stream.tell(PieceSynthesized(self._reply.number, end, self._stream.ms(self._reply.audio_bytes)))

    def _wait_for_quiet(self) -> None:
        if self._quiet is not None:
            self._quiet.cancel()
        self._quiet = self._loop.call_later(QUIET_S, self._be_quiet)

    def _be_quiet(self) -> None:
        """Nothing came for a while, and all words were told: what was written was spoken."""
        if not self._places.more and not self._gate.waits and not self.done.done():
            self.pieces_over()


class _Synthesis:
    """The stream of one session's replies to Azure Speech, as the port `Synthesis` wants it."""

    def __init__(self, engine: "AzureSynthesizer", voice: Voice, rate_hz: int, report: Report) -> None:
        self._engine = engine
        self._voice = voice
        self.rate_hz = rate_hz
        self.words_come = True
        """Whether the last request was told words in time: one that was not does not make the next wait."""
        self._report: Report | None = report
        self._replies: dict[int, _Reply] = {}
        self._over: set[int] = set()
        self._changed = asyncio.Event()
        self._speaking: tuple[int, _Request, PooledSynthesizer] | None = None
        self._working = asyncio.create_task(self._work(), name="azure-synthesis")

    # the port

    def write(self, reply: int, text: str) -> None:
        """See `actors.ports.tts.Synthesis`. Text for a reply that is finished, cancelled or failed is dropped."""
        if self._report is None or reply in self._over:
            return
        begun = self._replies.setdefault(reply, _Reply(reply, deque()))
        if not begun.finished:
            begun.pieces.append(text)
            self._changed.set()

    def finish(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        if self._report is not None and reply not in self._over:
            self._replies.setdefault(reply, _Reply(reply, deque())).finished = True
            self._changed.set()

    def cancel(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`. The SDK is stopped behind our back; its connection stays."""
        self._over.add(reply)
        self._replies.pop(reply, None)
        if self._speaking is not None and self._speaking[0] == reply:
            self._give_up()

    async def close(self) -> None:
        """See `actors.ports.tts.Synthesis`."""
        if self._report is None:
            return
        self._report = None
        self._replies.clear()
        self._give_up()
        self._working.cancel()
        await asyncio.wait([self._working], timeout=CLOSE_S)
        self._engine.forget(self, self.rate_hz)

    # for requests

    def tell(self, event: SynthesisEvent) -> None:
        """Report, unless the stream is closed."""
        if self._report is not None:
            self._report(event)

    def ms(self, audio_bytes: int) -> float:
        """The duration in ms of `audio_bytes` bytes of PCM16 mono at the rate of this stream."""
        return audio_bytes * 500 / self.rate_hz

    def _give_up(self) -> None:
        if self._speaking is not None:
            _, request, synthesizer = self._speaking
            self._speaking = None
            synthesizer.give_up()
            request.give_up()

    # speaking, one piece after the other

    async def _work(self) -> None:
        while True:
            reply = next(iter(self._replies.values()), None)
            if reply is not None and reply.pieces and self._engine.text_streaming and is_speakable(reply.pieces[0]):
                await self._stream(reply)
            elif reply is not None and reply.pieces:
                await self._piece(reply, reply.pieces.popleft())
            elif reply is not None and reply.finished:
                self._leave(reply)
                self.tell(SynthesisFinished(reply.number))
            else:
                self._changed.clear()
                await self._changed.wait()

    async def _piece(self, reply: _Reply, text: str) -> None:
        why = await self._spoken(reply, text) if is_speakable(text) else None
        if self._replies.get(reply.number) is not reply:
            return
        if why is None:
            reply.text_end += len(text)
            self.tell(PieceSynthesized(reply.number, reply.text_end, self.ms(reply.audio_bytes)))
        else:
            self._leave(reply)
            self.tell(SynthesisFailed(reply.number, why.kind, why.detail))

    async def _stream(self, reply: _Reply) -> None:
        """Speak all that is still to be written of `reply`, in one request."""
        name = self._engine.voice_name(self._voice)
        try:
            synthesizer = await self._engine.pool.lease(self.rate_hz)
        except SynthesizerError as error:
            if self._replies.get(reply.number) is reply:
                self._leave(reply)
                self.tell(SynthesisFailed(reply.number, error.kind, error.detail))
            return
        if self._replies.get(reply.number) is not reply:
            self._engine.pool.give_back(synthesizer)
            return
        request = _StreamedRequest(self, reply, prosody(self._voice, name))
        self._speaking = reply.number, request, synthesizer
        synthesizer.speak(request)
        writing = asyncio.create_task(self._write(reply, request, synthesizer), name="azure-synthesis-text")
        why = await request.done
        writing.cancel()
        if self._speaking is not None and self._speaking[1] is request:
            self._speaking = None
            if not synthesizer.busy:
                self._engine.pool.give_back(synthesizer)
        if self._replies.get(reply.number) is not reply:
            return
        if why is None:
            request.pieces_over()
            return
        if why.kind is ErrorKind.BAD_REQUEST and name != DEFAULT_VOICE:
            self._engine.unknown_voice(name)
        self._leave(reply)
        self.tell(SynthesisFailed(reply.number, why.kind, why.detail))

    async def _write(self, reply: _Reply, request: _StreamedRequest, synthesizer: PooledSynthesizer) -> None:
        while not request.done.done():
            if reply.pieces:
                text = reply.pieces.popleft()
                request.write(text)
                synthesizer.write(plain(text))
            elif reply.finished:
                request.complete()
                synthesizer.end_text()
                return
            else:
                self._changed.clear()
                await self._changed.wait()

    async def _spoken(self, reply: _Reply, text: str) -> Failure | None:
        """Have it spoken. A request of which nothing was heard is made once more, if that can help."""
        name = self._engine.voice_name(self._voice)
        why, heard = await self._request(reply, text, name)
        if why is None or heard or self._replies.get(reply.number) is not reply:
            return why
        if why.kind is ErrorKind.BAD_REQUEST and name != DEFAULT_VOICE:
            self._engine.unknown_voice(name)
        elif why.kind in (ErrorKind.THROTTLED, ErrorKind.UNAVAILABLE):
            await asyncio.sleep(AGAIN_S)
        else:
            return why
        if self._replies.get(reply.number) is not reply:
            return why
        again, _ = await self._request(reply, text, self._engine.voice_name(self._voice))
        return again

    async def _request(self, reply: _Reply, text: str, name: str) -> tuple[Failure | None, bool]:
        """Why it failed, None if it did not; and whether any of it was heard."""
        try:
            synthesizer = await self._engine.pool.lease(self.rate_hz)
        except SynthesizerError as error:
            return Failure(error.kind, error.detail), False
        if self._replies.get(reply.number) is not reply:
            self._engine.pool.give_back(synthesizer)
            return None, False
        request = _Request(self, reply, text, ssml(text, self._voice, name))
        self._speaking = reply.number, request, synthesizer
        synthesizer.speak(request)
        why = await request.done
        if self._speaking is not None and self._speaking[1] is request:
            self._speaking = None
            if not synthesizer.busy:
                self._engine.pool.give_back(synthesizer)
        return why, request.heard

    def _leave(self, reply: _Reply) -> None:
        self._over.add(reply.number)
        self._replies.pop(reply.number, None)


class AzureSynthesizer:
    """The engine: see `actors.ports.tts.SpeechSynthesizer`."""

    def __init__(
        self, resource: SpeechResource, use: SpeechUse | None = None, identity: Identity | None = None
    ) -> None:
        """`identity`: only without a key; by default that of the machine. Belongs to the loop that first uses it."""
        self._resource = resource
        self.peer = resource.peer(resource.synthesis_url)
        self._identity = identity if identity is not None or resource.key is not None else Identity()
        use = use or SpeechUse()
        self.text_streaming = use.text_streaming
        self.pool = SynthesizerPool(resource, use, SdkThreads("azure-synthesizer"), self._identity)
        self._probe = Probe(resource, resource.streaming_url if use.text_streaming else resource.synthesis_url)
        self._streams: set[_Synthesis] = set()
        self._unknown_voices: set[str] = set()
        self._closed = False

    async def open(self, voice: Voice, rate_hz: int, report: Report) -> Synthesis:
        """See `actors.ports.tts.SpeechSynthesizer`. Voices are the service's: `en-US-AvaMultilingualNeural`."""
        if self._closed:
            raise SynthesizerError(ErrorKind.UNAVAILABLE, "the synthesizer is closed")
        if rate_hz not in RATES_HZ:
            raise SynthesizerError(ErrorKind.BAD_REQUEST, f"no audio at {rate_hz} Hz")
        await self.pool.token()
        self.pool.stream_opened(rate_hz)
        stream = _Synthesis(self, voice, rate_hz, report)
        self._streams.add(stream)
        return stream

    def voices(self) -> Mapping[str, tuple[str, ...]]:
        """Some of those it has, by language. The files of agents may name others."""
        return {language: tuple(f"{language}-{name}Neural" for name in names) for language, names in VOICES.items()}

    def voice_name(self, voice: Voice) -> str:
        """The service's voice for `voice`: its default for one that the service did not know."""
        name = voice_name(voice)
        return DEFAULT_VOICE if name in self._unknown_voices else name

    def unknown_voice(self, name: str) -> None:
        """The service refused a request with this voice."""
        if name not in self._unknown_voices:
            log.warning("Azure Speech refuses the voice %s: %s is used", name, DEFAULT_VOICE)
            self._unknown_voices.add(name)

    async def ready(self) -> str:
        """How long the service takes to answer, in words.

        Raises:
            SynthesizerError: it does not answer, or refuses us.
        """
        found = await self._probe.ask(await self.pool.token())
        if isinstance(found, Failure):
            raise SynthesizerError(found.kind, found.detail)
        return found

    async def close(self) -> None:
        """See `actors.ports.tts.SpeechSynthesizer`. Waits for the SDK, since a process that ends under it may crash."""
        self._closed = True
        await asyncio.gather(*(stream.close() for stream in list(self._streams)))
        await self.pool.close()
        if self._identity is not None:
            await self._identity.close()

    def forget(self, stream: _Synthesis, rate_hz: int) -> None:
        """Drop a session's stream that has been closed."""
        self._streams.discard(stream)
        self.pool.stream_closed(rate_hz)


def create(settings: Settings) -> SpeechSynthesizer:
    """The engine of the settings.

    Raises:
        SettingsError: they lack something.
    """
    return AzureSynthesizer(required_resource(settings), speech_use(settings))
