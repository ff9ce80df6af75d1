"""`SupervisedActor`, from which every actor derives. However it ends, its parent is told exactly once."""

import asyncio
import logging
import sys
from array import array
from collections.abc import Callable, Coroutine
from itertools import islice
from types import FunctionType
from typing import Any, ClassVar, TypeVar
from weakref import WeakValueDictionary

import msgspec
import pykka
from pykka import ActorDeadError, ActorRef, ActorRegistry

from actors.ports.clock import Timer
from actors.ports.recipient import Recipient
from actors.runtime.actor_state import ActorState, MessageSeen
from actors.runtime.address import Address
from actors.runtime.containment import start_contained
from actors.runtime.described_errors import describe, places
from actors.runtime.exits import ChildExited, Exit, StopNow, tell_quietly
from actors.runtime.loop_actor import LoopActor, Phase
from actors.runtime.mailbox import TRAITS
from actors.runtime.session_trace import Trace
from actors.runtime.telemetry import Dispatch, is_recording

S = TypeVar("S", bound="SupervisedActor")

logger = logging.getLogger("earshot.actors")

RECENT_MESSAGES = 50


class TaskFailed(msgspec.Struct, frozen=True):
    """A task of the receiver raised; handling this raises it again, inside the actor.

    In order with what the task told before, so that none of that is lost.
    """

    runtime: ClassVar[bool] = True

    name: str
    error: BaseException


_live: WeakValueDictionary[str, "SupervisedActor"] = WeakValueDictionary()


def actor_of(ref: ActorRef[S]) -> S | None:
    """The actor behind a ref, for its supervisor and for snapshots. Belongs to the loop's thread."""
    return _live.get(ref.actor_urn)  # type: ignore[return-value]  # URNs are unique: the ref's class is the actor's


class _OwnedTimer:
    """A timer that its actor knows of until it is due: what the clock tells is passed on."""

    __slots__ = ("_actor", "timer")

    def __init__(self, actor: "SupervisedActor") -> None:
        self._actor = actor
        self.timer: Timer | None = None

    def tell(self, message: Any) -> None:
        """The clock says that the message is due."""
        self._forget()
        tell_quietly(self._actor.actor_ref, message)

    def cancel(self) -> None:
        """Make sure that the message is never told."""
        self._forget()
        if self.timer is not None:
            self.timer.cancel()

    def _forget(self) -> None:
        if self in self._actor.owned_timers:
            self._actor.owned_timers.remove(self)


