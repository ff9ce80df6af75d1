"""How long a call rings, and orders about one that rings: given again until the telephone network takes them.

An order that is not taken leaves the caller ringing with nobody who deals with them, whichever order it is.
"""

import asyncio
from collections.abc import Awaitable, Callable

from app.telephony.errors import CallControlError, Trouble

RINGS_S = 40.0
"""Seconds after which a caller is taken to have given up; orders about the call are not repeated after that."""
WAITS_S = (0.5, 1.0, 2.0, 4.0)
"""Seconds before an order is repeated, the last one repeatedly; the network may ask for longer waits."""


def wait_s(attempt: int, error: CallControlError) -> float:
    """Seconds until an order is given again of which attempt number `attempt` (the first one is 0) was not taken."""
    return max(WAITS_S[min(attempt, len(WAITS_S) - 1)], error.retry_after_s or 0.0)


async def ordered(give: Callable[[], Awaitable[None]], within_s: float = RINGS_S) -> CallControlError | None:
    """Give an order about a call that rings, again and again until the network takes it or the call is gone.

    Returns None then, and otherwise the error with which the order was refused for good, or for the last time within
    `within_s` seconds.
    """
    loop = asyncio.get_running_loop()
    until, attempt = loop.time() + within_s, 0
    while True:
        try:
            await give()
        except CallControlError as error:
            if error.trouble is Trouble.NOT_FOUND:
                # The caller has given up, or the order before was carried out and only its answer lost.
                return None
            pause_s = wait_s(attempt, error)
            if not error.retryable or loop.time() + pause_s >= until:
                return error
            attempt += 1
        else:
            return None
        await asyncio.sleep(pause_s)
