"""Somebody on the telephone: a mouth and an ear, driven by the test, in real time."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import TYPE_CHECKING, TypeVar

import msgspec
import numpy as np

from tests.cloud.acs.ear import VOICE_DBFS, Ear
from tests.cloud.acs.events import ENDED_BY_CALLER, Result
from tests.cloud.acs.identifiers import Identifier
from tests.cloud.acs.pcm import FRAME_MS, amplify, frame_bytes, mix, noise, resample
from tests.cloud.journal import PATIENCE_S

if TYPE_CHECKING:
    from tests.cloud.acs.calls import Call
    from tests.cloud.event_grid import GridDelivery

T = TypeVar("T")
POLL_S = FRAME_MS / 1000


class CallOver(Exception):
    """The call ended before what was waited for."""


class Spoken(msgspec.Struct):
    """Something said: the times its first and its last frame were handed over, in seconds of the loop's clock."""

    started_s: float = 0.0
    ended_s: float = 0.0


class Echo(msgspec.Struct, frozen=True):
    """The telephone network says back what the caller hears, so late and so much quieter."""

    delay_ms: float = 150.0
    gain_db: float = -20.0


class _Utterance:
    def __init__(self, pcm: bytes) -> None:
        self.pcm = pcm
        self.position = 0
        self.spoken = Spoken()
        self.done: asyncio.Future[Spoken] = asyncio.get_running_loop().create_future()


