"""The server as an operator's platform sees it: real processes, real signals."""

import os
import signal
import socket
import time
from pathlib import Path

import httpx
import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection

from app.server.processes.launcher import Backoff
from tests.kit.serving import Server, alive, children, eventually, run_afresh, serve_command, serving_afresh


def sockets_on_both_workers(server: Server) -> dict[int, ClientConnection]:
    held: dict[int, ClientConnection] = {}
    spare: list[ClientConnection] = []
    for _ in range(200):
        pid, connection = server.socket()
        if pid in held:
            spare.append(connection)
        held.setdefault(pid, connection)
        if len(held) == 2:
            break
    for connection in spare:
        connection.close()
    assert len(held) == 2
    return held


def close_code(connection: ClientConnection) -> int | None:
    """Wait for the end of `connection`; the code of the close frame that was received."""
    with pytest.raises(ConnectionClosed) as closed:
        connection.recv(timeout=60)
    return closed.value.rcvd.code if closed.value.rcvd else None


def echoes(connection: ClientConnection) -> bool:
    connection.send("still there?")
    return connection.recv(timeout=60) == "still there?"


def nobody_listens(server: Server) -> bool:
    try:
        server.get("/ready")
    except httpx.TransportError:
        return True
    return False


def test_a_free_port_is_taken_printed_and_known_to_the_app() -> None:
    with serving_afresh(PORT="0") as server:
        assert server.get("/who").json()["port"] == httpx.URL(server.url).port


def test_a_worker_that_is_killed_is_replaced_and_the_other_goes_on() -> None:
    with serving_afresh(WEB_CONCURRENCY="2") as server:
        held = sockets_on_both_workers(server)
        (killed, lost), (survivor, kept) = held.items()
        os.kill(killed, signal.SIGKILL)
        assert close_code(lost) is None
        assert echoes(kept)
        eventually(lambda: server.pid_of_a_worker() not in held)
        assert echoes(kept)
        assert alive(survivor)
        kept.close()


def test_readiness_is_refused_while_the_listener_still_answers() -> None:
    with serving_afresh() as server:
        assert server.get("/ready").status_code == 200
        _, busy = server.socket("/busy")
        server.signal(signal.SIGTERM)
        eventually(lambda: server.get("/ready").status_code == 503)
        assert echoes(busy)
        busy.close()
        assert server.process.wait(60) == 0


def test_sessions_that_do_not_end_are_closed_inside_the_grace() -> None:
    with serving_afresh(DRAIN_GRACE_S="10", WEB_CONCURRENCY="2") as server:
        held = sockets_on_both_workers(server)
        _, busy = server.socket("/busy")
        server.signal(signal.SIGTERM)
        assert close_code(busy) == 1012
        assert server.process.wait(60) == 0, "the launcher has not had to end them when the grace was over"
        assert [close_code(connection) for connection in held.values()] == [1012, 1012]


def test_nothing_to_drain_is_quick_even_for_two_signals_at_once() -> None:
    with serving_afresh(DRAIN_GRACE_S="600") as server:
        _, idle = server.socket()
        server.signal(signal.SIGINT)
        server.signal(signal.SIGTERM)
        assert close_code(idle) == 1012
        assert server.process.wait(60) == 0


def test_signals_that_come_when_all_has_ended_do_not_change_how_it_ends() -> None:
    with serving_afresh() as server:
        server.signal(signal.SIGTERM)
        eventually(lambda: children(server.process.pid) == [])
        while server.process.poll() is None:
            server.signal(signal.SIGTERM)
            server.signal(signal.SIGINT)
            time.sleep(0.005)
        assert server.process.returncode == 0
        assert server.log().count("Traceback") == 0


def test_a_second_signal_ends_at_once() -> None:
    with serving_afresh(DRAIN_GRACE_S="60") as server:
        worker, busy = server.socket("/busy")
        server.signal(signal.SIGTERM)
        eventually(lambda: server.get("/ready").status_code == 503)
        time.sleep(0.3)  # two signals within a quarter of a second count as one
        assert echoes(busy)
        server.signal(signal.SIGTERM)
        assert server.process.wait(60) == 128 + signal.SIGTERM
        eventually(lambda: not alive(worker))
        assert close_code(busy) is None


