"""The pool of synthesizers of one engine. To connect one takes as long as to speak; so some are connected in advance.

A synthesizer has one request at a time and any number after each other, of any session: voice, style and language are
part of the request. One whose request was given up is stopped while its session goes on, and used again.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol

from actors.errors import ErrorKind, SynthesizerError
from app.providers.azure.failures import Failure, failure
from app.providers.azure.identity import Identity, NoTokenError
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.threads import SdkThreads
from app.providers.azure.tts.prosody import Prosody

if TYPE_CHECKING:
    from app.providers.azure.tts.sdk_synthesizer import SdkVoice

log = logging.getLogger(__name__)

STREAMS_PER_SYNTHESIZER = 3
"""Sessions are silent or listening most of the time, and a reply is made faster than it is played."""
IDLE_MOST = 24
"""Each takes five threads, 0.8 MB and 0.4 % of a core."""
SILENT_S = 2.2
"""A request of which nothing comes for so long has failed; the SDK would wait 20 s. Less than the session waits."""
STOPPED_S = 1.5
"""A synthesizer whose stopped request has not ended by then is given up."""
PAST_REQUESTS = 8
WARMING_S = 0.2
CONNECTING_S = 0.5
CLOSE_S = 3.0


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


class PooledSynthesizer:
    """One synthesizer of the Speech SDK with its connection, which speaks one request at a time. Call on the loop."""

    def __init__(self, pool: "SynthesizerPool", rate_hz: int) -> None:
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
        """One after the other: a request that is over is let go of before the next one begins."""
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
        """The request is not wanted any more: nothing more is told of it, and the synthesizer goes back to the pool."""
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


class SynthesizerPool:
    """The connected synthesizers of one worker, by sample rate in Hz. Call on the loop."""

    def __init__(
        self, resource: SpeechResource, use: SpeechUse, threads: SdkThreads, identity: Identity | None
    ) -> None:
        self.resource = resource
        self.threads = threads
        self._use = use
        self._identity = identity
        self._idle: dict[int, list[PooledSynthesizer]] = {}
        self._all: set[PooledSynthesizer] = set()
        self._warming: dict[int, set[asyncio.Task[None]]] = {}
        self._streams: dict[int, int] = {}
        self._most_at_once: dict[int, int] = {}
        """Requests, of the streams there are: their sessions may speak all together again."""
        self._tasks: set[asyncio.Task[None]] = set()
        self._closed = False

    def idle(self, rate_hz: int) -> int:
        """How many synthesizers of the sample rate `rate_hz` wait for a request."""
        return len(self._idle.get(rate_hz, []))

    def connected(self, rate_hz: int) -> int:
        """How many of the waiting synthesizers of `rate_hz` are connected to the service."""
        return sum(synthesizer.up for synthesizer in self._idle.get(rate_hz, []))

    def wanted(self, rate_hz: int) -> int:
        """How many of a rate should wait: for the streams there are, and for what they have needed at once."""
        streams = self._streams.get(rate_hz, 0)
        needed = self._most_at_once.get(rate_hz, 0) - self._busy(rate_hz)
        return min(IDLE_MOST, max(1 + streams // STREAMS_PER_SYNTHESIZER, needed))

    def stream_opened(self, rate_hz: int) -> None:
        """Another session may speak: connect a synthesizer for it, if too few wait."""
        self._streams[rate_hz] = self._streams.get(rate_hz, 0) + 1
        warming = self._warming.setdefault(rate_hz, set())
        if self.idle(rate_hz) + len(warming) < self.wanted(rate_hz):
            task = self._task(self._warm(rate_hz))
            warming.add(task)
            task.add_done_callback(warming.discard)

    def stream_closed(self, rate_hz: int) -> None:
        """A session that might speak is over: close the synthesizers of its rate that are too many now."""
        self._streams[rate_hz] -= 1
        self._most_at_once[rate_hz] = min(self._most_at_once.get(rate_hz, 0), self._streams[rate_hz])
        self._trim(rate_hz)

    async def lease(self, rate_hz: int) -> PooledSynthesizer:
        """Take a synthesizer out of the pool for one request; it comes back by `give_back`.

        Raises:
            SynthesizerError: there is none to be had.
        """
        idle = self._idle.setdefault(rate_hz, [])
        if not idle and (warming := self._warming.get(rate_hz)):
            # One is being made, which takes milliseconds; another one would be connected no sooner.
            await asyncio.wait(set(warming), timeout=WARMING_S, return_when=asyncio.FIRST_COMPLETED)
        if not idle:
            synthesizer = await self._make(rate_hz)
            self._note_need(rate_hz)
            return synthesizer
        synthesizer = idle.pop()
        self._note_need(rate_hz)
        await synthesizer.until_connected()
        return synthesizer

    def give_back(self, synthesizer: PooledSynthesizer) -> None:
        """Take a synthesizer back whose request is over, for the next one."""
        if self._closed or synthesizer.broken or synthesizer not in self._all:
            self._discard(synthesizer)
        else:
            self._idle.setdefault(synthesizer.rate_hz, []).append(synthesizer)
            self._trim(synthesizer.rate_hz)

    def stop(self, synthesizer: PooledSynthesizer) -> None:
        """The request was given up: stop it, and take the synthesizer back once it has stopped."""
        self._task(self._stop(synthesizer))

    def lost(self, synthesizer: PooledSynthesizer) -> None:
        """Its connection was closed by the service, for want of use: the next request would have to connect."""
        idle = self._idle.get(synthesizer.rate_hz, [])
        if synthesizer in idle:
            idle.remove(synthesizer)
            self._discard(synthesizer)

    async def close(self) -> None:
        """Close all synthesizers of the pool and wait for the SDK, within bounds."""
        self._closed = True
        for synthesizer in list(self._all):
            self._discard(synthesizer)
        for task in list(self._tasks):
            task.cancel()
        await self.threads.close(CLOSE_S)

    def _busy(self, rate_hz: int) -> int:
        """How many synthesizers of `rate_hz` have a request, or are being stopped."""
        return sum(synthesizer.rate_hz == rate_hz for synthesizer in self._all) - self.idle(rate_hz)

    def _note_need(self, rate_hz: int) -> None:
        self._most_at_once[rate_hz] = max(self._most_at_once.get(rate_hz, 0), self._busy(rate_hz))

    def _trim(self, rate_hz: int) -> None:
        while self.idle(rate_hz) > self.wanted(rate_hz):
            self._discard(self._idle[rate_hz].pop(0))

    async def _stop(self, synthesizer: PooledSynthesizer) -> None:
        native = synthesizer.native
        if native is None or synthesizer not in self._all:
            return
        stopping = self.threads.leave(native.stop)
        over = await synthesizer.until_over()
        if over:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(stopping), STOPPED_S)
        synthesizer.broken = synthesizer.broken or not over or not stopping.done()
        self.give_back(synthesizer)

    async def _warm(self, rate_hz: int) -> None:
        try:
            synthesizer = await self._make(rate_hz)
        except SynthesizerError as error:
            log.warning("no synthesizer in advance: %s", error)
            return
        synthesizer.warm()
        self.give_back(synthesizer)

    async def _make(self, rate_hz: int) -> PooledSynthesizer:
        token = await self.token()
        synthesizer = PooledSynthesizer(self, rate_hz)

        def make() -> "SdkVoice":
            from app.providers.azure.tts.sdk_synthesizer import SdkVoice

            return SdkVoice(self.resource, self._use, token, rate_hz, synthesizer)

        try:
            native = await self.threads.run(make, undo=lambda native: native.leave())
        except (RuntimeError, ValueError) as error:
            detail = f"the Speech SDK makes no synthesizer: {type(error).__name__}"
            raise SynthesizerError(ErrorKind.BAD_REQUEST, detail) from error
        synthesizer.native = native
        self._all.add(synthesizer)
        if self._closed:
            self._discard(synthesizer)
            raise SynthesizerError(ErrorKind.UNAVAILABLE, "the synthesizer is closed")
        if self._identity is not None:
            self._identity.follow(synthesizer, lambda token: self.threads.begin(lambda: native.authorize(token)))
        return synthesizer

    def doubt_token(self) -> None:
        """The service refuses what proves who we are; of a token, another one may do."""
        if self._identity is not None:
            self._identity.doubt()

    async def token(self) -> str | None:
        """The identity's, None with a key.

        Raises:
            SynthesizerError: it gives none.
        """
        if self._identity is None:
            return None
        try:
            return await self._identity.token()
        except NoTokenError as none:
            raise SynthesizerError(none.failure.kind, none.failure.detail) from none

    def _discard(self, synthesizer: PooledSynthesizer) -> None:
        if synthesizer in self._all:
            self._all.discard(synthesizer)
            if self._identity is not None:
                self._identity.leave(synthesizer)
            synthesizer.give_up()
            native, synthesizer.native = synthesizer.native, None
            if native is not None:
                self.threads.leave(native.leave)

    def _task(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name="azure-synthesizer-pool")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
