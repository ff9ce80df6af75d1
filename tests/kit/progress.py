"""A pytest plug-in that writes down as it goes what is to be run, what has begun and what has ended.

A process of tests that is killed, or whose workers are, says nothing of what it had still to do. Here that can be read
afterwards, however it ended: `-p tests.kit.progress --progress FILE`. With `--go-on-from FILE` only what another run
had not begun is run.
"""

import faulthandler
import json
import os
import signal
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import pytest

TELLS_STACKS = signal.SIGUSR2
"""On this signal a process of tests writes down where each of its threads is."""


@dataclass(frozen=True)
class Progress:
    """What a file says of a run; tests by node id."""

    collected: set[str] = field(default_factory=set)
    begun: set[str] = field(default_factory=set)
    ended: set[str] = field(default_factory=set)
    reported: set[str] = field(default_factory=set)
    """Of whom a failure was reported: tests, and modules that could not be collected."""

    @property
    def under_way(self) -> set[str]:
        """What had begun when the run ended: a test that waits for ever, or that ended its process."""
        return self.begun - self.ended

    @property
    def failed(self) -> set[str]:
        """What was reported, and what never got as far as that."""
        return self.reported | self.under_way

    @property
    def left(self) -> set[str]:
        """What was to be run and has not begun."""
        return self.collected - self.begun - self.ended


def read(path: Path) -> Progress:
    """What was written so far, nothing if nothing was; a line that was cut off is left out."""
    progress = Progress()
    for line in path.read_text(encoding="utf-8").splitlines() if path.exists() else ():
        try:
            said = json.loads(line)
        except ValueError:
            continue
        for kind, tests in said.items():
            getattr(progress, kind).update(tests)
    return progress


class _Writer:
    """Hooks of the one process that hears of all tests: the controller of workers, or the only one."""

    def __init__(self, file: TextIO) -> None:
        self._file = file

    def _write(self, kind: str, tests: Sequence[str]) -> None:
        print(json.dumps({kind: list(tests)}), file=self._file, flush=True)

    def pytest_collection_finish(self, session: pytest.Session) -> None:
        """Without workers."""
        self._write("collected", [item.nodeid for item in session.items])

    @pytest.hookimpl(optionalhook=True)
    def pytest_xdist_node_collection_finished(self, ids: Sequence[str]) -> None:
        """A worker has found the tests, as each of them does."""
        self._write("collected", ids)

    def pytest_collectreport(self, report: pytest.CollectReport) -> None:
        """A module that cannot be imported fails as a whole."""
        if report.failed:
            self._write("reported", [report.nodeid])

    def pytest_runtest_logstart(self, nodeid: str) -> None:
        """A test begins."""
        self._write("begun", [nodeid])

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """A test has got through one of its three phases, or has ended its worker, which is none of them."""
        if report.failed:
            self._write("reported", [report.nodeid])
        if report.when not in ("setup", "call"):
            self._write("ended", [report.nodeid])


def pytest_addoption(parser: pytest.Parser) -> None:
    """Name the two files."""
    group = parser.getgroup("progress")
    group.addoption("--progress", type=Path, help="where to write what has begun and what has ended")
    group.addoption("--go-on-from", type=Path, help="run only what the run that wrote this file had not begun")


def pytest_configure(config: pytest.Config) -> None:
    """Begin to write, in one process only. Each of them tells its stacks on a signal, into what no test captures."""
    faulthandler.register(TELLS_STACKS, file=os.dup(2), all_threads=True)
    path = config.getoption("--progress")
    if path is not None and not hasattr(config, "workerinput"):
        path.parent.mkdir(parents=True, exist_ok=True)
        file = path.open("w", encoding="utf-8")
        config.add_cleanup(file.close)
        config.pluginmanager.register(_Writer(file))


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what had begun."""
    if (path := config.getoption("--go-on-from")) is not None:
        left = read(path).left
        config.hook.pytest_deselected(items=[item for item in items if item.nodeid not in left])
        items[:] = [item for item in items if item.nodeid in left]
