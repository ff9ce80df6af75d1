"""Who may open the console's socket, and what it is told of the sessions of all workers."""

import contextlib
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, serving
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
