"""A local engine as a process of its own, seen from the worker that started it: orders in, tellings out, and a watch.

The watch: the process is asked once a second whether it is there, and answers whatever else it works on. One that has
told nothing at all for some seconds (it is stopped, swapped out, or caught in a loop) is killed, as if it had died by
itself: its owner is told, and starts another. Seconds are counted in questions, so that a machine that was suspended
as a whole kills nothing when it wakes.
"""

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

import msgspec

from actors.errors import ErrorKind, ProviderError
from actors.runtime.failure_counters import Failure, count_failure
from app.providers.pipe_frames import Unpacked

T = TypeVar("T")

logger = logging.getLogger(__name__)

READ_BYTES = 1 << 18
UNREAD_MAX_BYTES = 16 << 20
"""Orders that the process has not read; one with more is stuck, and killed."""
QUESTION_S = 1.0
"""The time between two questions whether it is there."""
QUESTIONS_MAX = 3
"""So many of them may remain unanswered."""


class ChildProcess(Generic[T]):
    """One life of an engine's process, from before its start to after its end. Belongs to the loop's thread.

    Args:
        name: what it is, for errors and the log ("synthesis process").
        start: starts it, its standard input and output being pipes; raises a ProviderError if it cannot.
        decoder: of what it tells.
        question: an order, packed, that it answers at once.
        on_told: called with each message that it tells.
        on_ended: called once, when it is of no use any more, with the reason.
    """

    def __init__(
        self,
        name: str,
        start: Callable[[], Awaitable[asyncio.subprocess.Process]],
        decoder: msgspec.msgpack.Decoder[T],
        *,
        question: bytes,
        on_told: Callable[[T], None],
        on_ended: Callable[[ErrorKind, str], None],
    ) -> None:
        self._name = name
        self._start = start
        self._decoder = decoder
        self._question = question
        self._on_told = on_told
        self._on_ended = on_ended
        self._process: asyncio.subprocess.Process | None = None
        self._unsent: list[bytes] = []
        self._started = asyncio.Event()
        self._heard = asyncio.Event()
        self._ending = False
        self._unanswered = 0
        self._watch: asyncio.TimerHandle | None = None
        self._reason = (ErrorKind.UNAVAILABLE, f"the {name} died")
        self.failure: tuple[ErrorKind, str] | None = None
        """Why it is of no use any more."""
        self._running = asyncio.create_task(self._run(), name=name)

    @property
    def pid(self) -> int | None:
        """The process id of the engine, once it was started; None before."""
        return None if self._process is None else self._process.pid

    @property
    def alive(self) -> bool:
        """Whether it can be given orders; true also before it has started."""
        return self.failure is None and not self._ending

    def write(self, order: bytes) -> None:
        """Hand over an order, packed; never waits. Orders to a process that is dying are dropped."""
        if self._process is None:
            self._unsent.append(order)
        elif self._process.stdin is not None and not self._process.stdin.is_closing():
            self._process.stdin.write(order)
            if self._process.stdin.transport.get_write_buffer_size() > UNREAD_MAX_BYTES:
                self.kill(ErrorKind.TIMEOUT, f"the {self._name} does not read")

    async def started(self) -> None:
        """Wait until there is a process, or there will be none (`failure` says why)."""
        await self._started.wait()

    async def heard(self, timeout_s: float) -> bool:
        """Wait until it tells something, or has failed; False if it does neither in time."""
        self._heard.clear()
        try:
            await asyncio.wait_for(self._heard.wait(), timeout_s)
        except TimeoutError:
            return False
        return True

    async def answers(self, timeout_s: float) -> bool:
        """Whether the engine process answers a request for a sign of life in time."""
        self.write(self._question)
        return self.alive and await self.heard(timeout_s) and self.alive

    def kill(self, kind: ErrorKind, detail: str) -> None:
        """End a process that does not work; its owner is told `kind` and `detail`."""
        self._reason = (kind, detail)
        self._kill()

    async def end(self, exit_timeout_s: float) -> None:
        """Have the process end, by force if it does not on its own. Its owner is told."""
        self._ending = True
        self._close_input()
        done, _ = await asyncio.wait([self._running], timeout=exit_timeout_s)
        if not done:
            self._kill()
            await self._running

    async def _run(self) -> None:
        try:
            process = self._process = await self._start()
        except ProviderError as failure:
            self._over(failure.kind, failure.detail)
            return
        self._started.set()
        unsent, self._unsent = self._unsent, []
        for order in unsent:
            self.write(order)
        if self._ending:
            self._close_input()
        try:
            await self._read(process)
        except Exception as error:  # noqa: BLE001 - it told what is no message, or its owner could not bear it
            self.kill(ErrorKind.INTERNAL, f"the {self._name} told nonsense: {type(error).__name__}")
        self._over(*self._reason)
        # One that only closed its output must not live on.
        self._close_input()
        try:
            await asyncio.wait_for(process.wait(), QUESTION_S)
        except TimeoutError:
            self._kill()
            await process.wait()

    async def _read(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdout is not None
        unpacked = Unpacked(self._decoder)
        while piece := await process.stdout.read(READ_BYTES):
            self._unanswered = 0
            if self._watch is None:
                # Not before its first message: until then it loads.
                self._watch = asyncio.get_running_loop().call_later(QUESTION_S, self._ask)
            for message in unpacked.take(piece):
                self._on_told(message)
            self._heard.set()

    def _ask(self) -> None:
        if not self.alive:
            return
        if self._unanswered >= QUESTIONS_MAX:
            self.kill(ErrorKind.TIMEOUT, f"the {self._name} does not answer")
            return
        self._unanswered += 1
        self.write(self._question)
        self._watch = asyncio.get_running_loop().call_later(QUESTION_S, self._ask)

    def _over(self, kind: ErrorKind, detail: str) -> None:
        self.failure = kind, detail
        if not self._ending:
            logger.error("the %s has to be replaced: %s", self._name, detail)
            count_failure(Failure.ENGINE, engine=self._name)
        if self._watch is not None:
            self._watch.cancel()
        self._started.set()
        self._heard.set()
        self._on_ended(kind, detail)

    def _close_input(self) -> None:
        if self._process is not None and self._process.stdin is not None:
            self._process.stdin.close()

    def _kill(self) -> None:
        if self._process is not None:
            with contextlib.suppress(ProcessLookupError):
                self._process.kill()
