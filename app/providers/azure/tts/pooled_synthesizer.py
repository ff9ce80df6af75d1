"""One synthesizer of the Speech SDK: its threads tell of a request, and the loop is told in their order.

A synthesizer has one request at a time and any number after each other, of any session: voice, style and language are
part of the request.
"""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, Protocol

from actors.errors import ErrorKind
from app.providers.azure.failures import Failure, failure
from app.providers.azure.resource import SpeechResource
from app.providers.azure.threads import SdkThreads
from app.providers.azure.tts.prosody import Prosody

if TYPE_CHECKING:
    from app.providers.azure.tts.sdk_synthesizer import SdkVoice

SILENT_S = 2.2
"""Seconds without an event after which a request has failed: fewer than the session waits. The SDK would wait 20 s."""
STOPPED_S = 1.5
"""Seconds within which a stopped request has to end; else its synthesizer is given up."""
CONNECTING_S = 0.5
"""Seconds for which a connection that is being made is waited for."""
PAST_REQUESTS = 8
"""The most requests that are remembered by their numbers, because events of theirs may still come."""


class Request(Protocol):
    """What is to be spoken, and who is told of it, on the loop. Nothing is told after `ended`, or after `give_up`."""

    @property
    def ssml(self) -> str:
        """All of its text; empty for a request that is written piece by piece."""
        ...

    @property
    def prosody(self) -> Prosody:
        """How a request that is written piece by piece is to sound: voice, style, rate and language."""
        ...

    @property
    def owed(self) -> bool:
        """Whether audio is due: text was sent that has not been spoken yet, so that silence counts as a failure."""
        ...

    def audio(self, pcm: bytes) -> None:
        """Take more PCM of this request from the service."""
        ...

    def word(self, word: str, start_ms: float, end_ms: float) -> None:
        """Take the place of `word` in the audio of this request, in ms from its beginning."""
        ...

    def ended(self, why: Failure | None) -> None:
        """End the request: spoken whole if `why` is None, else failed for that reason."""
        ...


class Pool(Protocol):
    """What a synthesizer needs of the pool to which it goes back."""

    resource: SpeechResource
    threads: SdkThreads

    def stop(self, synthesizer: "PooledSynthesizer") -> None:
        """Stop the SDK at a request that was given up, and take the synthesizer back."""
        ...

    def lost(self, synthesizer: "PooledSynthesizer") -> None:
        """Note that the service has closed the connection of a synthesizer that has no request."""
        ...

    def doubt_token(self) -> None:
        """Note that the service refuses what proves who we are."""
        ...


