"""Who may open the console's socket, and what it is told of the sessions of all workers."""

import contextlib
import json
import os
import signal
import time
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus, WebSocketException
from websockets.sync.client import connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, children, eventually, serving
from tests.service.console.console_kit import TOKEN, ask, console, conversation, sessions, two_workers, until


@pytest.fixture(scope="module", name="server")
def fixture_server() -> Iterator[Server]:
    with two_workers() as server:
        yield server


def test_it_is_for_operators_on_our_own_page(server: Server) -> None:
    with pytest.raises(InvalidStatus, match="401"), console(server, "wrong"):
        pass
    with pytest.raises(InvalidStatus, match="403"), console(server, origin="https://evil.example"):
        pass
    with console(server, origin=server.url) as socket:
        assert socket.subprotocol == "earshot.console"
    for method, path in (("GET", "/sessions/one/timeline"), ("POST", "/workers/1/drain")):
        assert (
            httpx.request(
                method, f"{server.url}/api/v1{path}", trust_env=False, verify=AUTHORITIES, timeout=60
            ).status_code
            == 401
        )
    assert TOKEN not in server.log()
    assert "WEBSOCKET /api/v1/console" in server.log()


def test_sessions_of_all_workers_are_shown_and_one_in_trouble_comes_first(server: Server) -> None:
    with contextlib.ExitStack() as stack:
        talks = {f"talk-{number}": stack.enter_context(conversation(server, f"talk-{number}")) for number in range(6)}
        with console(server) as socket:
            workers = until(socket, lambda workers: set(talks) <= set(sessions(workers)))
            assert len(workers) == 2
            assert {each["weight"] for each in sessions(workers).values()} == {0}
            restarted = ask(server, "POST", "/health/actors/talk-4/recognizer/restart")
            assert restarted.status_code == 200
            workers = until(socket, lambda workers: sessions(workers)["talk-4"]["weight"])
            assert sessions(workers)["talk-4"]["troubles"] == ["recognizer was started again once: it was ordered to"]
            assert workers[0]["worst"][0]["session_id"] == "talk-4"


@pytest.mark.parametrize("offered", [None, ["somebody.else"]])
def test_who_offers_no_protocol_of_ours_is_given_none(offered: Any) -> None:
    with serving(EARSHOT, **FAKES) as server:
        address = server.url.replace("http", "ws", 1) + "/api/v1/console"
        with connect(address, subprotocols=offered, proxy=None, open_timeout=60) as socket:
            assert socket.subprotocol is None
            assert until(socket, len)
        assert "Traceback" not in server.log()


def gone(server: Server) -> list[dict[str, Any]]:
    """The dead workers that a console shows that is opened now; none while its worker is the one that dies."""
    with contextlib.suppress(OSError, WebSocketException), console(server) as socket:
        found: list[dict[str, Any]] = json.loads(socket.recv(timeout=60))["gone"]
        return found
    return []


@pytest.mark.parametrize("workers", ["1", "2"])
def test_a_console_that_is_opened_later_shows_the_dead_worker_and_what_became_of_its_sessions(workers: str) -> None:
    with serving(EARSHOT, **FAKES, WEB_CONCURRENCY=workers, OPERATOR_TOKEN=TOKEN) as server:
        with contextlib.ExitStack() as talks:
            for number in range(8):
                talks.enter_context(conversation(server, f"call-{number}"))
            with console(server) as socket:
                shown = until(socket, lambda workers: sum(each["sessions"] for each in workers) == 8)
            busiest = max(shown, key=lambda each: each["sessions"])["worker"]
            os.kill(busiest, signal.SIGKILL)
            eventually(lambda: bool(gone(server)))
            (dead,) = gone(server)
            assert (dead["worker"], dead["status"]) == (busiest, -signal.SIGKILL)
            assert 0 <= time.time() - dead["at"] < 120
            assert 1 <= dead["live"] <= 8
            assert dead["lost"] == len(dead["sessions"]) == dead["live"]
            (back, *_) = [session["session_id"] for session in dead["sessions"]]

            def is_back() -> bool:
                with contextlib.suppress(OSError, WebSocketException), conversation(server, back):
                    (dead,) = gone(server)
                    return bool(dead["lost"] == dead["live"] - 1)
                return False

            eventually(is_back)
            (dead,) = gone(server)
            found = {session["session_id"]: session.get("goes_on_at", 0) for session in dead["sessions"]}
            assert found[back] in children(server.process.pid)
            assert [each for each, worker in found.items() if worker] == [back]
        # One that is told to drain has not died.
        os.kill(children(server.process.pid)[0], signal.SIGTERM)
        eventually(lambda: server.log().count("worker ended") == 2)
        eventually(lambda: len(gone(server)) == 1)
