"""Addresses: how a part of a session is reached while the actor that plays it starts, fails and is started again.

A restarted actor gets a new Pykka ref; everybody else keeps the address. While no actor is there, what is told waits,
so that a word typed into a socket that has just opened, a key pressed during a restart and a hang-up are never lost.
Audio does not wait here: it is in the session's ring already, from which a recognizer starts. Nor does any other
message that says of itself that it is `transient`.
"""

import logging
from collections.abc import Callable, Iterable
from typing import Any, Generic, TypeVar

from pykka import ActorDeadError, ActorRef
from pykka._envelope import Envelope

from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.mailbox import TRAITS

M = TypeVar("M")

logger = logging.getLogger("earshot.actors")

MAX_WAITING = 256
"""The most messages that wait at one address; of more the oldest is dropped, urgent ones last."""


class Address(Generic[M]):
    """Reaches the present actor of a part, or keeps what it is told until there is one. Belongs to the loop's thread.

    Args:
        name: the part, for the log.
        limit: how many messages may wait.
    """

    __slots__ = ("_closed", "_limit", "_name", "_ref", "_repeated", "_waiting", "dropped", "tell_now")

    def __init__(self, name: str, limit: int = MAX_WAITING) -> None:
        self._name = name
        self._limit = limit
        self._ref: ActorRef[Any] | None = None
        self._waiting: list[M] | None = None
        """None where nothing waits, as nearly always."""
        self._closed = False
        self._repeated: M | None = None
        self.dropped = 0
        """How many messages were dropped because too many waited."""
        self.tell_now: Callable[[M], None] = self._keep
        """Tell the actor a message and have it handled before this returns, unless another actor is due.

        Meant for what begins at a socket or a timer. It is the present actor's own function, since it is called 50
        times a second.
        """

    @property
    def waiting(self) -> int:
        """How many messages wait for an actor."""
        return len(self._waiting or ())

    @property
    def kept(self) -> tuple[M, ...]:
        """What waits for an actor, in the order in which it came."""
        return tuple(self._waiting or ())

    def unhandled(self) -> int:
        """How many messages wait for an actor, or in its mailbox."""
        ref = self._ref
        if ref is None:
            return self.waiting
        inbox = ref.actor_inbox
        return len(inbox.normal) + len(inbox.urgent)  # type: ignore[attr-defined]  # as in `connect`

    def tell(self, message: M) -> None:
        """Tell the present actor, or keep the message for the next one. Never raises, never waits."""
        ref = self._ref
        if ref is None or ref.actor_stopped.is_raised:  # type: ignore[attr-defined]  # every actor of ours has a StopFlag
            self._keep(message)
            return
        # Looked up for itself, as in `LiveSession.push_audio`.
        put = ref.actor_inbox.put
        try:
            put(Envelope(message))
        except ActorDeadError:
            self._keep(message)

    def connect(self, ref: ActorRef[Any]) -> None:
        """Send what is told to `ref` from now on, beginning with what has waited, in the order in which it came."""
        self._ref = ref
        self.tell_now = ref.actor_inbox.put_now  # type: ignore[attr-defined]  # every actor of ours has a Mailbox
        waiting, self._waiting = self._waiting, None
        for message in waiting or ():
            self.tell(message)

    def leave(self, ref: ActorRef[Any], unhandled: Iterable[M], fatal: M | None = None) -> None:
        """`ref` has ended without handling `unhandled`: its successor handles them, before all that came later.

        `fatal` is the message on which it died, if that may be handled twice: it comes first, but only once, so that a
        message on which every actor dies does not end them all. If the successor dies on it too, what `fatal.instead()`
        returns is told in its place.
        """
        if self._ref is ref:
            self._ref, self.tell_now = None, self._keep
            again = self._again(fatal)
            later, self._waiting = self._waiting, None
            for message in (*again, *unhandled, *(later or ())):
                self._keep(message)

    def _again(self, fatal: M | None) -> tuple[M, ...]:
        is_second, self._repeated = fatal is not None and fatal is self._repeated, fatal
        if fatal is None:
            return ()
        if not is_second:
            return (fatal,)
        report_failure(
            Failure.DROPPED,
            logger,
            "a %s is given up: two actors of the %s have failed at it",
            type(fatal).__name__,
            self._name,
            level=logging.ERROR,
            place=self._name,
        )
        # Messages of the runtime itself are none of the session's, and say nothing of this.
        instead = getattr(fatal, "instead", None)
        told = instead() if instead is not None else None
        return () if told is None else (told,)

    def close(self) -> None:
        """Give the address up for good: what waits and what will be told is thrown away."""
        self._ref, self.tell_now = None, self._keep
        self._closed = True
        self._waiting = None

    def _keep(self, message: M) -> None:
        if self._closed or TRAITS[type(message)].transient:
            return
        waiting = self._waiting
        if waiting is None:
            waiting = self._waiting = []
        waiting.append(message)
        if len(waiting) > self._limit:
            self._drop_one(waiting)

    def _drop_one(self, waiting: list[M]) -> None:
        oldest = next((m for m in waiting if not TRAITS[type(m)].urgent), waiting[0])
        waiting.remove(oldest)
        report_failure(
            Failure.DROPPED,
            logger,
            "too many messages wait for the %s: a %s is dropped",
            self._name,
            type(oldest).__name__,
            level=logging.DEBUG if self.dropped else logging.WARNING,
            place=self._name,
        )
        self.dropped += 1
