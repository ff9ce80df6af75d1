"""Engines' streams are closed in the background: an actor that ends waits for no engine to close one.

Closing is bounded, in time and in how many are being closed: an engine that never returns keeps no task for ever. One
that fails at it is a line in the log.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import Any, Protocol

from actors.runtime.containment import start_contained
from actors.runtime.described_errors import describe
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.telemetry import count_given_up
from actors.runtime.time_limit import GRACE_S

logger = logging.getLogger("earshot.actors")

CLOSE_S = 10.0
"""Seconds for which a stream that is being closed is waited for; then it is abandoned."""
MAX_CLOSING = 500
"""The most streams that are being closed at any moment; of more, each is abandoned at once."""


class Closable(Protocol):
    """Whatever has to be closed asynchronously, such as the stream of an engine."""

    async def close(self) -> None:
        """Release what is held; may take long or never return."""
        ...


_closing: set[asyncio.Task[None]] = set()


def close_in_background(stream: Closable | None) -> None:
    """Close `stream`; one that cannot even be closed is forgotten, its engine deals with it."""
    if stream is not None:
        _start(stream.close)


def end_in_background(events: AsyncIterator[Any]) -> None:
    """Close an asynchronous iterator of which no more is wanted."""
    aclose = getattr(events, "aclose", None)
    if aclose is not None:
        _start(aclose)


def _start(close: Callable[[], Awaitable[None]]) -> None:
    if len(_closing) >= MAX_CLOSING:
        _give_up("too many others are being closed")
        return
    loop = asyncio.get_running_loop()
    # In the next turn of the loop, not in a task within a task: what an engine learns by it, as that a provider has
    # failed, it knows before another stream is opened.
    task = start_contained(loop, _close(close), _failed, "closing")
    _closing.add(task)
    limit = loop.call_later(CLOSE_S, _overdue, task)
    task.add_done_callback(lambda _: limit.cancel())
    task.add_done_callback(_closing.discard)


async def _close(close: Callable[[], Awaitable[None]]) -> None:
    await close()


def _overdue(task: "asyncio.Task[None]") -> None:
    _give_up(f"it was not done within {CLOSE_S:.0f} s")
    task.cancel()
    # Others' work may catch its cancellation, and go on: it takes no place then.
    asyncio.get_running_loop().call_later(GRACE_S, _closing.discard, task)


def _give_up(reason: str) -> None:
    count_given_up("close")
    logger.warning("the closing of an engine's stream was given up: %s", reason)


def _failed(error: BaseException) -> None:
    line = "an engine's stream could not be closed: %s"
    report_failure(Failure.BACKGROUND, logger, line, describe(error), level=logging.WARNING)
