"""Workers that are stopped, stuck or orphaned, as real processes: the server goes on, and nothing stays behind."""

import os
import signal
import socket
import sys
import time

import httpx
import pytest

from tests.kit.serving import Server, alive, children, eventually, serving
from tests.service.server.test_launcher import echoes, sockets_on_both_workers

linux_only = pytest.mark.skipif(not sys.platform.startswith("linux"), reason="a signal at a parent's death is Linux's")


def port_is_free(server: Server) -> bool:
    """Whether another server could listen on the port of this one."""
    try:
        socket.create_server(("127.0.0.1", httpx.URL(server.url).port or 0)).close()
    except OSError:
        return False
    return True


def test_a_worker_that_is_stopped_is_replaced_and_the_other_goes_on() -> None:
    with serving(WEB_CONCURRENCY="2", WORKER_TIMEOUT_S="2") as server:
        held = sockets_on_both_workers(server)
        stopped, survivor = held
        os.kill(stopped, signal.SIGSTOP)
        eventually(lambda: not alive(stopped))
        eventually(lambda: len(children(server.process.pid)) == 2)
        assert echoes(held[survivor])
        assert server.log().count("worker gives no sign of life and is ended") == 1


def test_all_workers_that_are_stopped_at_once_are_replaced_and_the_server_answers_again() -> None:
    with serving(WEB_CONCURRENCY="2", WORKER_TIMEOUT_S="2") as server:
        stopped = children(server.process.pid)
        for worker in stopped:
            os.kill(worker, signal.SIGSTOP)
        eventually(lambda: not any(alive(worker) for worker in stopped), 30)
        eventually(lambda: server.pid_of_a_worker() not in stopped, 30)
        assert server.log().count("worker gives no sign of life and is ended") == 2


def test_a_worker_that_is_stopped_again_and_again_for_less_than_it_may_be_is_kept() -> None:
    with serving(WORKER_TIMEOUT_S="4") as server:
        worker, connection = server.socket()
        for _ in range(4):
            os.kill(worker, signal.SIGSTOP)
            time.sleep(1.0)
            os.kill(worker, signal.SIGCONT)
            time.sleep(0.5)
        assert server.pid_of_a_worker() == worker
        assert echoes(connection)


def test_a_worker_that_is_stopped_while_it_drains_does_not_hold_up_the_end_of_the_server() -> None:
    with serving(WORKER_TIMEOUT_S="2", DRAIN_GRACE_S="60") as server:
        worker, _ = server.socket("/busy")
        server.signal(signal.SIGTERM)
        eventually(lambda: "draining" in server.log())
        os.kill(worker, signal.SIGSTOP)
        assert server.process.wait(20) is not None
        assert not alive(worker)


def test_a_worker_whose_loop_stands_still_is_replaced() -> None:
    with serving(WORKER_TIMEOUT_S="2") as server:
        stuck, _ = server.socket("/hang")
        eventually(lambda: not alive(stuck), 30)  # it would hang for 60 s
        eventually(lambda: server.pid_of_a_worker() != stuck)


def test_workers_live_through_a_launcher_that_was_stopped_for_longer_than_they_may_be_silent() -> None:
    with serving(WORKER_TIMEOUT_S="2") as server:
        worker, connection = server.socket()
        server.signal(signal.SIGSTOP)
        time.sleep(4)
        server.signal(signal.SIGCONT)
        time.sleep(3)
        assert server.pid_of_a_worker() == worker
        assert echoes(connection)


def test_a_drain_may_last_for_longer_than_a_worker_may_be_silent() -> None:
    with serving(WORKER_TIMEOUT_S="2", DRAIN_GRACE_S="60") as server:
        _, busy = server.socket("/busy")
        server.signal(signal.SIGTERM)
        time.sleep(5)
        assert echoes(busy)
        busy.close()
        assert server.process.wait(60) == 0


def test_a_start_may_take_longer_than_a_worker_may_be_silent() -> None:
    with serving("start_slowly", WORKER_TIMEOUT_S="2") as server:
        assert server.get("/ready").status_code == 200


def test_the_port_is_free_at_once_when_the_launcher_is_killed_and_conversations_go_on() -> None:
    with serving(DRAIN_GRACE_S="60") as server:
        worker, busy = server.socket("/busy")
        try:
            server.signal(signal.SIGKILL)
            eventually(lambda: port_is_free(server), 5)
            assert echoes(busy)
            busy.close()
            eventually(lambda: not alive(worker))
        finally:
            busy.close()


@linux_only
def test_a_worker_that_is_stopped_ends_when_the_launcher_is_killed() -> None:
    with serving() as server:
        worker, _ = server.socket()
        os.kill(worker, signal.SIGSTOP)
        server.signal(signal.SIGKILL)
        eventually(lambda: not alive(worker))
        assert port_is_free(server)


def test_a_worker_that_is_stuck_ends_when_the_launcher_is_killed() -> None:
    with serving(WORKER_TIMEOUT_S="3") as server:
        worker, _ = server.socket("/hang")
        server.signal(signal.SIGKILL)
        eventually(lambda: not alive(worker), 30)  # it would hang for 60 s
        assert port_is_free(server)
