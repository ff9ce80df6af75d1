"""A speech synthesizer with another behind it."""

from collections.abc import Callable, Mapping

import msgspec

from actors.agent import Voice
from actors.errors import ErrorKind, SynthesizerError
from actors.ports.tts import (
    SYNTHESIS_EVENTS,
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
from actors.rules.well_typed import violation
from app.providers.failover.providers import Provider, Providers
from app.providers.failover.streams import WatchedStream, first_stream


class FailoverSynthesizer:
    """Implements `SpeechSynthesizer` over others."""

    def __init__(self, providers: Providers[SpeechSynthesizer]) -> None:
        self.providers = providers
        self.peer = providers.peer

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """A stream of the first synthesizer that gives one, that which has failed this voice lately being asked last.

        Raises:
            SynthesizerError: none does.
        """
        providers = self.providers
        return await first_stream(
            providers, (voice, rate_hz), lambda provider: _Watched(providers, provider, voice, rate_hz, report)
        )

    def voices(self) -> Mapping[str, tuple[str, ...]]:
        """The voices of the synthesizer that is asked first, by language; empty if it does not tell."""
        voices = getattr(self.providers.engines[0], "voices", None)
        return voices() if voices is not None else {}

    async def ready(self) -> str:
        """Ask all synthesizers whether they are ready; see `Providers.ready`."""
        return await self.providers.ready()

    async def close(self) -> None:
        """Close all speech synthesizers, side by side."""
        await self.providers.close()


class _Written(msgspec.Struct):
    """A reply in the making, in characters."""

    written: int = 0
    made: int = 0
    is_speakable: bool = False
    """Whether there is anything to pronounce in what was written."""
    has_audio: bool = False

    @property
    def is_lost(self) -> bool:
        """Whether a reply that ends now was not spoken, or not wholly."""
        return self.made < self.written or (self.is_speakable and not self.has_audio)


class _Watched(WatchedStream[SpeechSynthesizer, Synthesis]):
    """See `actors.ports.tts.Synthesis`. It owes the audio of what was written."""

    error = SynthesizerError
    stalled_s = 2.0

    def __init__(
        self,
        providers: Providers[SpeechSynthesizer],
        provider: Provider[SpeechSynthesizer],
        voice: Voice,
        rate_hz: int,
        report: Callable[[SynthesisEvent], None],
    ) -> None:
        super().__init__(providers, provider, (voice, rate_hz))
        self._voice = voice
        self._rate_hz = rate_hz
        self._report = report
        self._replies: dict[int, _Written] = {}
        self._told_at = 0.0

    async def ask(self, engine: SpeechSynthesizer) -> Synthesis:
        return await engine.open(self._voice, self._rate_hz, self._told)

    @property
    def owes_since(self) -> float | None:
        return self._told_at if any(reply.made < reply.written for reply in self._replies.values()) else None

    def _told(self, event: SynthesisEvent) -> None:
        if self.closed:
            return
        # Of a word nothing counts here but that it was told; the session looks at it for itself.
        if type(event) is not WordSynthesized and violation(event, SYNTHESIS_EVENTS):
            self._report(event)  # the session drops what is no event of the port, and logs it
            return
        self._told_at = self._providers.now()
        self._note(event)
        self._report(event)

    def _note(self, event: SynthesisEvent) -> None:
        # Of these there are many: looked at first, and without a pattern.
        if type(event) is WordSynthesized:
            return
        if type(event) is AudioSynthesized:
            if event.pcm:
                self.worked()
                if (reply := self._replies.get(event.reply)) is not None:
                    reply.has_audio = True
            return
        match event:
            case SynthesisFailed(number, kind, detail):
                self._replies.pop(number, None)
                self.failed(SynthesizerError(kind, detail))
            case SynthesisFinished(number):
                reply = self._replies.pop(number, None)
                if reply is not None and reply.is_lost:
                    self.failed(SynthesizerError(ErrorKind.UNAVAILABLE, "a reply ended before all of it was spoken"))
            case PieceSynthesized(number, text_end):
                if (reply := self._replies.get(number)) is not None:
                    reply.made = text_end

    def write(self, reply: int, text: str) -> None:
        if self.stream is None:
            return
        if self.owes_since is None:
            self._told_at = self._providers.now()
        in_hand = self._replies.setdefault(reply, _Written())
        in_hand.is_speakable = in_hand.is_speakable or is_speakable(text)
        in_hand.written += len(text)
        self.stream.write(reply, text)

    def finish(self, reply: int) -> None:
        if self.stream is not None:
            self.stream.finish(reply)

    def cancel(self, reply: int) -> None:
        self._replies.pop(reply, None)
        if self.stream is not None:
            self.stream.cancel(reply)
