"""The pool of synthesizers of one engine. To connect one takes as long as to speak; so some are connected in advance.

One whose request was given up is stopped while its session goes on, and used again.
"""

import asyncio
import contextlib
import logging
from collections.abc import Coroutine
from typing import TYPE_CHECKING

from actors.errors import ErrorKind, SynthesizerError
from app.providers.azure.identity import Identity, NoTokenError
from app.providers.azure.resource import SpeechResource, SpeechUse
from app.providers.azure.threads import SdkThreads
from app.providers.azure.tts.pooled_synthesizer import STOPPED_S, PooledSynthesizer
from app.providers.azure.tts.recent_most import RecentMost

if TYPE_CHECKING:
    from app.providers.azure.tts.sdk_synthesizer import SdkVoice

log = logging.getLogger(__name__)

STREAMS_PER_SYNTHESIZER = 3
"""How many sessions share a synthesizer: they are silent or listening most of the time, and a reply is made faster than
it is played."""
IDLE_MOST = 24
"""Each takes five threads, 0.8 MB and 0.2 to 0.4 % of a core."""
NEEDED_S = 60.0
"""For so long, and at most twice as long, as many are kept as requests have needed at once."""
WARMING_S = 0.2
CLOSE_S = 3.0


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
        self._most_at_once: dict[int, RecentMost] = {}
        """Requests: their sessions may speak all together again."""
        self._forgetting: asyncio.TimerHandle | None = None
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
        needed = min(streams, self._needed(rate_hz)) - self._busy(rate_hz)
        return min(IDLE_MOST, max(1 + streams // STREAMS_PER_SYNTHESIZER, needed))

    def stream_opened(self, rate_hz: int) -> None:
        """Connect a synthesizer for another session that may speak, if too few wait."""
        self._streams[rate_hz] = self._streams.get(rate_hz, 0) + 1
        warming = self._warming.setdefault(rate_hz, set())
        if self.idle(rate_hz) + len(warming) < self.wanted(rate_hz):
            task = self._task(self._warm(rate_hz))
            warming.add(task)
            task.add_done_callback(warming.discard)

    def stream_closed(self, rate_hz: int) -> None:
        """Close the synthesizers that are too many, of the rate of a session that is over."""
        self._streams[rate_hz] -= 1
        self._trim(rate_hz)

    async def lease(self, rate_hz: int) -> PooledSynthesizer:
        """Take a synthesizer out of the pool for one request; it comes back by `give_back`.

        Raises:
            SynthesizerError: there is none to be had.
        """
        idle = self._idle.setdefault(rate_hz, [])
        if not idle and (warming := self._warming.get(rate_hz)):
            # A synthesizer is being made, which takes milliseconds; another one would be connected no sooner.
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
        """Stop a request that was given up, and take the synthesizer back once it has stopped."""
        self._task(self._stop(synthesizer))

    def lost(self, synthesizer: PooledSynthesizer) -> None:
        """Discard an idle synthesizer whose connection the service has closed: a request would have to connect."""
        idle = self._idle.get(synthesizer.rate_hz, [])
        if synthesizer in idle:
            idle.remove(synthesizer)
            self._discard(synthesizer)

    async def close(self) -> None:
        """Close all synthesizers of the pool and wait for the SDK, within bounds."""
        self._closed = True
        if self._forgetting is not None:
            self._forgetting.cancel()
        self._idle.clear()
        for synthesizer in list(self._all):
            self._discard(synthesizer)
        for task in list(self._tasks):
            task.cancel()
        await self.threads.close(CLOSE_S)

    def _busy(self, rate_hz: int) -> int:
        """How many synthesizers of `rate_hz` have a request, or are being stopped."""
        return sum(synthesizer.rate_hz == rate_hz for synthesizer in self._all) - self.idle(rate_hz)

    def _note_need(self, rate_hz: int) -> None:
        needed = self._most_at_once.setdefault(rate_hz, RecentMost(NEEDED_S))
        needed.note(self._busy(rate_hz), asyncio.get_running_loop().time())
        if self._forgetting is None:
            self._forget_later()

    def _needed(self, rate_hz: int) -> int:
        needed = self._most_at_once.get(rate_hz)
        return needed.most(asyncio.get_running_loop().time()) if needed is not None else 0

    def _forget_later(self) -> None:
        self._forgetting = asyncio.get_running_loop().call_later(NEEDED_S, self._forget)

    def _forget(self) -> None:
        """Close what was needed long ago, also while nobody speaks."""
        self._forgetting = None
        for rate_hz in list(self._idle):
            self._trim(rate_hz)
        if any(self._needed(rate_hz) for rate_hz in self._most_at_once):
            self._forget_later()

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
            log.warning("a synthesizer could not be connected in advance: %s", error)
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
        """Note that the service refuses what proves who we are; of a token, another one may do."""
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
