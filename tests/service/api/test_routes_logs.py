"""The level of the log, changed while the server runs, in each of its workers; and who did that."""

import json
from typing import Any

import httpx

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, eventually, serving

TOKEN = "an-operator-token-of-this-test"
LOGS = "/api/v1/logs"


def ask(server: Server, method: str = "GET", *, token: str = TOKEN, body: object = None) -> httpx.Response:
    """Ask over a new connection, which any worker may answer."""
    headers = {"Authorization": f"Bearer {token}"} if token else {}
    return httpx.request(
        method, server.url + LOGS, json=body, headers=headers, trust_env=False, verify=AUTHORITIES, timeout=60
    )


def lines(server: Server) -> list[dict[str, Any]]:
    return [json.loads(line) for line in server.log().splitlines()]


def test_an_operator_changes_the_level_in_every_worker_and_leaves_a_line() -> None:
    with serving(EARSHOT, **FAKES, WEB_CONCURRENCY="2", LOG_FORMAT="json", OPERATOR_TOKEN=TOKEN) as server:
        assert ask(server).json() == {"level": "info", "format": "json", "content": False}
        assert ask(server, token="").status_code == 401
        assert ask(server, "PUT", token="wrong", body={"level": "debug"}).status_code == 401
        wrong = ask(server, "PUT", body={"level": "loud"})
        assert (wrong.status_code, wrong.json()["errors"][0]["field"]) == (422, "level")
        assert ask(server, "PUT", body={"level": "error"}).json()["level"] == "error"
        eventually(lambda: all(ask(server).json()["level"] == "error" for _ in range(8)))
        # The line that it leaves is written before it counts: a level that hides it is no way to act unseen.
        changes = [line for line in lines(server) if line.get("route") == f"PUT {LOGS}" and "proof" in line]
        assert [(line["logger"], line["msg"]) for line in changes] == [("earshot.audit", "operator access")] * 2
        assert TOKEN not in server.log()