def test_a_worker_whose_loop_stands_still_is_ended_when_the_grace_is_over() -> None:
    with serving_afresh(DRAIN_GRACE_S="1") as server:
        worker, _ = server.socket("/hang")
        server.signal(signal.SIGTERM)
        assert server.process.wait(30) == 1  # it would hang for 60 s
        assert not alive(worker)


def test_a_client_that_does_not_answer_the_close_frame_delays_nobody() -> None:
    with serving_afresh(DRAIN_GRACE_S="2") as server:
        address = (httpx.URL(server.url).host, httpx.URL(server.url).port or 0)
        with socket.create_connection(address) as mute:
            mute.sendall(
                b"GET /echo HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
                b"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: MDEyMzQ1Njc4OWFiY2RlZg==\r\n\r\n"
            )
            eventually(lambda: b"101" in mute.recv(4096, socket.MSG_PEEK))
            server.signal(signal.SIGTERM)
            assert server.process.wait(60) == 0
            received = mute.recv(4096)
        assert b"\x88" in received
        assert (1012).to_bytes(2, "big") in received


def test_only_several_workers_have_a_directory_for_their_sockets_and_it_ends_with_them(tmp_path: Path) -> None:
    with serving_afresh(TMPDIR=str(tmp_path)):
        assert list(tmp_path.iterdir()) == []
    with serving_afresh(TMPDIR=str(tmp_path), WEB_CONCURRENCY="2") as server:
        (directory,) = tmp_path.iterdir()
        assert directory.name.startswith("earshot-")
        server.signal(signal.SIGTERM)
        assert server.process.wait(60) == 0
        assert list(tmp_path.iterdir()) == []


def test_workers_do_not_outlive_a_launcher_that_is_killed() -> None:
    with serving_afresh(WEB_CONCURRENCY="2") as server:
        held = sockets_on_both_workers(server)
        server.signal(signal.SIGKILL)
        eventually(lambda: nobody_listens(server))
        assert [close_code(connection) for connection in held.values()] == [1012, 1012]


def test_a_worker_can_be_drained_alone_and_is_replaced() -> None:
    with serving_afresh() as server:
        first, connection = server.socket()
        os.kill(first, signal.SIGTERM)
        assert close_code(connection) == 1012
        eventually(lambda: server.pid_of_a_worker() != first)


def test_a_taken_port_is_one_line() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = str(taken.getsockname()[1])
        ended = run_afresh(*serve_command(), PORT=port)
    assert ended.returncode == 2
    assert ended.stderr == f"cannot listen on HOST 127.0.0.1, PORT {port}: address already in use\n"


@pytest.mark.parametrize(
    ("factory", "line"),
    [
        ("refuse_configuration", "AGENTS_DIRECTORY holds no agents"),
        ("refuse_configuration_later", "SPEECH_RECOGNIZER cannot be used"),
        ("missing", "tests.kit.served:missing: the module has no missing"),
    ],
)
def test_a_fault_in_the_configuration_is_one_line_however_many_workers_find_it(factory: str, line: str) -> None:
    ended = run_afresh(*serve_command(factory), WEB_CONCURRENCY="2")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line + "\n")


def test_a_worker_that_cannot_serve_is_left_the_time_to_end() -> None:
    ended = run_afresh(*serve_command("refuse_configuration_slowly"), WORKER_TIMEOUT_S="2")
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", "AGENTS_DIRECTORY holds no agents\n")


def test_a_worker_that_crashes_before_the_server_was_ready_ends_the_start() -> None:
    ended = run_afresh(*serve_command("crash"))
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr.splitlines()[-1] == "a worker ended with status 1 before it was ready"
    assert "out of luck" in ended.stderr


def test_a_wrong_value_is_one_line() -> None:
    ended = run_afresh(*serve_command(), PORT="eighty")
    line = "PORT is 'eighty'; it must be a whole number from 0 to 65535\n"
    assert (ended.returncode, ended.stdout, ended.stderr) == (2, "", line)


def test_backoff_doubles_up_to_the_most_and_forgets_after_a_healthy_life() -> None:
    backoff = Backoff(first_s=1, most_s=5, healthy_s=60)
    assert [backoff.after(lived_s) for lived_s in (0, 0, 59, 0, 60, 0)] == [1, 2, 4, 5, 1, 2]
