"""The timeline of a session, and an order to drain, on a server of two workers."""

import contextlib
import json
from collections.abc import Iterator

import pytest
from websockets.exceptions import WebSocketException

from tests.kit.serving import Server, eventually
from tests.service.console.console_kit import ask, console, conversation, two_workers, until


@pytest.fixture(scope="module", name="server")
def fixture_server() -> Iterator[Server]:
    with two_workers() as server:
        yield server


SECRET = "my secret is forty two"


def test_a_timeline_tells_what_happened_without_a_word_of_it(server: Server) -> None:
    with conversation(server, "timed") as talk:
        talk.send(json.dumps({"type": "text", "text": SECRET}))

        def kinds() -> set[str]:
            return {event["kind"] for event in ask(server, "GET", "/sessions/timed/timeline").json()["events"]}

        eventually(lambda: {"floor", "said", "heard", "measured"} <= kinds())
        ask(server, "POST", "/health/actors/timed/synthesizer/restart")
        eventually(lambda: "restart" in kinds())
        answer = ask(server, "GET", "/sessions/timed/timeline")
        assert answer.json()["live"] is True
        assert "forty" not in answer.text
        assert ask(server, "DELETE", "/sessions/timed").status_code == 200
        eventually(lambda: "ended" in kinds())
    assert ask(server, "GET", "/sessions/nobody/timeline").status_code == 404
    assert "forty" not in server.log()


def pids(server: Server) -> set[int]:
    """The workers that a console shows; none while the worker that has taken it drains."""
    with contextlib.suppress(OSError, WebSocketException), console(server) as socket:
        return {each["worker"] for each in until(socket, lambda workers: len(workers) > 1)}
    return set()


def test_a_worker_that_is_ordered_to_drain_is_replaced(server: Server) -> None:
    before = pids(server)
    assert len(before) == 2
    for nobody in ("1", "x", "-1"):
        assert ask(server, "POST", f"/workers/{nobody}/drain").status_code == 404
    drained = min(before)
    assert ask(server, "POST", f"/workers/{drained}/drain").json() == {"status": "draining", "worker": drained}
    eventually(lambda: bool(pids(server) - before))
    assert "an operator has ordered it to" in server.log()
