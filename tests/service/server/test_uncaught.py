"""What threads, finalizers and tasks do not catch is told in the log, counted, and told without its words."""

import asyncio
import sys
import threading
from typing import Any

import pytest

from actors.runtime import failure_counters
from actors.runtime.failure_counters import Failure
from app.server.uncaught import of_loop, report_uncaught, uncaught
from tests.kit.serving import run

WORDS = "my card is 4111"

PROGRAM = f"""
import threading
from app.server.logs import configure_logging
from app.server.uncaught import report_uncaught
from config.groups.logs import LogLevel

configure_logging(LogLevel.INFO)
report_uncaught()

def fails():
    raise ValueError({WORDS!r})

def ends():
    raise SystemExit({WORDS!r})

class Finalized:
    def __del__(self):
        fails()

for work in (fails, ends):
    thread = threading.Thread(target=work, name="somebody's")
    thread.start()
    thread.join()
Finalized()
"""


def test_threads_and_finalizers_leave_a_line_each_and_no_word() -> None:
    ended = run(sys.executable, "-c", PROGRAM)
    assert ended.returncode == 0, ended.stderr
    thread, finalizer = ended.stderr.splitlines()
    assert "the thread somebody's has failed, and nobody has caught it: ValueError at fails:" in thread
    assert "a finalizer or a callback of C has failed" in finalizer
    assert "Finalized.__del__" in finalizer
    assert "4111" not in ended.stderr


class Counter:
    def __init__(self) -> None:
        self.count = 0

    def add(self, count: int, attributes: Any) -> None:
        self.count += count


def test_each_is_counted_also_where_it_is_not_known_what_it_was(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    counter = Counter()
    monkeypatch.setitem(failure_counters._counters, Failure.BACKGROUND, counter)
    uncaught("a thread", None)
    uncaught("a thread", ValueError(WORDS))
    assert counter.count == 2
    assert [record.getMessage() for record in caplog.records] == [
        "a thread has failed, and nobody has caught it: for a reason that is not known",
        "a thread has failed, and nobody has caught it: ValueError ()",
    ]


@pytest.mark.parametrize(
    ("context", "words"),
    [
        ({"message": "Task exception was never retrieved"}, "Task exception was never retrieved"),
        ({"message": f"Exception in callback say('{WORDS}')"}, "Exception in callback say"),
        ({"message": f"Exception in callback <Handle say('{WORDS}')>"}, "Exception in callback"),
        ({}, "work of the event loop"),
    ],
)
def test_what_a_loop_says_is_cut_before_what_it_quotes(context: dict[str, Any], words: str) -> None:
    assert of_loop(context) == words


async def test_a_task_is_named_by_its_coroutine() -> None:
    async def work() -> None: ...

    task = asyncio.ensure_future(work())
    assert of_loop({"message": "Task exception was never retrieved", "future": task}).endswith("work")
    await task


def test_the_hooks_are_pythons(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(threading, "excepthook", threading.excepthook)
    monkeypatch.setattr(sys, "unraisablehook", sys.unraisablehook)
    report_uncaught()
    assert threading.excepthook.__module__ == "app.server.uncaught"
    assert sys.unraisablehook.__module__ == "app.server.uncaught"
