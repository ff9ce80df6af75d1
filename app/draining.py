"""How the conversations of a worker end when the worker has to."""

import asyncio
import logging
from collections.abc import Awaitable, Callable
from contextlib import suppress

from actors.conversation import Ending
from actors.messages.caller import EndSession
from actors.session.sessions_keeper import SessionsKeeper
from app.server.lifecycle import Lifecycle
from config.groups.server import DrainPolicy

log = logging.getLogger(__name__)

GOODBYE_S = 8.0
"""Kept of the grace for goodbyes: a reply that is being spoken ends in its sentence, and the goodbye is heard."""


class Draining:
    """Ends the sessions of one worker as `policy` says. Belongs to the loop's thread."""

    def __init__(self, policy: DrainPolicy, lifecycle: Lifecycle, sessions: SessionsKeeper) -> None:
        self._policy = policy
        self._lifecycle = lifecycle
        self._sessions = sessions
        self.hand_over: Callable[[float], Awaitable[None]] | None = None
        """Has other workers go on with the sessions of this one, until a time of the loop; None: nobody can."""

    async def drain(self, deadline: float) -> None:
        """Sessions end by themselves, or say goodbye; what is not over by the deadline is cut with its socket.

        Args:
            deadline: in seconds of the loop's clock.
        """
        loop = asyncio.get_running_loop()
        if self._policy is DrainPolicy.FINISH:
            goodbye_s = min(GOODBYE_S, (deadline - loop.time()) / 2)
            with suppress(TimeoutError):
                async with asyncio.timeout_at(deadline - goodbye_s):
                    await self._sessions.emptied()
        if self.hand_over is not None and self._policy is not DrainPolicy.GOODBYE:
            await self.hand_over(deadline)
        self._lifecycle.end_sessions()
        for entry in list(self._sessions.live.values()):
            entry.deliver(EndSession(Ending.NORMAL, politely=True))
        try:
            async with asyncio.timeout_at(deadline):
                await self._sessions.emptied()
        except TimeoutError:
            log.info("conversations are cut: the grace is over", extra={"sessions": len(self._sessions.live)})
