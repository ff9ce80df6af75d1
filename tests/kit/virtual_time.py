"""Tests that run on virtual time: what waits for minutes in them takes no time at all."""

from collections.abc import Callable, Coroutine
from functools import wraps
from typing import Any, ParamSpec

from actors.runtime.clock import run_virtual

P = ParamSpec("P")


def on_virtual_time(test: Callable[P, Coroutine[Any, Any, None]]) -> Callable[P, None]:
    """Run an asynchronous test on a loop of its own, whose clock goes on as soon as there is nothing to do."""

    @wraps(test)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        run_virtual(test(*args, **kwargs))

    return run
