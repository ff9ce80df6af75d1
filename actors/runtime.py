"""Pykka actors driven by an asyncio event loop instead of threads.

`LoopActor` is a Pykka runtime: it fills in the three extension points that Pykka documents for implementors of actor types.
Pykka's contract holds (start, stop, tell, ask, proxies, hooks, registry), with one difference: on the loop's own thread
nothing may wait, because the actor waited for runs on that very thread. What would wait there raises `WouldBlockError`.
"""

import asyncio
import logging
import sys
import threading
from typing import Any, TypeVar

import pykka
from pykka import ActorRegistry
from pykka._envelope import Envelope

from actors.mailbox import Dropped, Mailbox
from actors.scheduler import Scheduler, scheduler_of

T = TypeVar("T")

logger = logging.getLogger("pykka")


class WouldBlockError(RuntimeError):
    """Waiting here would stop the event loop that the wait is for."""


_bound_loop: asyncio.AbstractEventLoop | None = None


def bind(loop: asyncio.AbstractEventLoop | None) -> None:
    """Name the loop for actors that are started where no loop runs (another thread); None forgets it."""
    global _bound_loop  # noqa: PLW0603 - one process, one default loop
    _bound_loop = loop


def _running_loop() -> asyncio.AbstractEventLoop | None:
    try:
        return asyncio.get_running_loop()
    except RuntimeError:
        return None


def stop_all() -> None:
    """Order every actor of the process to stop, the youngest first, and wait for none of them."""
    ActorRegistry.stop_all(block=False)


class LoopFuture(pykka.ThreadingFuture[T]):
    """A future that other threads may wait for, and that refuses to be waited for on an event loop's thread."""

    def get(self, *, timeout: float | None = None) -> Any:
        """The result.

        Raises:
            WouldBlockError: there is none yet and this is the thread of a running event loop.
        """
        pending = self._result is None and self._get_hook is None
        if pending and _running_loop() is not None:
            raise WouldBlockError(
                "an actor's answer cannot be waited for on the event loop that runs the actor; use tell, or ask(block=False)"
            )
        return super().get(timeout=timeout)


class LoopActor(pykka.Actor):
    """A Pykka actor whose messages are handled on an event loop, one at a time.

    Inside a running loop the actor lives on that loop; elsewhere on the loop named by `bind`.
    """

    actor_inbox: Mailbox

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._scheduler: Scheduler | None = None
        self._running = False
        self._over = False

    @staticmethod
    def _create_actor_inbox() -> Mailbox:
        return Mailbox()

    @staticmethod
    def _create_future() -> pykka.Future[Any]:
        return LoopFuture()

    def _start_actor_loop(self) -> None:
        running = _running_loop()
        loop = running or _bound_loop
        if loop is None:
            raise RuntimeError("no event loop is running here and none is bound: call actors.runtime.bind(loop) first")
        self._scheduler = scheduler_of(loop)
        self._loop_thread = threading.get_ident() if running else 0
        if running:
            self._begin()
        else:
            self.actor_inbox.deliver_through(self._deliver_from_thread)
            loop.call_soon_threadsafe(self._begin)

    def _begin(self) -> None:
        assert self._scheduler is not None
        self._loop_thread = threading.get_ident()
        self.actor_inbox.deliver_through(self._deliver)
        # One turn for on_start, and one for each message that came before it.
        for _ in range(1 + sum(self.actor_inbox.depths)):
            self._scheduler.run_soon(self, urgent=True)

    def _deliver_from_thread(self, envelope: Envelope[Any]) -> None:
        assert self._scheduler is not None
        self._scheduler.loop.call_soon_threadsafe(self._deliver, envelope)

    def _deliver(self, envelope: Envelope[Any]) -> None:
        if threading.get_ident() != self._loop_thread:
            self._deliver_from_thread(envelope)
            return
        if self._over:
            self._refuse(envelope)
            return
        assert self._scheduler is not None
        self._scheduler.run_soon(self, urgent=self.actor_inbox.store(envelope))

    def run_once(self) -> None:
        """Handle the next message. Called by the scheduler only."""
        if self._over:
            return
        if not self._running:
            self._running = True
            self._actor_loop_setup()
        elif not self.actor_inbox.empty():
            envelope = self.actor_inbox.get()
            if type(envelope.message) is not Dropped:
                self._handle_envelope(envelope)
        if self.actor_stopped.is_set():
            self._over = True
            self._actor_loop_teardown()

    def _handle_envelope(self, envelope: Envelope[Any]) -> None:
        """What Pykka's own loop does with one message."""
        try:
            response = self._handle_receive(envelope.message)
            if envelope.reply_to is not None:
                envelope.reply_to.set(response)
        except Exception:
            if envelope.reply_to is not None:
                logger.info(f"Exception returned from {self} to caller:", exc_info=sys.exc_info())
                envelope.reply_to.set_exception()
            else:
                self._handle_failure(*sys.exc_info())
                self._call_on_failure()
        except BaseException as error:  # noqa: BLE001 - Pykka's contract: stop everything
            logger.debug(f"{error!r} in {self}. Stopping all actors.")
            self._stop()
            stop_all()

    def _call_on_failure(self) -> None:
        try:
            self.on_failure(*sys.exc_info())
        except Exception:  # noqa: BLE001 - Pykka's contract: logged, the actor is stopped anyway
            self._handle_failure(*sys.exc_info())

    def _refuse(self, envelope: Envelope[Any]) -> None:
        if envelope.reply_to is not None:
            error = pykka.ActorDeadError(f"{self.actor_ref} stopped before handling the message")
            envelope.reply_to.set_exception(exc_info=(pykka.ActorDeadError, error, None))
