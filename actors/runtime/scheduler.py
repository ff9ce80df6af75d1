"""One scheduler per event loop: which actor runs next.

Actors with urgent mail run before all others, so that a barge-in waits for one message at most, however long the
queues. Among the others each handles one message in turn. A drain is bounded and then gives the loop back to sockets
and timers.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from contextvars import Context
from time import monotonic
from typing import Any, Protocol

from actors.runtime.clock import is_virtual
from actors.runtime.mailbox import Mailbox

MESSAGES_PER_DRAIN = 128
"""The most messages, urgent ones included, that are handled before sockets and timers get their turn: two actors that
tell each other urgent messages cannot hold the loop for ever."""
DRAIN_S = 0.004
"""Seconds after which a drain ends, however many messages are left."""


class Runnable(Protocol):
    """An actor, as the scheduler sees it. The scheduler sets the two marks, so that no actor is queued twice."""

    name: str
    """The name that operators are shown; empty for an actor that they are not shown."""
    in_urgent: bool
    in_ready: bool
    is_running: bool
    """Whether the actor has started and has not ended."""
    actor_inbox: Mailbox
    actor_context: Context
    """The context in which the actor handles its messages, with its own span: not that of whoever told it a message."""

    def run_once(self) -> None:
        """Handle the next message, if there is one; never raises."""
        ...

    def run_with(self, message: Any) -> None:
        """Handle `message`, which was in no mailbox; never raises."""
        ...

    def run_later(self, message: Any) -> None:
        """Queue `message`, and have it handled in its turn."""
        ...


class Scheduler:
    """Two ready queues over one asyncio loop. All methods belong to the loop's thread."""

    __slots__ = ("_context", "_ready", "_urgent", "at_work", "busy", "loop", "now", "now_s")

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self.loop = loop
        # A virtual drain is bounded by messages alone: real time would make the order of its run depend on the machine.
        self.now: Callable[[], float] = loop.time if is_virtual(loop) else monotonic
        self.now_s = self.now()
        """When the handling of the present message began, in seconds: the clock is read once per message."""
        self._urgent: deque[Runnable] = deque()
        self._ready: deque[Runnable] = deque()
        self.busy = False
        """Whether an actor is due or at work, so that a message handled at once would overtake others."""
        self.at_work: Runnable | None = None
        """The actor that handles a message at present, which is the sender of what is told meanwhile; None if none
        does."""
        self._context = Context()

    def wake(self, actor: Runnable, *, urgent: bool) -> None:
        """Let `actor` handle a message, in its turn."""
        if urgent:
            if not actor.in_urgent:
                actor.in_urgent = True
                self._urgent.append(actor)
        elif not actor.in_ready:
            actor.in_ready = True
            self._ready.append(actor)
        if not self.busy:
            self.busy = True
            self.loop.call_soon(self._drain, context=self._context)

    def handle(self, actor: Runnable, context: Context, run_with: Callable[[Any], None], message: Any) -> None:
        """Have `actor` handle `message`, and what that wakes, before the loop goes on; in turn if others are due.

        `context` and `run_with` are the actor's own, which never change: to find them at an actor, whose class is
        another each time, takes longer than all else that is done here.
        """
        if self.busy or not actor.is_running:
            actor.run_later(message)
            return
        self.busy = True
        # Looked up for itself, as in `LiveSession.push_audio`.
        now = self.now
        self.now_s = now()
        self.at_work = actor
        try:
            context.run(run_with, message)
        finally:
            self.at_work = None
            if self._urgent or self._ready:
                self._drain()
            else:
                self.busy = False

    def _drain(self) -> None:
        urgent, ready, now = self._urgent, self._ready, self.now
        self.now_s = now()
        ends_s = self.now_s + DRAIN_S
        try:
            for _ in range(MESSAGES_PER_DRAIN):
                if urgent:
                    actor = urgent.popleft()
                    actor.in_urgent = False
                elif ready:
                    actor = ready.popleft()
                    actor.in_ready = False
                else:
                    break
                self.at_work = actor
                actor.actor_context.run(actor.run_once)
                inbox = actor.actor_inbox
                if inbox.urgent and not actor.in_urgent:
                    actor.in_urgent = True
                    urgent.append(actor)
                if inbox.normal and not actor.in_ready:
                    actor.in_ready = True
                    ready.append(actor)
                self.now_s = now()
                if self.now_s > ends_s:
                    break
        finally:
            # Also when an exception passes through (a signal's KeyboardInterrupt): the other actors must go on.
            self.at_work = None
            self.busy = bool(urgent or ready)
            if self.busy:
                self.loop.call_soon(self._drain, context=self._context)


_schedulers: dict[asyncio.AbstractEventLoop, Scheduler] = {}


def scheduler_of(loop: asyncio.AbstractEventLoop) -> Scheduler:
    """The scheduler of `loop`, made when it is first asked for; schedulers of closed loops are forgotten then."""
    scheduler = _schedulers.get(loop)
    if scheduler is None:
        for other in [other for other in _schedulers if other.is_closed()]:
            _schedulers.pop(other, None)
        scheduler = _schedulers.setdefault(loop, Scheduler(loop))
    return scheduler
