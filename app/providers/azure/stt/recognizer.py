"""Speech recognition by Azure Speech: one recognizer of the SDK a stream (`recognition.py`).

The SDK blocks when it is told to stop, so that this is done in threads (`SdkThreads`).
"""

import asyncio
import time
from collections.abc import Iterable
from typing import TYPE_CHECKING

import msgspec

from actors.errors import ErrorKind, RecognizerError
from actors.ports.stt import Recognition, RecognitionOptions, SpeechRecognizer
from app.providers.azure.failures import Failure
from app.providers.azure.identity import Identity, NoTokenError
from app.providers.azure.probe import Probe
from app.providers.azure.resource import SpeechResource, SpeechUse, required_resource, speech_use
from app.providers.azure.stt.recognition import RecognitionStream, Report, SdkListener
from app.providers.azure.stt.suspicions import Suspicions
from app.providers.azure.threads import SdkThreads
from config.settings import Settings

if TYPE_CHECKING:
    from app.providers.azure.stt.sdk_recognizer import SdkRecognizer

RENEW_MS = 1_200_000.0
"""A recognizer that has heard so much is replaced in the next silence: the SDK keeps something of all it hears."""
ENGINE_CLOSE_S = 3.0
BUSY_STREAMS = 6
"""A recognizer that is made beside so many streams sends longer blocks and looks for answers less often: by two fifths
less CPU."""


class AzureRecognizer:
    """The engine: see `actors.ports.stt.SpeechRecognizer`."""

    def __init__(
        self,
        resource: SpeechResource,
        use: SpeechUse | None = None,
        identity: Identity | None = None,
        renew_ms: float = RENEW_MS,
    ) -> None:
        """`identity`: only without a key; by default that of the machine. Belongs to the loop that first uses it."""
        self.renew_ms = renew_ms
        self.resource = resource
        self.peer = resource.peer(resource.recognition_url)
        self.use = use or SpeechUse()
        self._identity = identity
        self._threads = SdkThreads("azure-recognizer")
        self._streams: set[RecognitionStream] = set()
        self.suspicions = Suspicions(time.monotonic)
        self._probe = Probe(resource, resource.recognition_url)
        self._closed = False

    async def prepare(self, phrases: Iterable[str]) -> None:
        """Load the SDK: it takes a while. Phrases go with each stream."""
        await self._threads.run(_load)

    async def open(self, options: RecognitionOptions, report: Report) -> Recognition:
        """See `actors.ports.stt.SpeechRecognizer`. The service tells several languages apart as it listens."""
        if self._closed:
            raise RecognizerError(ErrorKind.UNAVAILABLE, "the recognizer is closed")
        stream = RecognitionStream(self, options, report)
        native = await self.make(options, stream.listener)
        self._streams.add(stream)
        self._follow(stream, native)
        stream.begin(native)
        return stream

    async def make(self, options: RecognitionOptions, listener: SdkListener) -> "SdkRecognizer":
        """A recognizer of the SDK that listens.

        Raises:
            RecognizerError: there is none to be had.
        """
        token = await self._token()
        use = msgspec.structs.replace(self.use, is_busy=len(self._streams) >= BUSY_STREAMS)

        def make() -> "SdkRecognizer":
            from app.providers.azure.stt.sdk_recognizer import SdkRecognizer

            return SdkRecognizer(
                self.resource, use, token, options.rate_hz, options.languages, options.phrases, listener
            )

        try:
            return await self._threads.run(make, undo=lambda native: native.leave())
        except (RuntimeError, ValueError) as error:
            # Its text is a page of addresses in the SDK's library.
            raise RecognizerError(
                ErrorKind.BAD_REQUEST, f"the Speech SDK makes no recognizer: {_line(error)}"
            ) from error

    async def ready(self) -> str:
        """How long the service takes to answer, in words.

        Raises:
            RecognizerError: it does not answer, or refuses us.
        """
        token = await self._token()
        found = await self._probe.ask(token)
        if isinstance(found, Failure):
            raise RecognizerError(found.kind, found.detail)
        return found

    async def close(self) -> None:
        """See `actors.ports.stt.SpeechRecognizer`. Waits for the SDK, since a process that ends under it may crash."""
        self._closed = True
        await asyncio.gather(*(stream.close() for stream in list(self._streams)))
        await self._threads.close(ENGINE_CLOSE_S)
        if self._identity is not None:
            await self._identity.close()

    def let_go(self, stream: RecognitionStream, native: "SdkRecognizer") -> "asyncio.Future[None]":
        """A stream is over. The future is done when nothing of it is left."""
        self._streams.discard(stream)
        if self._identity is not None:
            self._identity.leave(stream)
        return self.leave(native)

    def leave(self, native: "SdkRecognizer") -> "asyncio.Future[None]":
        """A recognizer of the SDK is not used any more."""
        return asyncio.wrap_future(self._threads.leave(native.leave))

    def replaced(self, stream: RecognitionStream, former: "SdkRecognizer", native: "SdkRecognizer") -> None:
        """Have a stream go on with the recognizer `native` of the SDK, and leave the former one."""
        self.leave(former)
        self._follow(stream, native)

    def _follow(self, stream: RecognitionStream, native: "SdkRecognizer") -> None:
        if self._identity is not None:
            self._identity.follow(stream, lambda token: self._threads.begin(lambda: native.authorize(token)))

    def doubt_token(self) -> None:
        """Note that the service refuses what proves who we are; of a token, another one may do."""
        if self._identity is not None:
            self._identity.doubt()

    async def _token(self) -> str | None:
        if self.resource.key is not None:
            return None
        if self._identity is None:
            self._identity = Identity()
        try:
            return await self._identity.token()
        except NoTokenError as none:
            raise RecognizerError(none.failure.kind, none.failure.detail) from none


def _load() -> None:
    from app.providers.azure.stt import sdk_recognizer  # noqa: F401


def _line(error: Exception) -> str:
    return type(error).__name__ if isinstance(error, RuntimeError) else str(error)


def create(settings: Settings) -> SpeechRecognizer:
    """The engine of the settings.

    Raises:
        SettingsError: they lack something.
    """
    return AzureRecognizer(required_resource(settings), speech_use(settings))