class Caller:
    """`noise_dbfs`: what is to be heard behind them all the time. `ear` is there from the beginning of the call.

    Without `keep_sound` what they heard is not kept, and there is no waiting for voices or silence, nor an echo.
    """

    def __init__(
        self,
        identity: Identifier,
        *,
        noise_dbfs: float | None = None,
        echo: Echo | None = None,
        seed: int = 1,
        keep_sound: bool = True,
    ) -> None:
        self.identity = identity.completed()
        self.raw_id = self.identity.raw
        self.noise_dbfs = noise_dbfs
        self.echo = echo
        self.ear = Ear(keep=keep_sound)
        self.call: Call | None = None
        self.delivery: asyncio.Task[GridDelivery] | None = None
        self.result: Result | None = None
        self.gave_up = False
        self._keep_sound = keep_sound
        self._random = np.random.default_rng(seed)
        self._mouth: deque[_Utterance] = deque()
        self._connected = asyncio.Event()
        self._ended = asyncio.Event()

    async def connected(self, timeout_s: float = PATIENCE_S) -> "Call":
        """The call, once it is answered.

        Raises:
            CallOver: it was refused.
        """
        await self._until(lambda: self._connected.is_set() or None, timeout_s)
        assert self.call is not None
        return self.call

    async def ended(self, timeout_s: float = PATIENCE_S) -> Result | None:
        """Wait for the end of the call; why it ended."""
        await asyncio.wait_for(self._ended.wait(), timeout_s)
        return self.result

    @property
    def is_connected(self) -> bool:
        """True between answer and end."""
        return self._connected.is_set() and not self._ended.is_set()

    async def say(self, pcm: bytes, rate_hz: int | None = None) -> Spoken:
        """Say it in real time, after what is being said; returns when that is done. `rate_hz`: the stream's if None.

        Raises:
            CallOver: the call ended meanwhile.
        """
        call = await self.connected()
        if self._ended.is_set():
            raise CallOver("the call is over")
        utterance = _Utterance(resample(pcm, rate_hz or call.rate_hz, call.rate_hz))
        self._mouth.append(utterance)
        return await utterance.done

    def fall_silent(self) -> None:
        """Say no more of what is being said, or was to be."""
        for utterance in self._mouth:
            if not utterance.done.done():
                utterance.done.set_result(utterance.spoken)
        self._mouth.clear()

    def press(self, keys: str) -> None:
        """Press keys, at once: 0-9, *, #, A-D."""
        if self.call is None or not self.is_connected:
            raise CallOver("there is no call to press keys in")
        for key in keys:
            self.call.pressed(self, key)

    def hang_up(self) -> None:
        """End the call, or stop ringing."""
        if self.call is not None and self._connected.is_set():
            self.call.left(self, ENDED_BY_CALLER)
        else:
            self.gave_up = True
            self.over(ENDED_BY_CALLER)

    async def hears_voice(
        self, *, since_s: float | None = None, threshold_dbfs: float = VOICE_DBFS, timeout_s: float = PATIENCE_S
    ) -> float:
        """When a voice is first heard from `since_s` on (from now if None).

        Raises:
            CallOver: the call ended before; TimeoutError: nothing was heard.
        """
        since = self._now() if since_s is None else since_s
        return await self._until(lambda: self.ear.voice_since(since, threshold_dbfs=threshold_dbfs), timeout_s)

    async def hears_silence(
        self, quiet_ms: float = 700, *, threshold_dbfs: float = VOICE_DBFS, timeout_s: float = PATIENCE_S
    ) -> None:
        """Wait until nothing has been heard for so long, counted from now on."""
        since = self._now()

        def quiet() -> bool | None:
            silent_ms = min(self.ear.silent_ms(threshold_dbfs=threshold_dbfs), (self._now() - since) * 1000)
            return silent_ms >= quiet_ms or None

        await self._until(quiet, timeout_s)

    async def hears_reply(
        self, quiet_ms: float = 700, *, since_s: float | None = None, timeout_s: float = 60.0
    ) -> bytes:
        """Wait for a voice and for the silence after it; the sound between."""
        began_s = await self.hears_voice(since_s=since_s, timeout_s=timeout_s)
        await self.hears_silence(quiet_ms, timeout_s=timeout_s)
        return self.ear.heard_between(began_s, self._now() - quiet_ms / 1000)

    @property
    def heard(self) -> bytes:
        """All that was heard since the call was answered, at the rate of the ear."""
        return self.ear.heard

    def take(self, rate_hz: int, at_s: float, due_s: float) -> bytes | None:
        """The next frame of what they say, None if there is nothing to hear. It may be late: it was due at `due_s`."""
        parts = [self._voice(frame_bytes(rate_hz), at_s), self._echoed(rate_hz, due_s), self._behind(rate_hz)]
        audible = [part for part in parts if part is not None]
        return mix(audible) if audible else None

    def join(self, call: "Call", at_s: float) -> None:
        """They are in that call from here on."""
        self.call = call
        self.ear = Ear(call.rate_hz, keep=self._keep_sound)
        self.ear.begin(at_s)
        self._connected.set()

    def over(self, result: Result) -> None:
        """Their call is over."""
        if self._ended.is_set():
            return
        self.result = result
        self._ended.set()
        for utterance in self._mouth:
            if not utterance.done.done():
                utterance.done.set_exception(CallOver("the call ended while they spoke"))
        self._mouth.clear()

    def _echoed(self, rate_hz: int, due_s: float) -> bytes | None:
        if self.echo is None:
            return None
        until_s = due_s - self.echo.delay_ms / 1000
        heard = self.ear.heard_between(until_s - FRAME_MS / 1000, until_s)
        if not any(heard):
            return None
        return amplify(heard, self.echo.gain_db).ljust(frame_bytes(rate_hz), b"\0")[: frame_bytes(rate_hz)]

    def _behind(self, rate_hz: int) -> bytes | None:
        if self.noise_dbfs is None:
            return None
        return noise(frame_bytes(rate_hz) // 2, self.noise_dbfs, self._random)

    def _voice(self, size: int, at_s: float) -> bytes | None:
        frame = b""
        while self._mouth and len(frame) < size:
            utterance = self._mouth[0]
            if utterance.position == 0:
                utterance.spoken.started_s = at_s
            part = utterance.pcm[utterance.position : utterance.position + size - len(frame)]
            utterance.position += len(part)
            frame += part
            if utterance.position >= len(utterance.pcm):
                utterance.spoken.ended_s = at_s
                self._mouth.popleft()
                if not utterance.done.done():
                    utterance.done.set_result(utterance.spoken)
        return frame + bytes(size - len(frame)) if frame else None

    async def _until(self, look: Callable[[], T | None], timeout_s: float) -> T:
        async with asyncio.timeout(timeout_s):
            while True:
                if self.is_connected:
                    self.ear.play_until(self._now())
                if (found := look()) is not None:
                    return found
                if self._ended.is_set():
                    raise CallOver("the call ended before")
                await asyncio.sleep(POLL_S)

    def _now(self) -> float:
        return asyncio.get_running_loop().time()
