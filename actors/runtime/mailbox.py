"""A mailbox with two lanes: urgent messages overtake, all else is first in, first out.

A message class says `urgent = True` to overtake. One that says `droppable = True` carries `duration_ms` of audio; when
more than `limit_ms` of such are queued, the oldest goes, counted: late audio is worth less than audio in time. One
that says `transient = True` is of no use to any other actor than the one it was told to: when that ends, it goes too.

Whoever tells an actor is to tell it no more than it can handle: a socket is read while little waits (`is_crowded` of
the session's addresses), an engine's task waits for the engine. What holds where that fails: of messages that a client
asked for, which say `refusable = True`, a mailbox holds `MAX_REFUSABLE` and drops those that come then, counted. All
others are owed to somebody and never dropped; with `MAX_MESSAGES` of them queued the actor is lost, and fails.
"""

import logging
from collections.abc import Callable
from time import monotonic
from typing import Any, Final, Protocol

import msgspec
from pykka._envelope import Envelope

from actors.errors import ActorsError

logger = logging.getLogger("earshot.actors")

DEFAULT_LIMIT_MS = 2_000.0
MAX_REFUSABLE = 256
MAX_MESSAGES = 10_000


class MailboxFullError(ActorsError):
    """An actor has so many messages to handle that it will never be in time again."""


class Traits(msgspec.Struct, frozen=True, kw_only=True):
    """What a message class says of itself by class attributes of these names."""

    type_name: str
    urgent: bool
    """It is handled before all that is not urgent, in its own mailbox and in those of other actors."""
    droppable: bool
    """It is caller audio: if more than `limit_ms` of it is queued, the oldest is dropped."""
    refusable: bool
    """It is what a client asks for: it is dropped if more than `MAX_REFUSABLE` messages are queued in its lane."""
    traced: bool
    """Its handling has a span of its own in the trace of the turn."""
    routine: bool
    """It comes with every frame, and is left out of the messages that were seen last."""
    runtime: bool
    """It is Pykka's own or says `runtime = True`: `on_receive` does not get it."""
    repeatable: bool
    """It may be handled twice without harm: if an actor dies on it, the actor's successor is told it once more."""
    transient: bool
    """It is of no use to a successor of the actor that it was told to: a report of the actor's own timers and
    streams, something that the next message makes up for, or something that the successor finds elsewhere
    (audio in the ring)."""


class _TraitsByClass(dict[type, Traits]):
    """Looks at a message class when it is first asked for: every later look is one of a dict, with no call."""

    def __missing__(self, kind: type) -> Traits:
        said = {name: getattr(kind, name, False) is True for name in Traits.__struct_fields__[1:]}
        said["runtime"] |= kind.__module__ == "pykka.messages"
        said["routine"] |= said["droppable"]
        said["transient"] |= said["droppable"] or said["runtime"]
        traits = self[kind] = Traits(type_name=kind.__name__, **said)
        return traits


TRAITS: Final = _TraitsByClass()
"""The traits of every message class."""


class Depths(msgspec.Struct, frozen=True):
    """How many messages wait in each lane of a mailbox."""

    urgent: int
    normal: int


class Named(Protocol):
    """The sender of a message, as far as it has a name."""

    name: str


