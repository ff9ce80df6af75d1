"""Pykka actors driven by an asyncio event loop instead of threads.

`LoopActor` is a Pykka runtime: it fills in the three extension points that Pykka documents for implementors of actor
types. Pykka's contract holds (start, stop, tell, ask, proxies, hooks, registry), with one difference: on an event
loop's own thread nothing may wait, because the actor waited for runs on that very thread. What would wait there raises
`WouldBlockError`.
"""

import asyncio
import logging
import sys
import threading
from asyncio import _get_running_loop as running_loop  # unlike get_running_loop, cheap where there is none
from collections.abc import Generator
from contextvars import Context
from enum import Enum
from functools import partial
from typing import Any, ClassVar, TypeVar

import pykka
from pykka import ActorDeadError, ActorRegistry
from pykka._envelope import Envelope

from actors.errors import ActorsError
from actors.runtime.mailbox import DEFAULT_LIMIT_MS, Mailbox, MailboxFullError
from actors.runtime.scheduler import Scheduler, scheduler_of

T = TypeVar("T")

logger = logging.getLogger("pykka")


class WouldBlockError(ActorsError):
    """Waiting here would stop the event loop that the wait is for."""


_bound_loop: asyncio.AbstractEventLoop | None = None


def bind(loop: asyncio.AbstractEventLoop | None) -> None:
    """Name the loop for actors that are started where no loop runs (another thread); None forgets it."""
    global _bound_loop
    _bound_loop = loop


def stop_all() -> None:
    """Order every actor of the process to stop, the youngest first, and wait for none of them."""
    ActorRegistry.stop_all(block=False)


class LoopFuture(pykka.ThreadingFuture[T]):
    """A future that threads wait for and coroutines await; an event loop's own thread may do neither but the latter."""

    def __init__(self) -> None:
        super().__init__()
        self._pending = True
        self._wakers: list[tuple[asyncio.AbstractEventLoop, asyncio.Future[None]]] = []

    def get(self, *, timeout: float | None = None) -> Any:
        """The result, at once when there is one.

        Raises:
            WouldBlockError: there is none yet, and this is the thread of a running event loop.
        """
        if self._pending and running_loop() is not None:
            raise WouldBlockError(
                "an actor's answer cannot be waited for on the thread of an event loop: use tell, await the future of"
                " block=False, or order with block=False (ActorRegistry.stop_all too)"
            )
        return super().get(timeout=timeout)

    def set(self, value: Any | None = None) -> None:
        """Set the result, and wake every thread and coroutine that waits for it."""
        super().set(value)
        self._settle()

    def set_exception(self, exc_info: Any | None = None) -> None:
        """Set the exception, by default the one being handled."""
        super().set_exception(exc_info)
        self._settle()

    def set_get_hook(self, func: Any) -> None:
        """Let `func` make the result when it is wanted; whether that waits, the futures it asks know."""
        super().set_get_hook(func)
        self._settle()

    def _settle(self) -> None:
        self._pending = False
        while self._wakers:
            loop, waker = self._wakers.pop()
            try:
                loop.call_soon_threadsafe(_wake, waker)
            except RuntimeError:
                continue  # the loop of whoever awaited is closed

    def __await__(self) -> Generator[Any, None, T]:
        loop = running_loop()
        if self._pending and loop is not None:
            waker = loop.create_future()
            self._wakers.append((loop, waker))
            # Only then looked at again: a thread that settled in between has found this waker, or is seen here.
            if self._pending:
                yield from waker
        return self.get()  # type: ignore[no-any-return]  # ThreadingFuture.get is typed Any

    __iter__ = __await__


def _wake(waker: "asyncio.Future[None]") -> None:
    if not waker.done():
        waker.set_result(None)


class Overwhelmed:
    """Handling this raises `error`, inside the actor whose mailbox is full."""

    runtime = True

    def __init__(self, error: MailboxFullError) -> None:
        self.error = error