class PooledSynthesizer:
    """One synthesizer of the Speech SDK with its connection, which speaks one request at a time. Call on the loop."""

    def __init__(self, pool: Pool, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.broken = False
        self._pool = pool
        self._loop = asyncio.get_running_loop()
        self.native: SdkVoice | None = None
        self._request: Request | None = None
        self._number = ""
        self._past: deque[str] = deque(maxlen=PAST_REQUESTS)
        self._over: asyncio.Event = asyncio.Event()
        self._over.set()
        self._bytes = 0
        self._told_at = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._orders = pool.threads.in_order()
        """Runs orders to the SDK one after the other: a request that is over is released before the next one begins."""
        self._connecting: asyncio.Event | None = None
        self.up = False

    @property
    def busy(self) -> bool:
        """Whether the SDK still works at a request, be it one that was given up."""
        return not self._over.is_set()

    def speak(self, request: Request) -> None:
        """Speak `request`, the only one this synthesizer has."""
        native = self.native
        assert native is not None
        assert not self.busy
        self._request, self._number, self._bytes = request, "", 0
        self._over.clear()
        self._told_at = self._loop.time()
        self._timer = self._loop.call_later(SILENT_S, self._check)
        self._orders(lambda: self._begin(native, request))

    def _begin(self, native: "SdkVoice", request: Request) -> None:
        try:
            if request.ssml:
                native.speak(request.ssml)
            else:
                native.stream(request.prosody)
        except RuntimeError:
            self._call(self._on_canceled, "", "RuntimeError", "")

    def write(self, text: str) -> None:
        """Send more text of a request that is written piece by piece."""
        native = self.native
        if native is not None:
            self._told_at = self._loop.time()
            self._orders(lambda: native.write(text))

    def end_text(self) -> None:
        """Tell the service that the text of the request, written piece by piece, is complete."""
        native = self.native
        if native is not None:
            self._told_at = self._loop.time()
            self._orders(native.end_text)

    def give_up(self) -> None:
        """Tell nothing more of a request that is not wanted any more, and give the synthesizer back to the pool."""
        if self._request is not None:
            self._ended(None, told=False)
            self._pool.stop(self)

    def warm(self) -> None:
        """Connect to the service before there is anything to say."""
        native = self.native
        if native is not None and not self.up:
            self._connecting = asyncio.Event()
            self._pool.threads.begin(native.warm)

    async def until_connected(self) -> None:
        """Wait a little for a connection that is being made: the SDK would begin another, and be later."""
        if self._connecting is not None and not self.up:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(self._connecting.wait(), CONNECTING_S)
        self._connecting = None

    async def until_over(self) -> bool:
        """Wait until the SDK is done with a request that was stopped; False when it takes too long."""
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._over.wait(), STOPPED_S)
        return self._over.is_set()

    # what SDK threads call

    def _call(self, told: Callable[..., None], *arguments: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody listens any more
            self._loop.call_soon_threadsafe(told, *arguments)

    def audio(self, request: str, pcm: bytes) -> None:
        """Give audio to the request in hand; see `VoiceListener`."""
        self._call(self._on_audio, request, pcm)

    def word(self, request: str, word: str, start_ms: float, end_ms: float) -> None:
        """Give the position of a word to the request in hand; see `VoiceListener`."""
        self._call(self._on_word, request, word, start_ms, end_ms)

    def completed(self, request: str, pcm: bytes) -> None:
        """End the request in hand, spoken whole; see `VoiceListener`."""
        self._call(self._on_completed, request, pcm)

    def canceled(self, request: str, code: str, text: str) -> None:
        """End the request in hand, which failed; see `VoiceListener`."""
        self._call(self._on_canceled, request, code, text)

    def connected(self, up: bool) -> None:
        """Note that the connection stands; see `VoiceListener`."""
        self._call(self._on_connected, up)

    # the same on the loop

    def _current(self, number: str) -> Request | None:
        """The request that an event belongs to; None for one that is past or was given up."""
        if number in self._past:
            return None
        if not self._number:
            self._number = number
        self._told_at = self._loop.time()
        return self._request if number == self._number else None

    def _on_audio(self, number: str, pcm: bytes) -> None:
        if pcm and (request := self._current(number)) is not None:
            self._bytes += len(pcm)
            request.audio(pcm)

    def _on_word(self, number: str, word: str, start_ms: float, end_ms: float) -> None:
        if (request := self._current(number)) is not None:
            request.word(word, start_ms, end_ms)

    def _on_completed(self, number: str, pcm: bytes) -> None:
        request = self._current(number)
        # Some audio may still be on its way in another thread: here is all of it.
        if request is not None and len(pcm) > self._bytes:
            request.audio(pcm[self._bytes :])
        self._finished(number, None)

    def _on_canceled(self, number: str, code: str, text: str) -> None:
        if number in self._past:
            return
        why = failure(code, text, self._pool.resource.proof)
        if why.kind is ErrorKind.AUTHENTICATION:
            self._pool.doubt_token()
        if code == "NoError":
            why = Failure(ErrorKind.INTERNAL, "Azure Speech: stopped")
        self._finished(number, why)

    def _on_connected(self, up: bool) -> None:
        self.up = up
        if up and self._connecting is not None:
            self._connecting.set()
        if not up and not self.busy:
            self._pool.lost(self)

    def _finished(self, number: str, why: Failure | None) -> None:
        if number in self._past:
            return
        self._past.append(number)
        native = self.native
        if native is not None:
            self._orders(native.finish)
        self._over.set()
        if self._request is not None:
            self._ended(why, told=True)

    def _ended(self, why: Failure | None, *, told: bool) -> None:
        request, self._request = self._request, None
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        if told and request is not None:
            request.ended(why)

    def _check(self) -> None:
        request = self._request
        silent_s = self._loop.time() - self._told_at
        if silent_s < SILENT_S or (request is not None and not request.owed):
            self._timer = self._loop.call_later(max(SILENT_S - silent_s, SILENT_S / 4), self._check)
            return
        self.broken = True
        self.give_up()
        if request is not None:
            request.ended(Failure(ErrorKind.TIMEOUT, f"Azure Speech: no audio for {SILENT_S:g} s"))
