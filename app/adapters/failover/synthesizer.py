"""A speech synthesizer with another behind it.

A stream that fails ends as any other does: the session opens one anew and has it speak what was not heard. Here is
decided who gives it: not the provider that has just failed this voice.
"""

import asyncio
from collections.abc import Callable, Mapping

import msgspec

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
from app.adapters.failover.providers import Provider, Providers

OPEN_S = 2.0
"""So long the opening of a stream may take if there is another to ask."""
STALLED_S = 2.0
"""A stream that is closed while it owes audio and has told nothing for so long has failed."""

Whose = tuple[Voice, int]


class FailoverSynthesizer:
    """Implements `SpeechSynthesizer` over others."""

    def __init__(self, providers: Providers[SpeechSynthesizer], open_s: float = OPEN_S) -> None:
        self.providers = providers
        self._open_s = open_s

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        """A stream of the first that gives one.

        Raises:
            SynthesizerError: none does.
        """
        failure = SynthesizerError(ErrorKind.UNAVAILABLE, "there is no synthesizer")
        whose = (voice, rate_hz)
        left = len(self.providers)
        for provider in self.providers.for_streams(whose):
            left -= 1
            watch = _Watch(self.providers, provider, whose, report)
            try:
                async with asyncio.timeout(self._open_s if left else None):
                    watch.stream = await provider.engine.open(voice, rate_hz, watch.told)
            except SynthesizerError as error:
                failure = error
            except TimeoutError:
                failure = SynthesizerError(ErrorKind.TIMEOUT, f"{provider.name} opens no stream")
            except asyncio.CancelledError:
                provider.breaker.given_up(self.providers.now())
                raise
            else:
                return watch
            watch.closed = True
            self.providers.failed_stream(provider, whose, failure)
        raise failure

    def voices(self) -> Mapping[str, tuple[str, ...]]:
        """Of the one that is asked first; empty if it does not tell."""
        voices = getattr(self.providers.engines[0], "voices", None)
        return voices() if voices is not None else {}

    async def ready(self) -> str:
        """See `Providers.ready`."""
        return await self.providers.ready()

    async def close(self) -> None:
        """Let go of all."""
        await self.providers.close()


class _Written(msgspec.Struct):
    """A reply in the making, in characters."""

    written: int = 0
    made: int = 0


class _Watch:
    """A stream, of whose fortune the breaker is told."""

    def __init__(
        self,
        providers: Providers[SpeechSynthesizer],
        provider: Provider[SpeechSynthesizer],
        whose: Whose,
        report: Callable[[SynthesisEvent], None],
    ) -> None:
        self.stream: Synthesis | None = None
        self.closed = False
        self._providers = providers
        self._provider = provider
        self._whose = whose
        self._report = report
        self._replies: dict[int, _Written] = {}
        self._told_at = 0.0
        self._settled = False

    def told(self, event: SynthesisEvent) -> None:
        if self.closed:
            return
        self._told_at = self._providers.now()
        reply = self._replies.get(event.reply)
        match event:
            case SynthesisFailed(number, kind, detail):
                self._replies.pop(number, None)
                self._failed(SynthesizerError(kind, detail))
            case SynthesisFinished(number):
                self._replies.pop(number, None)
            case PieceSynthesized(_, text_end):
                if reply is not None:
                    reply.made = text_end
            case AudioSynthesized():
                if not self._settled:
                    self._settled = True
                    self._provider.breaker.succeeded(self._providers.now())
            case WordSynthesized():
                pass
        self._report(event)

    def write(self, reply: int, text: str) -> None:
        if self.stream is None:
            return
        if not self._owes:
            self._told_at = self._providers.now()
        self._replies.setdefault(reply, _Written()).written += len(text)
        self.stream.write(reply, text)

    def finish(self, reply: int) -> None:
        if self.stream is not None:
            self.stream.finish(reply)

    def cancel(self, reply: int) -> None:
        self._replies.pop(reply, None)
        if self.stream is not None:
            self.stream.cancel(reply)

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self._owes and self._providers.now() - self._told_at >= STALLED_S:
            self._failed(SynthesizerError(ErrorKind.TIMEOUT, "audio that was owed did not come"))
        elif not self._settled:
            self._settled = True
            self._provider.breaker.given_up(self._providers.now())
        if self.stream is not None:
            await self.stream.close()

    @property
    def _owes(self) -> bool:
        return any(reply.made < reply.written for reply in self._replies.values())

    def _failed(self, error: SynthesizerError) -> None:
        self._settled = True
        self._providers.failed_stream(self._provider, self._whose, error)