_one_was_raised = threading.Condition()
"""One condition for all flags: one for each would take a kilobyte for every actor, and threads hardly ever wait for
one."""


class StopFlag:
    """Stands for the `threading.Event` by which Pykka tells that an actor has ended. Raised once and for good.

    `is_raised` is looked at several times for each message, without a call.
    """

    # A slot that is set at once: what its class held in its place would be looked for in all classes above it.
    __slots__ = ("is_raised",)

    def __init__(self) -> None:
        self.is_raised = False

    def is_set(self) -> bool:
        """Whether the actor has ended."""
        return self.is_raised

    def set(self) -> None:
        """Raise the flag, and wake every thread that waits for it."""
        with _one_was_raised:
            self.is_raised = True
            _one_was_raised.notify_all()

    def wait(self, timeout: float | None = None) -> bool:
        """Wait until it is raised, `timeout` seconds at most; whether it is."""
        with _one_was_raised:
            return _one_was_raised.wait_for(self.is_set, timeout)


class Phase(Enum):
    """How far an actor has come in its life."""

    STARTING = "starting"
    RUNNING = "running"
    STOPPED = "stopped"


_STARTING, _RUNNING, _STOPPED = Phase.STARTING, Phase.RUNNING, Phase.STOPPED


class LoopActor(pykka.Actor):
    """A Pykka actor whose messages are handled on an event loop, one at a time.

    Started inside a running loop the actor lives on that loop; elsewhere on the loop named by `bind`. Names that begin
    with `_actor` are the runtime's, as they are Pykka's: a subclass may use all others.
    """

    # What every actor has is kept in slots: with more than thirty attributes in its dictionary, an actor of a session
    # would have no part in the keys that the dictionaries of its class share, and take 1.3 kB more.
    __slots__ = (
        "_actor_event_loop",
        "_actor_phase",
        "_actor_ref",
        "_actor_scheduler",
        "actor_context",
        "actor_inbox",
        "actor_stopped",
        "actor_urn",
        "in_ready",
        "in_urgent",
        "is_running",
    )

    name = ""
    """The name that operators are shown; empty for an actor that they are not shown."""
    droppable_limit_ms: ClassVar[float] = DEFAULT_LIMIT_MS
    """Milliseconds of droppable caller audio that are queued at most; of more the oldest is dropped."""

    actor_inbox: Mailbox
    actor_stopped: StopFlag  # type: ignore[assignment]  # all of `Event` that Pykka uses
    actor_context: Context
    _actor_scheduler: Scheduler
    _actor_event_loop: asyncio.AbstractEventLoop

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.actor_inbox.limit_ms = self.droppable_limit_ms
        self.actor_stopped = flag = StopFlag()
        self.actor_ref.actor_stopped = flag  # type: ignore[assignment]  # as above
        self.actor_context = Context()
        self.in_urgent = False
        self.in_ready = False
        self.is_running = False
        self._actor_phase = _STARTING

    @staticmethod
    def _create_actor_inbox() -> Mailbox:
        return Mailbox()

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return LoopFuture()

    def _start_actor_loop(self) -> None:
        loop = running_loop() or _bound_loop
        if loop is None or loop.is_closed():
            ActorRegistry.unregister(self.actor_ref)
            self.actor_stopped.set()
            raise RuntimeError(
                "no event loop runs here and none that is open is bound: call actors.runtime.loop_actor.bind(loop)"
            )
        self._actor_event_loop = loop
        self._actor_scheduler = scheduler_of(loop)
        self.actor_inbox.put = self._actor_loop_deliver
        handle = self._actor_scheduler.handle
        self.actor_inbox.put_now = partial(handle, self, self.actor_context, self.run_with)
        if loop is running_loop():
            self._actor_scheduler.wake(self, urgent=False)
        else:
            loop.call_soon_threadsafe(self._actor_loop_begin)

    def _actor_loop_begin(self) -> None:
        self._actor_scheduler.wake(self, urgent=False)

    def _actor_loop_deliver(self, envelope: Envelope[Any]) -> None:
        """Take a message, from any thread; on the loop's own without a lock."""
        if running_loop() is not self._actor_event_loop:
            try:
                self._actor_event_loop.call_soon_threadsafe(self._actor_loop_deliver, envelope)
            except RuntimeError:
                raise ActorDeadError(f"{self.actor_ref} is on an event loop that is closed") from None
            return
        try:
            urgent = self.actor_inbox.store(envelope, self._actor_scheduler.at_work)
        except MailboxFullError as error:
            self._actor_loop_overwhelmed(error)
            return
        if self._actor_phase is _STOPPED:
            self._actor_loop_teardown()
        else:
            self._actor_scheduler.wake(self, urgent=urgent)

    def _actor_loop_overwhelmed(self, error: MailboxFullError) -> None:
        """Have this actor fail next, since a message could not be queued; what it has not handled ends with it."""
        urgent = self.actor_inbox.urgent
        if self._actor_phase is not _STOPPED and not (urgent and type(urgent[0].message) is Overwhelmed):
            urgent.insert(0, Envelope(Overwhelmed(error)))
            self._actor_scheduler.wake(self, urgent=True)

    def run_later(self, message: Any) -> None:
        """Queue a message that was to be handled at once, and could not be. Called by the scheduler only."""
        self._actor_loop_deliver(Envelope(message))

    def _handle_receive(self, message: Any) -> Any:
        if type(message) is Overwhelmed:
            raise message.error
        return super()._handle_receive(message)

    def run_with(self, message: Any) -> None:
        """Handle a message that was in no mailbox. Called by the scheduler only."""
        try:
            self._actor_loop_handle(message, None)
        except BaseException:  # noqa: BLE001 - a BaseException of a hook: the other actors of the loop must go on
            self._handle_failure(*sys.exc_info())
        if self.actor_stopped.is_raised:
            self._actor_loop_end()

    def run_once(self) -> None:
        """Handle the next message. Called by the scheduler only."""
        try:
            if self._actor_phase is _RUNNING:
                inbox = self.actor_inbox
                if inbox.urgent or inbox.normal:
                    envelope = inbox.get()
                    self._actor_loop_handle(envelope.message, envelope.reply_to)
            elif self._actor_phase is _STARTING:
                self._actor_phase, self.is_running = _RUNNING, True
                self._actor_loop_setup()
        except BaseException:  # noqa: BLE001 - a BaseException of a hook: the other actors of the loop must go on
            self._handle_failure(*sys.exc_info())
        if self.actor_stopped.is_raised:
            self._actor_loop_end()

    def _actor_loop_end(self) -> None:
        if self._actor_phase is not _STOPPED:
            self._actor_phase, self.is_running = _STOPPED, False
            self._actor_loop_finish()

    def _actor_loop_finish(self) -> None:
        """The last thing that an actor does, once, whatever its end."""
        self._actor_loop_teardown()

    def _actor_loop_handle(self, message: Any, reply_to: pykka.Future[Any] | None) -> None:
        """What Pykka's own loop does with one message, except that its stop-all does not wait."""
        try:
            response = self._handle_receive(message)
            if reply_to is not None:
                reply_to.set(response)
        except Exception:
            if reply_to is not None:
                logger.info(f"Exception returned from {self} to caller:", exc_info=sys.exc_info())
                reply_to.set_exception()
                return
            self._handle_failure(*sys.exc_info())
            try:
                self.on_failure(*sys.exc_info())
            except Exception:  # noqa: BLE001 - logged, and the actor is stopped already
                self._handle_failure(*sys.exc_info())
        except BaseException as error:  # noqa: BLE001 - Pykka answers these by stopping every actor
            if reply_to is not None:
                reply_to.set_exception()
            logger.debug(f"{error!r} in {self}. Stopping all actors.")
            stop_all()
            if not self.actor_stopped.is_set():
                self._stop()
