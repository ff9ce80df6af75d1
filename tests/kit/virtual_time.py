"""Tests that run on virtual time: what waits for minutes in them takes no time at all.

A server, its clients and an emulated cloud may converse over sockets if all of them are on the loop of the test: what
is sent over loopback has arrived when the call that sends it returns, so the clock, which goes on only when nothing has
arrived, overtakes nothing. Another process is overtaken, and so is a thread that the product has started itself: such
are waited for by `asyncio.to_thread`.
"""

import asyncio
from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

import anyio.to_thread
import pytest

from actors.runtime.clock import VirtualLoop, run_virtual

P = ParamSpec("P")


def on_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test on a loop of its own, whose clock goes on as soon as there is nothing to do."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(anyio.to_thread, "run_sync", _waited_for)
            run_virtual(test(*args, **kwargs))

    return run


_run_sync = anyio.to_thread.run_sync


async def _waited_for(*args: Any, **named: Any) -> Any:
    """Run something on a thread of anyio's, by which Starlette reads files: the loop knows only its own threads."""
    loop = asyncio.get_running_loop()
    assert isinstance(loop, VirtualLoop)
    with loop.outstanding():
        return await _run_sync(*args, **named)
