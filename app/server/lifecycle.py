"""The life of one worker: what it may take on, and the steps of its drain, which come before its end."""

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
"""A coroutine that ends or hands over what is still alive. It is given the deadline in seconds of `loop.time()`."""


LATE_S = 0.1
"""In seconds after the deadline: a step that gives up by itself at the deadline is not late."""


class Phase(StrEnum):
    """Where a worker is in its life; it only ever goes forward."""

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
        """Which server this is: the same for all its workers, and another one for those of other servers"""
        self.relay_directory = relay_directory
        self.worker_bus = WorkerBus()
        self.siblings = SiblingWorkers(relay_directory)
        self._phase = Phase.STARTING
        self._steps: list[DrainStep] = []
        self._ends_sessions = False
        self.hurried = asyncio.Event()
        """Set once what is still alive is to be handed over at once, whoever is speaking"""
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
        """What this worker does less well than it should, by the part that does, each with its cause in one line."""
        return self._degradations

    def report_degradation(self, part: str, cause: str) -> None:
        """Log once, and say in readiness from now on, that `part` works in a lesser way for the given cause."""
        if part not in self._degradations:
            self._degradations[part] = cause
            _degraded.add(1, {"part": part})
            log.warning("%s is degraded: %s", part, cause)

    def withdraw_degradation(self, part: str) -> None:
        """Say in readiness no more that `part` works in a lesser way: it works as it should again."""
        if self._degradations.pop(part, None) is not None:
            log.info("%s works as it should again", part)

    @property
    def ends_sessions(self) -> bool:
        """True once sessions end because the worker does, and not by themselves."""
        return self._ends_sessions

    def end_sessions(self) -> None:
        """Note that sessions that end from now on do so because the worker ends."""
        self._ends_sessions = True

    def hurry(self) -> None:
        """Have a worker that drains hand over at once what is still alive; harmless if it does not drain."""
        self.hurried.set()

    def on_drain(self, step: DrainStep) -> None:
        """Have `step` run when the worker drains, at the same time as the other steps."""
        self._steps.append(step)

    def ready(self) -> None:
        """Note that the listener is open and everything behind it has started."""
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
        """Note that the listener is about to close: the worker is stopped from now on."""
        self._phase = Phase.STOPPED

    async def _run(self, step: DrainStep, deadline: float) -> None:
        try:
            async with asyncio.timeout_at(deadline + LATE_S):
                await step(deadline)
        except TimeoutError:
            log.warning("drain step did not end in time", extra={"step": _name(step)})
        except Exception:  # a worker that is ending has nobody above it to tell; the other steps must still run
            log.exception("drain step failed", extra={"step": _name(step)})


def _name(step: DrainStep) -> str:
    return str(getattr(step, "__qualname__", type(step).__name__))
