"""Logs uncaught exceptions by class and place: Python would print them, with the words of their messages.

The words of an exception may be what somebody has said; where they are raised by a thread that an engine or a tool has
started by itself, nothing of ours stands between them and the terminal.
"""

import logging
import sys
import threading
from typing import Any

from actors.runtime.described_errors import describe, places
from actors.runtime.failure_counters import Failure, report_failure

log = logging.getLogger(__name__)


def report_uncaught() -> None:
    """Log what threads and finalizers of this process do not catch."""
    threading.excepthook = lambda raised: _report_thread(raised.exc_value, raised.thread)
    sys.unraisablehook = lambda raised: uncaught("a finalizer or a callback of C", raised.exc_value)


def uncaught(who: str, error: BaseException | None) -> None:
    """Leave a line of something that has failed where nobody has caught it, and count it; None: it is not known how."""
    how = "for a reason that is not known" if error is None else f"{describe(error)} ({' < '.join(places(error))})"
    line = "%s has failed, and nobody has caught it: %s"
    report_failure(Failure.BACKGROUND, log, line, who, how)


def of_loop(context: dict[str, Any]) -> str:
    """Describe what has failed in an event loop, from the context that asyncio gives to an exception handler.

    A message of asyncio may quote arguments of callbacks, and the exceptions of tasks: not so what comes before them.
    """
    task = context.get("task") or context.get("future")
    name = getattr(getattr(task, "get_coro", lambda: None)(), "__qualname__", "")
    message = str(context.get("message", "")).partition("<")[0].partition("(")[0].strip() or "work of the event loop"
    return f"{message}: {name}" if name else message


def _report_thread(error: BaseException | None, thread: threading.Thread | None) -> None:
    # A thread may end itself by SystemExit, which is no fault.
    if not isinstance(error, SystemExit):
        uncaught(f"the thread {thread.name}" if thread is not None else "a thread", error)
