"""What nobody has caught on a worker's loop, and how it is told."""

import asyncio
import logging
from typing import Any

import pytest

from app.server.worker_loop import CONNECTION_FAILED, TLS_CLOSED_S, WorkerLoop, cause, closed_in_time


def raised(error: Exception) -> Exception:
    with pytest.raises(type(error)) as caught:
        fail_with(error)
    return caught.value


def fail_with(error: Exception) -> None:
    raise error


def reported(*contexts: dict[str, Any], stopping: bool = False) -> None:
    loop = WorkerLoop()
    try:
        if stopping:
            loop.be_quiet_about_cut_connections()
        for context in contexts:
            loop.call_exception_handler(context)
    finally:
        loop.close()


def test_connections_that_fail_are_one_line_without_what_the_client_sent(caplog: pytest.LogCaptureFixture) -> None:
    error = ExceptionGroup("unhandled", [ExceptionGroup("inner", [raised(ValueError("call +1 206 555 0100"))])])
    reported(*[{"message": CONNECTION_FAILED, "exception": error}] * 3)
    (line,) = caplog.records
    assert (line.levelno, line.exc_info) == (logging.WARNING, None)
    assert "ValueError, test_worker_loop.py:" in line.getMessage()
    assert "206" not in line.getMessage()


def test_connections_that_are_cut_at_the_end_are_no_fault(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO, "app.server.worker_loop")
    reported({"message": CONNECTION_FAILED, "exception": asyncio.CancelledError()}, stopping=True)
    assert [record.levelno for record in caplog.records] == [logging.INFO]


@pytest.mark.parametrize("stopping", [False, True])
def test_whatever_else_is_not_caught_is_told_whole(stopping: bool, caplog: pytest.LogCaptureFixture) -> None:
    reported({"message": "Task exception was never retrieved", "exception": raised(KeyError("x"))}, stopping=stopping)
    (line,) = caplog.records
    assert (line.levelno, line.name) == (logging.ERROR, "asyncio")
    assert line.exc_info


def test_an_error_that_was_never_raised_has_no_place() -> None:
    assert cause(ValueError("x")) == "ValueError"


def test_the_end_of_tls_is_waited_for_a_little_and_without_tls_not_at_all() -> None:
    assert closed_in_time({"ssl": object(), "backlog": 1})["ssl_shutdown_timeout"] == TLS_CLOSED_S
    assert closed_in_time({"ssl": None, "backlog": 1}) == {"ssl": None, "backlog": 1}
    assert closed_in_time({"backlog": 1}) == {"backlog": 1}
