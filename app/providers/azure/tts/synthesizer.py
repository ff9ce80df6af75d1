"""Speech synthesis by Azure Speech: each piece of text is a request to a synthesizer of `synthesizer_pool.py`."""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Mapping

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import (
    PieceSynthesized,
    SpeechSynthesizer,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
)
from actors.rules.unicode_text import is_speakable
from actors.runtime import failure_counters
from app.providers.azure.failures import Failure
from app.providers.azure.identity import Identity
from app.providers.azure.probe import Probe
from app.providers.azure.resource import SpeechResource, SpeechUse, required_resource, speech_use
from app.providers.azure.threads import SdkThreads
from app.providers.azure.tts.pooled_synthesizer import PooledSynthesizer
from app.providers.azure.tts.prosody import prosody
from app.providers.azure.tts.requests import PieceRequest, ReplyRequest, ReplyText
from app.providers.azure.tts.ssml import DEFAULT_VOICE, plain, ssml, voice_name
from app.providers.azure.tts.synthesizer_pool import SynthesizerPool
from config.settings import Settings

log = logging.getLogger(__name__)

RATES_HZ = (16_000, 24_000, 48_000)
AGAIN_S = 0.25
"""Seconds without any event of a request after which another synthesizer is given the same request."""
CLOSE_S = 0.5

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


class _Synthesis:
    """The stream of one session's replies to Azure Speech, as the port `Synthesis` wants it."""

    def __init__(self, engine: "AzureSynthesizer", voice: Voice, rate_hz: int, report: Report) -> None:
        self._engine = engine
        self._voice = voice
        self.rate_hz = rate_hz
        self.words_come = True
        self._report: Report | None = report
        self._replies: dict[int, ReplyText] = {}
        self._over: set[int] = set()
        self._changed = asyncio.Event()
        self._speaking: tuple[int, PieceRequest, PooledSynthesizer] | None = None
        self._working = asyncio.create_task(self._work(), name="azure-synthesis")

    # the port

    def write(self, reply: int, text: str) -> None:
        """See `actors.ports.tts.Synthesis`. Text for a reply that is finished, cancelled or failed is dropped."""
        if self._report is None or reply in self._over:
            return
        begun = self._replies.setdefault(reply, ReplyText(reply, deque()))
        if not begun.finished:
            begun.pieces.append(text)
            self._changed.set()

    def finish(self, reply: int) -> None:
        """See `actors.ports.tts.Synthesis`."""
        if self._report is not None and reply not in self._over:
            self._replies.setdefault(reply, ReplyText(reply, deque())).finished = True
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

    async def _piece(self, reply: ReplyText, text: str) -> None:
        why = await self._spoken(reply, text) if is_speakable(text) else None
        if self._replies.get(reply.number) is not reply:
            return
        if why is None:
            reply.text_end += len(text)
            self.tell(PieceSynthesized(reply.number, reply.text_end, self.ms(reply.audio_bytes)))
        else:
            self._leave(reply)
            self.tell(SynthesisFailed(reply.number, why.kind, why.detail))

    async def _stream(self, reply: ReplyText) -> None:
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
        request = ReplyRequest(self, reply, prosody(self._voice, name))
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

    async def _write(self, reply: ReplyText, request: ReplyRequest, synthesizer: PooledSynthesizer) -> None:
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

    async def _spoken(self, reply: ReplyText, text: str) -> Failure | None:
        """Have a text spoken. A request of which nothing was heard is made once more, if that can help."""
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

    async def _request(self, reply: ReplyText, text: str, name: str) -> tuple[Failure | None, bool]:
        """Why it failed, None if it did not; and whether any of it was heard."""
        try:
            synthesizer = await self._engine.pool.lease(self.rate_hz)
        except SynthesizerError as error:
            return Failure(error.kind, error.detail), False
        if self._replies.get(reply.number) is not reply:
            self._engine.pool.give_back(synthesizer)
            return None, False
        request = PieceRequest(self, reply, text, ssml(text, self._voice, name))
        self._speaking = reply.number, request, synthesizer
        synthesizer.speak(request)
        why = await request.done
        if self._speaking is not None and self._speaking[1] is request:
            self._speaking = None
            if not synthesizer.busy:
                self._engine.pool.give_back(synthesizer)
        return why, request.heard

    def _leave(self, reply: ReplyText) -> None:
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
        """Some of the service's voices, by language. The files of agents may name others."""
        return {language: tuple(f"{language}-{name}Neural" for name in names) for language, names in VOICES.items()}

    def voice_name(self, voice: Voice) -> str:
        """The service's voice for `voice`: its default for one that the service did not know."""
        name = voice_name(voice)
        return DEFAULT_VOICE if name in self._unknown_voices else name

    def unknown_voice(self, name: str) -> None:
        """Note that the service refused a request with this voice."""
        if name not in self._unknown_voices:
            line = "fallback in use: Azure Speech refuses the voice %s: %s is used"
            fallback = failure_counters.Failure.FALLBACK
            failure_counters.report_failure(fallback, log, line, name, DEFAULT_VOICE, provider="default voice")
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
