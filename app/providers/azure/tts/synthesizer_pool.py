"""The pool of synthesizers of one engine. To connect one takes as long as to speak; so some are connected in advance.

A line has one request at a time and any number after each other, of any session: voice, style and language are part of
the request. A line whose request was given up is stopped behind the back of who gave it up, and used again.
"""

import asyncio
import contextlib
import logging
from collections import deque
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Protocol

from actors.errors import ErrorKind, SynthesizerError
from app.providers.azure.failures import Failure, failure
from app.providers.azure.identity import Identity, NoToken
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
"""A line whose stopped request has not ended by then is given up."""
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
        """How such a request is to sound."""
        ...

    @property
    def owed(self) -> bool:
        """Whether something has to come of it now."""
        ...

    def audio(self, pcm: bytes) -> None:
        """Take more PCM of this request from the service."""
        ...

    def word(self, word: str, start_ms: float, end_ms: float) -> None:
        """A word of it lies there in its audio."""
        ...

    def ended(self, why: Failure | None) -> None:
        """It is complete, or failed."""
        ...


class PooledSynthesizer:
    """One synthesizer of the SDK."""

    def __init__(self, lines: "SynthesizerPool", rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self.broken = False
        self._lines = lines
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
        self._orders = lines.threads.in_order()
        """One after the other: a request that is over is let go of before the next one begins."""
        self._connecting: asyncio.Event | None = None
        self.up = False

    @property
    def busy(self) -> bool:
        """Whether the SDK still has a request."""
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
        """More text of a request that is written piece by piece."""
        native = self.native
        if native is not None:
            self._told_at = self._loop.time()
            self._orders(lambda: native.write(text))

    def end_text(self) -> None:
        """There is no more text of it."""
        native = self.native
        if native is not None:
            self._told_at = self._loop.time()
            self._orders(native.end_text)

    def give_up(self) -> None:
        """The request is not wanted any more: nothing more is told of it, and the line goes back to the pool."""
        if self._request is not None:
            self._ended(None, told=False)
            self._lines.stop(self)

    def warm(self) -> None:
        """Connect to the service before there is anything to say."""
        native = self.native
        if native is not None and not self.up:
            self._connecting = asyncio.Event()
            self._lines.threads.begin(native.warm)

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
        why = failure(code, text, self._lines.resource.proof)
        if why.kind is ErrorKind.AUTHENTICATION:
            self._lines.doubt_token()
        if code == "NoError":
            why = Failure(ErrorKind.INTERNAL, "Azure Speech: stopped")
        self._finished(number, why)

    def _on_connected(self, up: bool) -> None:
        self.up = up
        if up and self._connecting is not None:
            self._connecting.set()
        if not up and not self.busy:
            self._lines.lost(self)

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
    """The pool. Belongs to its loop."""

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
        """How many of a rate wait for a request."""
        return len(self._idle.get(rate_hz, []))

    def connected(self, rate_hz: int) -> int:
        """How many of those are connected."""
        return sum(line.up for line in self._idle.get(rate_hz, []))

    def wanted(self, rate_hz: int) -> int:
        """How many of a rate should wait: for the streams there are, and for what they have needed at once."""
        streams = self._streams.get(rate_hz, 0)
        needed = self._most_at_once.get(rate_hz, 0) - self._busy(rate_hz)
        return min(IDLE_MOST, max(1 + streams // STREAMS_PER_SYNTHESIZER, needed))

    def stream_opened(self, rate_hz: int) -> None:
        """Another session may speak: connect a line for it, if there are too few."""
        self._streams[rate_hz] = self._streams.get(rate_hz, 0) + 1
        warming = self._warming.setdefault(rate_hz, set())
        if self.idle(rate_hz) + len(warming) < self.wanted(rate_hz):
            task = self._task(self._warm(rate_hz))
            warming.add(task)
            task.add_done_callback(warming.discard)

    def stream_closed(self, rate_hz: int) -> None:
        """It is gone: so may be a line."""
        self._streams[rate_hz] -= 1
        self._most_at_once[rate_hz] = min(self._most_at_once.get(rate_hz, 0), self._streams[rate_hz])
        self._trim(rate_hz)

    async def lease(self, rate_hz: int) -> PooledSynthesizer:
        """A line for one request.

        Raises:
            SynthesizerError: there is none to be had.
        """
        idle = self._idle.setdefault(rate_hz, [])
        if not idle and (warming := self._warming.get(rate_hz)):
            # One is being made, which takes milliseconds; another one would be connected no sooner.
            await asyncio.wait(set(warming), timeout=WARMING_S, return_when=asyncio.FIRST_COMPLETED)
        if not idle:
            line = await self._make(rate_hz)
            self._note_need(rate_hz)
            return line
        line = idle.pop()
        self._note_need(rate_hz)
        await line.until_connected()
        return line

    def give_back(self, line: PooledSynthesizer) -> None:
        """Take a synthesizer back whose request is over, for the next one."""
        if self._closed or line.broken or line not in self._all:
            self._discard(line)
        else:
            self._idle.setdefault(line.rate_hz, []).append(line)
            self._trim(line.rate_hz)

    def stop(self, line: PooledSynthesizer) -> None:
        """The request was given up: stop it, then the line can be used again."""
        self._task(self._stop(line))

    def lost(self, line: PooledSynthesizer) -> None:
        """Its connection was closed by the service, for want of use: the next request would have to connect."""
        idle = self._idle.get(line.rate_hz, [])
        if line in idle:
            idle.remove(line)
            self._discard(line)

    async def close(self) -> None:
        """Close all synthesizers of the pool and wait for the SDK, within bounds."""
        self._closed = True
        for line in list(self._all):
            self._discard(line)
        for task in list(self._tasks):
            task.cancel()
        await self.threads.close(CLOSE_S)

    def _busy(self, rate_hz: int) -> int:
        """How many of a rate have a request."""
        return sum(line.rate_hz == rate_hz for line in self._all) - self.idle(rate_hz)

    def _note_need(self, rate_hz: int) -> None:
        self._most_at_once[rate_hz] = max(self._most_at_once.get(rate_hz, 0), self._busy(rate_hz))

    def _trim(self, rate_hz: int) -> None:
        while self.idle(rate_hz) > self.wanted(rate_hz):
            self._discard(self._idle[rate_hz].pop(0))

    async def _stop(self, line: PooledSynthesizer) -> None:
        native = line.native
        if native is None or line not in self._all:
            return
        stopping = self.threads.leave(native.stop)
        over = await line.until_over()
        if over:
            with contextlib.suppress(TimeoutError):
                await asyncio.wait_for(asyncio.wrap_future(stopping), STOPPED_S)
        line.broken = line.broken or not over or not stopping.done()
        self.give_back(line)

    async def _warm(self, rate_hz: int) -> None:
        try:
            line = await self._make(rate_hz)
        except SynthesizerError as error:
            log.warning("no synthesizer in advance: %s", error)
            return
        line.warm()
        self.give_back(line)

    async def _make(self, rate_hz: int) -> PooledSynthesizer:
        token = await self.token()
        line = PooledSynthesizer(self, rate_hz)

        def make() -> "SdkVoice":
            from app.providers.azure.tts.sdk_synthesizer import SdkVoice

            return SdkVoice(self.resource, self._use, token, rate_hz, line)

        try:
            native = await self.threads.run(make, undo=lambda native: native.leave())
        except (RuntimeError, ValueError) as error:
            detail = f"the Speech SDK makes no synthesizer: {type(error).__name__}"
            raise SynthesizerError(ErrorKind.BAD_REQUEST, detail) from error
        line.native = native
        self._all.add(line)
        if self._closed:
            self._discard(line)
            raise SynthesizerError(ErrorKind.UNAVAILABLE, "the synthesizer is closed")
        if self._identity is not None:
            self._identity.follow(line, lambda token: self.threads.begin(lambda: native.authorize(token)))
        return line

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
        except NoToken as none:
            raise SynthesizerError(none.failure.kind, none.failure.detail) from none

    def _discard(self, line: PooledSynthesizer) -> None:
        if line in self._all:
            self._all.discard(line)
            if self._identity is not None:
                self._identity.leave(line)
            line.give_up()
            native, line.native = line.native, None
            if native is not None:
                self.threads.leave(native.leave)

    def _task(self, work: Coroutine[object, object, None]) -> "asyncio.Task[None]":
        task = asyncio.create_task(work, name="speech-lines")
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        return task
