"""`SessionActor`: what every actor of ours derives from. However it ends, its parent is told exactly once."""

import asyncio
import sys
import time
from collections import deque
from collections.abc import Callable, Coroutine
from enum import StrEnum
from itertools import islice
from typing import Any, ClassVar, TypeVar

import msgspec
from pykka import ActorDeadError, ActorRegistry, messages
from pykka._envelope import Envelope

from actors.ports import Address
from actors.runtime import LoopActor, logger
from actors.telemetry import Dispatch, Trace

M = TypeVar("M")

RECENT_MESSAGES = 50


class Exit(StrEnum):
    """How an actor ended."""

    NORMAL = "normal"
    FAILED = "failed"


class ChildExited(msgspec.Struct, frozen=True):
    """A child of the receiver is gone. `error` names the exception's class and place, never its content."""

    urgent: ClassVar[bool] = True

    name: str
    actor_urn: str
    exit: Exit
    error: str = ""


class TaskFailed(msgspec.Struct, frozen=True):
    """A task of the receiver raised; handling this raises it again, inside the actor."""

    urgent: ClassVar[bool] = True

    name: str
    error: BaseException


class ActorState(msgspec.Struct, frozen=True):
    """One actor, for operators."""

    name: str
    actor_class: str
    state: str
    mailbox_urgent: int
    mailbox: int
    dropped: int
    handled: int
    restarts: int
    last_error: str
    last_message_age_s: float | None


class MessageSeen(msgspec.Struct, frozen=True):
    """A message that was handled, without its content. `at` is in seconds of the process's monotonic clock."""

    at: float
    actor: str
    type: str


def tell_quietly(address: Address[M] | None, message: M) -> bool:
    """Tell, unless the addressee is gone; whether it was told. For teardown, when ends cross."""
    if address is None:
        return False
    try:
        address.tell(message)
    except ActorDeadError:
        return False
    return True


def describe(error: BaseException) -> str:
    """The class of an exception and where it was raised: what may be logged and shown, since messages can carry content."""
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" at {trace.tb_frame.f_code.co_qualname}:{trace.tb_lineno}" if trace is not None else ""
    return f"{type(error).__name__}{place}"


class SessionActor(LoopActor):
    """An actor with a name, a parent and tasks of its own.

    Contains every exception, CancelledError and SystemExit too: a failing actor never stops another one. The parent is told
    one `ChildExited`, whatever way the actor ends.
    """

    def __init__(self, name: str, parent: "Address[ChildExited] | None", trace: Trace | None = None) -> None:
        super().__init__()
        self.name = name
        self.parent = parent
        self.trace = trace or Trace()
        self.restarts = 0
        self.handled = 0
        self.last_error = ""
        self.last_message_at: float | None = None
        self.recent: deque[tuple[float, str]] = deque(maxlen=RECENT_MESSAGES)
        self._tasks: set[asyncio.Task[Any]] = set()
        self._failure: str | None = None
        self._told = False
        self._dispatch = Dispatch(type(self).__name__)

    # what a subclass may use

    def spawn(
        self, work: Coroutine[Any, Any, Any], name: str, on_error: "Callable[[BaseException], None] | None" = None
    ) -> asyncio.Task[Any]:
        """Run `work` as a task that ends with this actor. What it raises is raised in the actor, or given to `on_error`."""
        task = asyncio.get_running_loop().create_task(work, name=f"{self.name}.{name}")
        self._tasks.add(task)

        def done(task: asyncio.Task[Any]) -> None:
            self._tasks.discard(task)
            if task.cancelled() or (error := task.exception()) is None:
                return
            if on_error is not None:
                on_error(error)
            else:
                tell_quietly(self.actor_ref, TaskFailed(name, error))

        task.add_done_callback(done)
        return task

    def on_end(self) -> None:
        """Called once when the actor ends, whatever the way; must only let go of things."""

    def state(self) -> ActorState:
        """A snapshot for operators. Belongs to the loop's thread."""
        urgent, other = self.actor_inbox.depths
        return ActorState(
            name=self.name,
            actor_class=type(self).__name__,
            state="stopped" if self._over else "running" if self._running else "starting",
            mailbox_urgent=urgent,
            mailbox=other,
            dropped=self.actor_inbox.dropped,
            handled=self.handled,
            restarts=self.restarts,
            last_error=self.last_error,
            last_message_age_s=None if self.last_message_at is None else time.monotonic() - self.last_message_at,
        )

    def recent_messages(self, limit: int = RECENT_MESSAGES) -> list[MessageSeen]:
        """The newest first, without content."""
        return [MessageSeen(at, self.name, kind) for at, kind in islice(reversed(self.recent), limit)]

    # the life of the actor

    def run_once(self) -> None:
        """Handle the next message, and tell the parent when that was the end."""
        super().run_once()
        if self._over and not self._told:
            self._told = True
            self._let_go()
            exit_ = Exit.NORMAL if self._failure is None else Exit.FAILED
            tell_quietly(self.parent, ChildExited(self.name, self.actor_urn, exit_, self._failure or ""))

    def _let_go(self) -> None:
        for task in list(self._tasks):
            task.cancel()
        self._dispatch.flush()
        try:
            self.on_end()
        except BaseException as error:  # noqa: BLE001 - the actor is over; its parent must still be told
            self._fail(error)

    def _fail(self, error: BaseException) -> None:
        """Record the first failure, take the actor out of the registry and let it end."""
        if self._failure is None:
            self._failure = self.last_error = describe(error)
        logger.error("%s failed: %s", self.name, describe(error))
        logger.debug("%s failed", self.name, exc_info=error)
        ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()

    def _actor_loop_setup(self) -> None:
        try:
            self.on_start()
        except BaseException as error:  # noqa: BLE001 - contained: CancelledError in one actor must not stop all
            self._fail(error)

    def _handle_envelope(self, envelope: Envelope[Any]) -> None:
        message = envelope.message
        try:
            response = self._handle_receive(message)
        except BaseException as error:  # noqa: BLE001 - contained, see the class
            if envelope.reply_to is not None:
                envelope.reply_to.set_exception(sys.exc_info())
                return
            self._fail(error)
            try:
                self.on_failure(*sys.exc_info())
            except BaseException as second:  # noqa: BLE001 - contained, see the class
                self._fail(second)
        else:
            if envelope.reply_to is not None:
                envelope.reply_to.set(response)

    def _handle_receive(self, message: Any) -> Any:
        kind = type(message)
        began = time.monotonic()
        self.handled += 1
        self.last_message_at = began
        if not getattr(kind, "droppable", False):
            self.recent.append((began, kind.__name__))
        if kind is TaskFailed:
            raise message.error
        if getattr(kind, "traced", False) and self.trace.in_turn:
            with self.trace.span(kind.__name__, self.name):
                response = super()._handle_receive(message)
        else:
            response = super()._handle_receive(message)
        self._dispatch.record(began, time.monotonic())
        return response

    def _stop(self) -> None:
        ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()
        try:
            self.on_stop()
        except BaseException as error:  # noqa: BLE001 - contained, see the class
            self._fail(error)

    def on_failure(self, *_: Any) -> None:
        """Nothing more: the parent is told by `run_once`."""


_ActorStop = messages._ActorStop  # noqa: SLF001 - Pykka names it so


def order_stop(address: "Address[Any] | None") -> None:
    """Order an actor to stop once it has handled what is queued; never waits, harmless when it is gone."""
    tell_quietly(address, _ActorStop())