class Mailbox:
    """Pykka's inbox for actors that share one event loop.

    `put` is what refs call, from any thread; `put_now` is what a socket or a timer calls that wants a message handled
    before it goes on. The actor replaces both when it starts. All but `put` belongs to the loop's thread.
    """

    __slots__ = (
        "_droppable",
        "_probe",
        "_probed_at",
        "_senders",
        "dropped",
        "limit_ms",
        "normal",
        "probing",
        "put",
        "put_now",
        "queued_ms",
        "sender",
        "urgent",
        "waited_s",
    )

    def __init__(self) -> None:
        # Lists: an empty deque takes 760 bytes, and hardly ever more than two messages wait.
        self.urgent: list[Envelope[Any]] = []
        self.normal: list[Envelope[Any]] = []
        self.limit_ms = DEFAULT_LIMIT_MS
        self.queued_ms = 0.0
        self.dropped = 0
        self.put: Callable[[Envelope[Any]], None] = self._put
        self.put_now: Callable[[Any], None] = self._put_now
        self.probing = False
        self.waited_s = 0.0
        self._droppable: list[Envelope[Any]] = []
        """Those of `normal` that are caller audio."""
        self._probe: Envelope[Any] | None = None
        self._probed_at = 0.0
        self._senders: dict[int, str] = {}
        """The sender of each queued message, by the id of its envelope; not kept for messages that come with every
        frame."""
        self.sender = ""
        """The sender of the message that was taken last; empty if it is not known, or was no actor."""

    def _put(self, envelope: Envelope[Any], /) -> None:
        self.store(envelope)

    def _put_now(self, message: Any, /) -> None:
        self.store(Envelope(message))

    def store(self, envelope: Envelope[Any], sender: Named | None = None, /) -> bool:
        """Queue a message in its lane; True when that is the urgent one. `sender`: the actor that tells it, if any."""
        traits = TRAITS[type(envelope.message)]
        lane = self.urgent if traits.urgent else self.normal
        if len(lane) >= MAX_REFUSABLE:
            if traits.refusable and envelope.reply_to is None:
                self._count_dropped(traits, "too many messages wait")
                return False
            if len(lane) >= MAX_MESSAGES:
                raise MailboxFullError(f"{MAX_MESSAGES} messages wait")
        lane.append(envelope)
        if sender is not None and not traits.routine:
            self._senders[id(envelope)] = sender.name
        if self.probing and self._probe is None:
            self._probe, self._probed_at = envelope, monotonic()
        if traits.urgent:
            return True
        if traits.droppable and envelope.reply_to is None:
            droppable = self._droppable
            droppable.append(envelope)
            self.queued_ms += envelope.message.duration_ms
            while self.queued_ms > self.limit_ms and len(droppable) > 1:
                self._drop_oldest(droppable)
        return False

    def get(self) -> Envelope[Any]:
        """The next message.

        Raises:
            IndexError: nothing is queued.
        """
        envelope = self.urgent.pop(0) if self.urgent else self.normal.pop(0)
        self.sender = self._senders.pop(id(envelope), "") if self._senders else ""
        droppable = self._droppable
        if droppable and droppable[0] is envelope:
            self._forget_oldest(droppable)
        if self._probe is envelope:
            self._probe = None
            self.waited_s = max(self.waited_s, monotonic() - self._probed_at)
        return envelope

    def unhandled(self) -> list[Any]:
        """The messages that are queued, the urgent ones first; not those that somebody awaits an answer to."""
        return [envelope.message for envelope in (*self.urgent, *self.normal) if envelope.reply_to is None]

    def empty(self) -> bool:
        """Whether no message waits, in either lane."""
        return not self.urgent and not self.normal

    @property
    def depths(self) -> Depths:
        """How many messages wait in each lane."""
        return Depths(len(self.urgent), len(self.normal))

    def _drop_oldest(self, droppable: list[Envelope[Any]]) -> None:
        envelope = droppable[0]
        self._forget_oldest(droppable)
        # Found by identity and near the front: all that is droppable and was queued before it is gone already.
        self.normal.remove(envelope)
        self._count_dropped(TRAITS[type(envelope.message)], "too much audio waits")
        if self._probe is envelope:
            self._probe = None

    def _count_dropped(self, traits: Traits, reason: str) -> None:
        """Count a dropped message. The first is logged as a warning, the others for debugging: there may be many."""
        level = logging.DEBUG if self.dropped else logging.WARNING
        logger.log(level, "%s for an actor: a %s is dropped", reason, traits.type_name)
        self.dropped += 1

    def _forget_oldest(self, droppable: list[Envelope[Any]]) -> None:
        envelope = droppable.pop(0)
        # Set to zero rather than subtracted down to it: differences of floats would add up over a long session.
        self.queued_ms = self.queued_ms - envelope.message.duration_ms if droppable else 0.0
