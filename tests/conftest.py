"""What holds for all tests: children can be interrupted, and no process outlives the module by which it came about."""

import asyncio
import ctypes
import functools
import gc
import inspect
import logging
import os
import signal
import sys
import time
from collections.abc import Awaitable, Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from pykka import ActorRegistry

from tests.kit.forking import is_fork_server
from tests.kit.orphan_reaper import watch_this_process
from tests.kit.time_limit import TimeLimit

PR_SET_CHILD_SUBREAPER = 36
"""Of prctl(2): orphans among the descendants of this process become its children."""
ENDS_S = 10.0
"""A process whose parent was killed has ended by then, however busy the machine is."""


def pytest_configure() -> None:
    """Undo an inherited order to ignore SIGINT, as under `nohup make test &`: every child would inherit it in turn.

    What a killed server leaves behind becomes a child of the test run, so that it is noticed. Where the run is killed
    itself, somebody else looks after its children.
    """
    if sys.platform.startswith("linux"):
        watch_this_process()
    ctypes.CDLL(None).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)
    if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)
    gc.disable()  # until everything is collected: what that makes stays


def pytest_collection_finish() -> None:
    """Take the modules and the tests out of what the garbage collector looks through each time.

    A test makes little and ends: what it leaves is looked for seventy times less often than by default, which takes
    5 % less processor time.
    """
    gc.set_threshold(50_000, 20, 50)
    gc.enable()
    gc.freeze()


def pytest_collectstart(collector: pytest.Collector) -> None:
    """Give properties their profile before a module that has some is imported; others need no Hypothesis."""
    if isinstance(collector, pytest.Module) and "hypothesis" in collector.path.read_text(encoding="utf-8"):
        _load_profile()


@functools.cache
def _load_profile() -> None:
    """Set how properties are tried, once in a process.

    No test asserts an upper bound of real time: neither that of an example nor that of making the examples. While `make
    unit` is run, properties too that do not say how many examples they want have a quarter of them.
    """
    from hypothesis import HealthCheck, settings

    from tests.kit.repeating import times

    examples, slow = times(settings().max_examples), [HealthCheck.too_slow]
    settings.register_profile("tests", max_examples=examples, deadline=None, suppress_health_check=slow)
    settings.load_profile("tests")


@pytest.hookimpl(tryfirst=True)
def pytest_sessionfinish(session: pytest.Session) -> None:
    """Have nothing told of Hypothesis where no test has used it: it would be imported for that, a fifth of a second."""
    if "hypothesis" not in sys.modules and not session.config.getoption("--hypothesis-show-statistics", False):
        session.config.pluginmanager.unregister(name="hypothesispytest")


SLOW_FIRST = (
    "test_voice.py", "test_spoken_conversation.py", "test_spoken_calls.py", "test_voice_elsewhere.py",
    "test_cough.py", "test_chaos_short.py", "test_voice_again.py", "test_azure_call.py", "test_voicemail.py",
    "test_kinds.py", "test_many_calls.py", "test_many_workers.py", "test_spoken_transfer.py", "test_campaign.py",
    "test_azure_identity.py", "test_cut_off_workers.py", "test_console.py", "test_docs_page.py", "test_sdk.py",
    "test_locked_install.py", "test_page_looks.py", "test_page_troubles.py", "test_open_orders.py",
    "test_mcp_in_session.py", "test_dead_workers.py", "test_azure_faults.py", "test_moved_browsers.py",
    "test_page.py", "test_quiet_stop.py", "test_warm_transfer.py", "test_moved_modes.py", "test_orders.py",
    "test_no_caller_left.py", "test_dead_workers_at_any_time.py", "test_orders_under_way.py",
    "test_sockets_under_attack.py", "test_rolling_restart.py", "test_launcher.py", "test_calls_in_doubt.py",
    "test_kept_sessions.py", "test_server.py", "test_refused_orders.py", "test_call_faults.py", "test_guard.py",
    "test_spoken_languages.py", "test_wrong_environments.py", "test_dashboards.py", "test_bad_collectors.py",
    "test_calls_in_a_row.py", "test_schemathesis.py", "test_worklets.py", "test_lost_sockets.py",
    "test_page_choices.py", "test_session_forwarding.py", "test_synthesizer_contract.py", "test_silent_workers.py",
    "test_voice_live_faults.py", "test_conversation_socket.py", "test_given_context.py", "test_handed_off_calls.py",
)  # fmt: skip
"""Modules that take long: begun last, they would keep one core waiting for the others."""


