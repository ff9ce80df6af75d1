"""A speech recognizer with another behind it.

A stream that fails ends as any other does: the session opens one anew and has it hear again what is not settled.
Here is decided who gives it: not the provider that has just failed that session.
"""

import asyncio
from collections.abc import Callable

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
    SpeechRecognizer,
)
from app.adapters.failover.providers import Provider, Providers

OPEN_S = 2.0
"""So long the opening of a stream may take if there is another to ask."""
STALLED_S = 1.5
"""A stream that is closed while it has owed a final for so long has failed."""


class FailoverRecognizer:
    """Implements `SpeechRecognizer` over others."""

    def __init__(self, providers: Providers[SpeechRecognizer], open_s: float = OPEN_S) -> None:
        self.providers = providers
        self._open_s = open_s

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        """A stream of the first that gives one.

        Raises:
            RecognizerError: none does.
        """
        failure = RecognizerError(ErrorKind.UNAVAILABLE, "there is no recognizer")
        whose = options.session_id
        left = len(self.providers)
        for provider in self.providers.for_streams(whose):
            left -= 1
            watch = _Watch(self.providers, provider, whose, report)
            try:
                async with asyncio.timeout(self._open_s if left else None):
                    watch.stream = await provider.engine.open(options, watch.told)
            except RecognizerError as error:
                failure = error
            except TimeoutError:
                failure = RecognizerError(ErrorKind.TIMEOUT, f"{provider.name} opens no stream")
            except asyncio.CancelledError:
                provider.breaker.given_up(self.providers.now())
                raise
            else:
                return watch
            watch.closed = True
            self.providers.failed_stream(provider, whose, failure)
        raise failure

    async def ready(self) -> str:
        """See `Providers.ready`."""
        return await self.providers.ready()

    async def close(self) -> None:
        """Let go of all."""
        await self.providers.close()


class _Watch:
    """A stream, of whose fortune the breaker is told."""

    def __init__(
        self,
        providers: Providers[SpeechRecognizer],
        provider: Provider[SpeechRecognizer],
        whose: str,
        report: Callable[[RecognitionEvent], None],
    ) -> None:
        self.stream: Recognition | None = None
        self.closed = False
        self._providers = providers
        self._provider = provider
        self._whose = whose
        self._report = report
        self._owed_since: float | None = None
        self._settled = False

    def told(self, event: RecognitionEvent) -> None:
        if self.closed:
            return
        match event:
            case RecognitionFailed(kind, detail):
                self._failed(RecognizerError(kind, detail))
            case FinalRecognized() | NothingRecognized():
                self._owed_since = None
                if not self._settled:
                    self._settled = True
                    self._provider.breaker.succeeded(self._providers.now())
            case RecognitionReady() | PartialRecognized():
                pass
        self._report(event)

    def push(self, pcm: bytes) -> None:
        if self.stream is not None:
            self.stream.push(pcm)

    def finish_utterance(self) -> None:
        if self.stream is not None:
            if self._owed_since is None:
                self._owed_since = self._providers.now()
            self.stream.finish_utterance()

    async def close(self) -> None:
        if self.closed:
            return
        self.closed = True
        if self._owed_since is not None and self._providers.now() - self._owed_since >= STALLED_S:
            self._failed(RecognizerError(ErrorKind.TIMEOUT, "an utterance had no end"))
        elif not self._settled:
            self._settled = True
            self._provider.breaker.given_up(self._providers.now())
        if self.stream is not None:
            await self.stream.close()

    def _failed(self, error: RecognizerError) -> None:
        self._settled, self._owed_since = True, None
        self._providers.failed_stream(self._provider, self._whose, error)
