"""Drain: how the calls of a worker that ends are ended, the last of them by an order to the telephone network."""

import asyncio
from collections.abc import Callable, Container
from contextlib import suppress

from app.telephony.call import Call
from app.telephony.call_log import CallLog
from app.telephony.capacity import session_of

HANG_UP_S = 1.5
"""Seconds before its deadline at which a worker that has to end hangs up the calls that are not over."""


class CallDrain:
    """Ends the calls of one worker. Belongs to the loop's thread.

    Args:
        log: the calls of this worker.
        live: the ids of its live sessions.
        can_hand_over: whether other workers go on with what this one has.
        hang_up: orders in the background that a call be ended.
    """

    def __init__(
        self,
        log: CallLog,
        live: Container[str],
        *,
        can_hand_over: Callable[[], bool],
        hang_up: Callable[[Call], None],
    ) -> None:
        self._log = log
        self._live = live
        self._can_hand_over = can_hand_over
        self._hang_up = hang_up

    async def drain(self, deadline: float) -> None:
        """Let calls end with the goodbye of their sessions, and hang up what is not over shortly before `deadline`.

        Args:
            deadline: in seconds of the loop's clock.
        """
        for call in self._log.live:
            if session_of(call) not in self._live and not self._can_hand_over():
                self._hang_up(call)
        await self._all_over(deadline - HANG_UP_S)
        for call in self._log.live:
            self._hang_up(call)
        await self._all_over(deadline)

    async def _all_over(self, deadline: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(deadline):
                await asyncio.gather(*(call.over.wait() for call in self._log.live))