CLEANS_UP_S = 40.0
"""So long before its process would be killed for it, a test is cancelled that waits: it can still end what it began."""


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Run the slowest modules first, whatever order others have chosen; the rest stays as it is.

    A test that waits for what does not come is cancelled: whoever kills the process of it loses the tests behind it.
    """
    rank = {name: place for place, name in enumerate(SLOW_FIRST)}
    items.sort(key=lambda item: rank.get(item.path.name, len(rank)))
    for item in items:
        if isinstance(item, pytest.Function) and inspect.iscoroutinefunction(item.obj):
            mark = item.get_closest_marker("timeout")
            killed_s = float(mark.args[0] if mark is not None else config.getini("timeout"))
            item.obj = _cancelled_after(killed_s - CLEANS_UP_S, item.obj)


def _cancelled_after(seconds: float, test: Callable[..., Awaitable[None]]) -> Callable[..., Awaitable[None]]:
    @functools.wraps(test)
    async def cancelled(*args: object, **named: object) -> None:
        async with asyncio.timeout(seconds):
            await test(*args, **named)

    return cancelled


TIME_LIMIT = TimeLimit()


@pytest.hookimpl(optionalhook=True)
def pytest_timeout_set_timer(item: Any, settings: Any) -> bool | None:
    """Where pytest-timeout would have a thread for this test, one that serves all tests does as well."""
    if settings.method != "thread":
        return None
    from pytest_timeout import timeout_timer

    TIME_LIMIT.set(settings.timeout, functools.partial(timeout_timer, item, settings))
    item.cancel_timeout = TIME_LIMIT.lift
    return True


def _children() -> dict[int, str]:
    """The processes that this one has started and that run, with their command lines."""
    found: dict[int, str] = {}
    for listed in Path("/proc/self/task").glob("*/children"):
        with suppress(FileNotFoundError, ProcessLookupError):
            for pid in listed.read_text().split():
                with suppress(FileNotFoundError, ProcessLookupError):
                    # Nobody has waited yet for one that has ended; one that begins has no command line yet.
                    name, _, state = Path(f"/proc/{pid}/stat").read_text().partition("(")[2].rpartition(") ")
                    command = Path(f"/proc/{pid}/cmdline").read_bytes().replace(b"\0", b" ").decode(errors="replace")
                    if state[0] not in "ZX":
                        found[int(pid)] = command or name
    return found


LOGGERS = [logging.getLogger(name) for name in (None, "app", "actors", "protocol", "config", "earshot")]


@pytest.fixture(autouse=True)
def nothing_outlives_its_test() -> Iterator[None]:
    """Give back the levels of logging, forget the actors that a test has left, and fail for those.

    A later test would see nothing in the log where a test's own server has set a level, and the registry of actors is
    one for the process. It is one fixture for both, since each takes a tenth of what is done around a short test.
    """
    levels = [logger.level for logger in LOGGERS]
    before = {ref.actor_urn for ref in ActorRegistry.get_all()}
    yield
    for logger, level in zip(LOGGERS, levels, strict=True):
        if logger.level != level:  # to set it goes through all loggers there are, under a lock
            logger.setLevel(level)
    left = [ref for ref in ActorRegistry.get_all() if ref.actor_urn not in before]
    for ref in left:
        ActorRegistry.unregister(ref)
    assert left == [], "actors that outlived their test"


@pytest.fixture(autouse=True, scope="module")
def no_child_outlives_its_module() -> Iterator[None]:
    """Kill processes that the module's tests have left, and fail for them. It is set up first and torn down last."""
    before = _children()
    yield
    left, ends_s = _new_children(before), time.monotonic() + ENDS_S
    while left and time.monotonic() < ends_s:
        time.sleep(0.05)
        left = _new_children(before)
    for pid in left:
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    assert left == {}, "processes that outlived their tests (killed now)"


def _new_children(before: dict[int, str]) -> dict[int, str]:
    return {pid: command for pid, command in _children().items() if pid not in before and not _is_helper(pid, command)}


def _is_helper(pid: int, command: str) -> bool:
    """Whether it serves the whole test run: a process of Python's own, or what servers are forked from."""
    return (
        is_fork_server(pid) or "multiprocessing.resource_tracker" in command or "multiprocessing.forkserver" in command
    )
