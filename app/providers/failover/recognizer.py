"""A speech recognizer with another behind it."""

from collections.abc import Callable

from actors.errors import ErrorKind, RecognizerError
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized
from actors.ports.stt import (
    Recognition,
    RecognitionEvent,
    RecognitionFailed,
    RecognitionOptions,
    RecognitionReady,
    SpeechRecognizer,
)
from app.providers.failover.providers import Provider, Providers
from app.providers.failover.streams import WatchedStream, first_stream


class FailoverRecognizer:
    """Implements `SpeechRecognizer` over others."""

    def __init__(self, providers: Providers[SpeechRecognizer]) -> None:
        self.providers = providers
        self.peer = providers.peer

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        """A stream of the first recognizer that gives one.

        Raises:
            RecognizerError: none does.
        """
        providers = self.providers
        return await first_stream(
            providers, options.session_id, lambda provider: _Watched(providers, provider, options, report)
        )

    async def ready(self) -> str:
        """Ask all recognizers whether they are ready; see `Providers.ready`."""
        return await self.providers.ready()

    async def close(self) -> None:
        """Close all speech recognizers, side by side."""
        await self.providers.close()


class _Watched(WatchedStream[SpeechRecognizer, Recognition]):
    """See `actors.ports.stt.Recognition`. It owes a final from the end of an utterance on."""

    error = RecognizerError
    stalled_s = 1.5

    def __init__(
        self,
        providers: Providers[SpeechRecognizer],
        provider: Provider[SpeechRecognizer],
        options: RecognitionOptions,
        report: Callable[[RecognitionEvent], None],
    ) -> None:
        super().__init__(providers, provider, options.session_id)
        self._options = options
        self._report = report
        self._owes_since: float | None = None
        self.push: Callable[[bytes], None] = _dropped

    async def ask(self, engine: SpeechRecognizer) -> Recognition:
        recognition = await engine.open(self._options, self._told)
        # The provider's own from now on: it is called for every frame of every caller.
        self.push = recognition.push
        return recognition

    @property
    def owes_since(self) -> float | None:
        return self._owes_since

    def _told(self, event: RecognitionEvent) -> None:
        if self.closed:
            return
        match event:
            case RecognitionFailed(kind, detail):
                self._owes_since = None
                self.failed(RecognizerError(kind if isinstance(kind, ErrorKind) else ErrorKind.INTERNAL, detail))
            case FinalTranscript() | NoSpeechRecognized():
                self._owes_since = None
                self.worked()
            case RecognitionReady() | InterimTranscript():
                pass
        self._report(event)

    def finish_utterance(self) -> None:
        if self.stream is not None:
            if self._owes_since is None:
                self._owes_since = self._providers.now()
            self.stream.finish_utterance()


def _dropped(_: bytes) -> None:
    """Take audio while no provider has given a stream."""
