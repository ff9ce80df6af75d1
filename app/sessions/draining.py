"""Drain: ends the conversations of a worker by themselves, with a goodbye, or cut off at the deadline."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from typing import Any

from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.session.sessions_keeper import SessionsKeeper
from app.server.lifecycle import Lifecycle
from config.groups.server import DrainPolicy

log = logging.getLogger(__name__)

HURRIED_S = 3.0
"""Seconds that are left for hand-overs, and for the goodbyes of sessions that no worker takes, after the order to
hurry."""
GOODBYE_S = 8.0
"""Seconds of the grace period that are kept for goodbyes: for the sentence that is being spoken, and for the
goodbye."""


class Draining:
    """Ends the sessions of one worker as `policy` says. Belongs to the loop's thread."""

    def __init__(self, policy: DrainPolicy, lifecycle: Lifecycle, sessions: SessionsKeeper) -> None:
        self._policy = policy
        self._lifecycle = lifecycle
        self._sessions = sessions
        self.hand_over: Callable[[float], Awaitable[None]] | None = None
        """Hands this worker's sessions over to other workers, until a time of the loop's clock; None if there
        are none."""

    async def drain(self, deadline: float) -> None:
        """Let sessions end by themselves, or with a goodbye; what is not over by the deadline is cut with its socket.

        Args:
            deadline: in seconds of the loop's clock.
        """
        loop = asyncio.get_running_loop()
        if self._policy is DrainPolicy.FINISH:
            goodbye_s = min(GOODBYE_S, (deadline - loop.time()) / 2)
            await self._emptied(deadline - goodbye_s)
        if self._lifecycle.hurried.is_set():
            deadline = min(deadline, loop.time() + HURRIED_S)
        if self.hand_over is not None and self._policy is not DrainPolicy.GOODBYE:
            await self.hand_over(deadline)
        self._lifecycle.end_sessions()
        for entry in list(self._sessions.live.values()):
            entry.deliver(EndSession(Ending.NORMAL, politely=True))
        are_over = await self._emptied(deadline)
        if not are_over and self._lifecycle.hurried.is_set():
            are_over = await self._emptied(min(deadline, loop.time() + HURRIED_S), hurries=False)
        if not are_over:
            log.info("conversations are cut: the grace is over", extra={"sessions": len(self._sessions.live)})

    async def _emptied(self, until: float, *, hurries: bool = True) -> bool:
        """Wait until all sessions are over; False if that takes longer, or the worker is told to hurry meanwhile.

        Args:
            until: in seconds of the loop's clock.
            hurries: whether it is waited for no longer then.
        """
        loop = asyncio.get_running_loop()
        waits: list[asyncio.Future[Any]] = [asyncio.ensure_future(self._sessions.emptied())]
        if hurries:
            waits.append(loop.create_task(self._lifecycle.hurried.wait(), name="drain.hurried"))
        try:
            await asyncio.wait(waits, timeout=max(0.0, until - loop.time()), return_when=asyncio.FIRST_COMPLETED)
            return waits[0].done()
        finally:
            for wait in waits:
                wait.cancel()