class SupervisedActor(LoopActor):
    """An actor with a name, a parent, and tasks and timers of its own, which end with it.

    Contains every exception, CancelledError and SystemExit too: a failing actor never stops another one. The parent is
    told one `ChildExited`, whatever way the actor ends.
    """

    __slots__ = (
        "_actor_address",
        "_actor_dispatch",
        "_actor_failure",
        "_actor_fatal",
        "handled",
        "last_error",
        "last_message_at",
        "owned_tasks",
        "owned_timers",
        "parent",
        "recent",
        "recent_at",
        "restarts",
        "trace",
    )

    def __init_subclass__(cls, **options: Any) -> None:
        """Give each class of actors copies of its own of the functions that every message goes through.

        Python notes in the code of a function where it has found an attribute, for objects of the class that it met
        last. In code that all actors share that is another class each time: finding attributes anew took a fiftieth of
        what a telephone call takes.
        """
        super().__init_subclass__(**options)
        for name in ("run_with", "run_once", "_actor_loop_handle"):
            shared = getattr(cls, name)
            own = FunctionType(
                shared.__code__.replace(), shared.__globals__, name, shared.__defaults__, shared.__closure__
            )
            setattr(cls, name, own)

    def __init__(self, name: str, parent: Recipient[ChildExited] | None, trace: Trace | None = None) -> None:
        super().__init__()
        self.name = name
        self.parent = parent
        self.trace = trace or Trace()
        self.actor_context = self.trace.context
        self.restarts = 0
        """How often this actor was restarted; set by its supervisor."""
        self.handled = 0
        self.last_error = ""
        self.last_message_at: float | None = None
        self.recent: list[str] = []
        """Who told each of the newest messages, and its type, one after the other: a tuple for each would take three
        times the memory."""
        self.recent_at = array("d")
        """When each of them was handled: a float as an object of its own would take five times the memory."""
        # Lists, for a set takes 160 bytes more also when it is empty, as both are most of the time.
        self.owned_tasks: list[asyncio.Task[Any]] = []
        self.owned_timers: list[_OwnedTimer] = []
        self._actor_address: Address[Any] | None = None
        self._actor_fatal: Any = None
        """The message at which this actor died, if it may be handled twice; else None."""
        self._actor_failure: str | None = None
        self._actor_dispatch: Dispatch | None = None

    # what a subclass may use

    def on_end(self) -> None:
        """Release what the actor holds. Called once when it ends, in whatever way, and must do nothing else."""

    def spawn(
        self, work: Coroutine[Any, Any, Any], name: str, on_error: Callable[[BaseException], None] | None = None
    ) -> asyncio.Task[Any]:
        """Run `work` as a task that ends with this actor. What it raises is raised in it, or given to `on_error`.

        Raises:
            ActorDeadError: the actor has ended already.
        """
        if self._actor_phase is Phase.STOPPED:
            work.close()
            raise ActorDeadError(f"{self.name} has ended: it starts no task {name}")
        report = on_error or (lambda error: self._actor_task_failed(name, error))
        task = start_contained(self._actor_event_loop, work, report, f"{self.name}.{name}")
        self.owned_tasks.append(task)
        task.add_done_callback(self.owned_tasks.remove)
        return task

    def call_later(self, delay_s: float, message: Any) -> Timer:
        """Tell this actor `message` after `delay_s` seconds of the loop's time, unless cancelled or ended by then."""
        owned = _OwnedTimer(self)
        if self._actor_phase is not Phase.STOPPED:
            owned.timer = self._actor_event_loop.call_later(delay_s, owned.tell, message)
            self.owned_timers.append(owned)
        return owned

    def reachable_at(self, address: Address[Any]) -> None:
        """Receive what is told to `address`, beginning with what waits there, until this actor ends."""
        self._actor_address = address
        # What waits there was told by others than this actor, nobody knows any more by whom.
        scheduler = self._actor_scheduler
        scheduler.at_work, at_work = None, scheduler.at_work
        address.connect(self.actor_ref)
        scheduler.at_work = at_work

    def state(self) -> ActorState:
        """A snapshot for operators. Belongs to the loop's thread."""
        depths = self.actor_inbox.depths
        last_at = self.last_message_at
        return ActorState(
            name=self.name,
            actor_class=type(self).__name__,
            state=self._actor_phase.value,
            mailbox_urgent=depths.urgent,
            mailbox=depths.normal,
            dropped=self.actor_inbox.dropped,
            handled=self.handled,
            restarts=self.restarts,
            last_error=self.last_error,
            last_message_age_s=None if last_at is None else max(0.0, self._actor_event_loop.time() - last_at),
        )

    def recent_messages(self, limit: int = RECENT_MESSAGES) -> list[MessageSeen]:
        """The newest first, without content; what comes with every frame is only counted."""
        kinds_first = reversed(self.recent)
        newest = zip(reversed(self.recent_at), kinds_first, kinds_first, strict=True)
        return [
            MessageSeen(at=at, sender=sender, receiver=self.name, type=kind)
            for at, kind, sender in islice(newest, limit)
        ]

    # the life of the actor

    def _start_actor_loop(self) -> None:
        super()._start_actor_loop()
        _live[self.actor_urn] = self

    def _actor_loop_setup(self) -> None:
        if is_recording():
            self._actor_dispatch = Dispatch(type(self).__name__, self.actor_inbox)
        try:
            self.on_start()
        except BaseException as error:  # noqa: BLE001 - contained, see the class
            self._actor_fail(error)

    def run_with(self, message: Any) -> None:
        """Handle a message that was in no mailbox: what that raises is contained already."""
        if TRAITS[type(message)].routine and self._actor_dispatch is None:
            # With each frame of audio: what `_actor_loop_handle` does of all that it does.
            self.handled += 1
            self.last_message_at = self._actor_scheduler.now_s
            try:
                self.on_receive(message)
            except BaseException as error:  # noqa: BLE001 - contained, see the class
                self._actor_failed_at(message, error)
        else:
            self.actor_inbox.sender = ""
            self._actor_loop_handle(message, None)
        if self.actor_stopped.is_raised:
            self._actor_loop_end()

    def _actor_loop_handle(self, message: Any, reply_to: pykka.Future[Any] | None) -> None:
        traits = TRAITS[type(message)]
        began = self._actor_scheduler.now_s
        self.handled += 1
        self.last_message_at = began
        if not traits.routine:
            recent, recent_at = self.recent, self.recent_at
            recent += self.actor_inbox.sender, traits.type_name
            recent_at.append(began)
            if len(recent_at) > RECENT_MESSAGES:
                del recent[:2], recent_at[0]
        try:
            if traits.traced and self.trace.in_turn:
                with self.trace.message(traits.type_name, self.name):
                    response = self._handle_receive(message)
            elif traits.runtime:
                response = self._handle_receive(message)
            else:
                response = self.on_receive(message)
        except BaseException as error:  # noqa: BLE001 - contained, see the class
            if reply_to is not None:
                self.last_error = describe(error)
                reply_to.set_exception(sys.exc_info())
            else:
                self._actor_failed_at(message, error)
        else:
            if reply_to is not None:
                reply_to.set(response)
        if self._actor_dispatch is not None:
            self._actor_dispatch.record(began, self._actor_scheduler.now())

    def _handle_receive(self, message: Any) -> Any:
        if not TRAITS[type(message)].runtime:
            return self.on_receive(message)
        if type(message) is TaskFailed:
            raise message.error
        if type(message) is StopNow:
            return self._stop()
        return super()._handle_receive(message)

    def _stop(self) -> None:
        ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()
        try:
            self.on_stop()
        except BaseException as error:  # noqa: BLE001 - contained, see the class
            self._actor_fail(error)

    def _actor_failed_at(self, message: Any, error: BaseException) -> None:
        self._actor_fatal = message if TRAITS[type(message)].repeatable else None
        self._actor_fail(error)
        self._actor_call_on_failure()

    def _actor_call_on_failure(self) -> None:
        try:
            self.on_failure(*sys.exc_info())
        except BaseException as error:  # noqa: BLE001 - contained, see the class
            self._actor_fail(error)

    def _actor_fail(self, error: BaseException) -> None:
        """Record the failure, take the actor out of the registry and let it end."""
        described = describe(error)
        if self._actor_failure is None:
            self._actor_failure = self.last_error = described
        # Places only: an exception's words and the values of locals can carry what was said.
        logger.error("%s failed: %s (%s)", self.name, described, " < ".join(places(error)))
        ActorRegistry.unregister(self.actor_ref)
        self.actor_stopped.set()

    def _actor_task_failed(self, name: str, error: BaseException) -> None:
        if not tell_quietly(self.actor_ref, TaskFailed(name, error)):
            logger.warning("%s.%s failed after its actor had ended: %s", self.name, name, describe(error))

    def _actor_loop_finish(self) -> None:
        try:
            self.on_end()
        except BaseException as error:  # noqa: BLE001 - the actor is over; its parent must still be told
            self._actor_fail(error)
        for task in list(self.owned_tasks):
            task.cancel()
        for timer in list(self.owned_timers):
            timer.cancel()
        if self._actor_dispatch is not None:
            self._actor_dispatch.flush()
        if self._actor_address is not None:
            self._actor_address.leave(self.actor_ref, self.actor_inbox.unhandled(), self._actor_fatal)
        super()._actor_loop_finish()
        exit_ = Exit.NORMAL if self._actor_failure is None else Exit.FAILED
        exited = ChildExited(
            name=self.name,
            actor_urn=self.actor_urn,
            exit=exit_,
            error=self._actor_failure or "",
            at=self._actor_scheduler.now_s,
        )
        try:
            tell_quietly(self.parent, exited)
        except Exception as error:  # noqa: BLE001 - another kind of address may raise anything: the others must go on
            logger.warning("%s could not tell its parent that it ended: %s", self.name, describe(error))
