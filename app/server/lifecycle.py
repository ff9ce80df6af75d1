"""The life of one worker: whether it may take sessions, and the drain steps that run before it ends."""

import asyncio
import hmac
import logging
import secrets
from collections.abc import Awaitable, Callable, Mapping
from enum import StrEnum
from pathlib import Path

from opentelemetry import metrics

from app.server.processes.worker_bus import WorkerBus
from app.server.sibling_workers import SiblingWorkers
from config.secret import Secret

log = logging.getLogger(__name__)

_degraded = metrics.get_meter("earshot").create_counter(
    "earshot.degradations", description="Parts of a worker that work in a lesser way than they should"
)

DrainStep = Callable[[float], Awaitable[None]]
"""A coroutine that ends or hands over what is live. It is called with the deadline, in seconds of `loop.time()`."""


LATE_S = 0.1
"""Seconds after the deadline from which on a step is late; one that gives up by itself at the deadline is not."""


class Phase(StrEnum):
    """The phase of a worker's life; it only moves forward."""

    STARTING = "starting"
    READY = "ready"
    DRAINING = "draining"
    STOPPED = "stopped"


class Lifecycle:
    """The phase of one worker: routes ask it whether they may take a session, and owners of sessions register how these
    end.

    `server_secret` is what all workers of the server know; without one this is a server of one worker. In
    `relay_directory` workers reach each other; None for a worker that is alone.
    """

    def __init__(self, server_secret: Secret | None = None, relay_directory: Path | None = None) -> None:
        self.server_secret = server_secret or Secret(secrets.token_hex())
        self.server = hmac.digest(self.server_secret.reveal().encode(), b"earshot server", "sha256").hex()[:12]
        """The id of this server, the same for all its workers"""
        self.relay_directory = relay_directory
        self.worker_bus = WorkerBus()
        self.siblings = SiblingWorkers(relay_directory)
        self._phase = Phase.STARTING
        self._steps: list[DrainStep] = []
        self._ends_sessions = False
        self.hurried = asyncio.Event()
        """Set once what is live has to be handed over at once, even if somebody is speaking"""
        self._degradations: dict[str, str] = {}

    @property
    def phase(self) -> Phase:
        """The phase that the worker is in: starting, ready, draining or stopped."""
        return self._phase

    def admits(self) -> bool:
        """True while new sessions are welcome; readiness says the same."""
        return self._phase is Phase.READY

    @property
    def degradations(self) -> Mapping[str, str]:
        """The parts of this worker that work in a lesser way, each with the cause in one line."""
        return self._degradations

    def report_degradation(self, part: str, cause: str) -> None:
        """Log once, and say in readiness from now on, that `part` works in a lesser way for the given cause."""
        if part not in self._degradations:
            self._degradations[part] = cause
            _degraded.add(1, {"part": part})
            log.warning("%s is degraded: %s", part, cause)

    def withdraw_degradation(self, part: str) -> None:
        """Remove `part` from the degradations that readiness reports: it works fully."""
        if self._degradations.pop(part, None) is not None:
            log.info("%s works as it should again", part)

    @property
    def ends_sessions(self) -> bool:
        """True once sessions end because the worker does, and not by themselves."""
        return self._ends_sessions

    def end_sessions(self) -> None:
        """Record that sessions which end from now on end because the worker does."""
        self._ends_sessions = True

    def hurry(self) -> None:
        """Make a draining worker hand over its sessions at once; does nothing if it is not draining."""
        self.hurried.set()

    def on_drain(self, step: DrainStep) -> None:
        """Register `step` to run when the worker drains, at the same time as the other steps."""
        self._steps.append(step)

    def ready(self) -> None:
        """Record that the listener is open and everything behind it has started."""
        if self._phase is Phase.STARTING:
            self._phase = Phase.READY

    async def drain(self, deadline: float) -> None:
        """Admit nothing more and run every step side by side; returns when all are done, soon after `deadline` at most.

        A step that fails or is late is logged and stops no other.
        """
        if self._phase in (Phase.DRAINING, Phase.STOPPED):
            return
        self._phase = Phase.DRAINING
        await asyncio.gather(*(self._run(step, deadline) for step in self._steps))

    def stopped(self) -> None:
        """Record that the listener is about to close."""
        self._phase = Phase.STOPPED

    async def _run(self, step: DrainStep, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline + LATE_S):
                await step(deadline)
        except TimeoutError:
            log.warning("drain step did not end in time", extra={"step": _name(step)})
        except (
            Exception
        ):  # Nobody above an ending worker would handle the exception, and the other steps must still run.
            log.exception("drain step failed", extra={"step": _name(step)})


def _name(step: DrainStep) -> str:
    return str(getattr(step, "__qualname__", type(step).__name__))
