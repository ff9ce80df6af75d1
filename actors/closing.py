"""Streams of engines are closed behind the back of the actor that ends: nobody waits for an engine to let go."""

import asyncio
from typing import Protocol


class Closable(Protocol):
    """A stream of an engine."""

    async def close(self) -> None:
        """Let go."""
        ...


_closing: set[asyncio.Task[None]] = set()


def close_in_background(stream: Closable | None) -> None:
    """Close `stream`; one that cannot even be closed is forgotten, its engine deals with it."""
    if stream is not None:
        task = asyncio.get_running_loop().create_task(stream.close(), name="closing")
        _closing.add(task)
        task.add_done_callback(_closed)


def _closed(task: asyncio.Task[None]) -> None:
    _closing.discard(task)
    if not task.cancelled():
        task.exception()
