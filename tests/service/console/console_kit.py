"""A server of two workers as an operator sees it: the console's socket, and requests with the token."""

import base64
import contextlib
import json
import time
from collections.abc import Callable, Iterator
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, serving

TOKEN = "an-operator-token-of-this-test"


def subprotocols(token: str) -> list[Any]:
    return ["earshot.console", "bearer." + base64.urlsafe_b64encode(token.encode()).decode().rstrip("=")]


@contextlib.contextmanager
def console(server: Server, token: str = TOKEN, origin: str = "") -> Iterator[ClientConnection]:
    address = server.url.replace("http", "ws", 1) + "/api/v1/console"
    with connect(
        address,
        subprotocols=subprotocols(token),
        additional_headers={"Origin": origin} if origin else {},
        proxy=None,
        open_timeout=60,
        close_timeout=1,
    ) as socket:
        yield socket


def ask(server: Server, method: str, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.request(
        method, f"{server.url}/api/v1{path}", headers=headers, trust_env=False, verify=AUTHORITIES, timeout=60
    )


def until(socket: ClientConnection, holds: Callable[[list[dict[str, Any]]], Any]) -> list[dict[str, Any]]:
    """The workers, from the first overview of which `holds` is true."""
    ends_at = time.monotonic() + 60
    while time.monotonic() < ends_at:
        workers: list[dict[str, Any]] = json.loads(socket.recv(timeout=60))["workers"]
        if holds(workers):
            return workers
    raise TimeoutError(workers)


def sessions(workers: list[dict[str, Any]]) -> dict[str, dict[str, Any]]:
    return {each["session_id"]: each for worker in workers for each in worker["worst"]}


@contextlib.contextmanager
def two_workers() -> Iterator[Server]:
    """The server that the tests of a module look at."""
    with serving(EARSHOT, **FAKES, WEB_CONCURRENCY="2", OPERATOR_TOKEN=TOKEN) as server:
        yield server


@contextlib.contextmanager
def conversation(server: Server, session_id: str) -> Iterator[ClientConnection]:
    address = f"{server.url.replace('http', 'ws', 1)}/api/v1/realtime/conversation?session_id={session_id}"
    with connect(address, proxy=None, open_timeout=60, close_timeout=1, max_size=None, max_queue=None) as socket:
        socket.recv(timeout=60)
        yield socket
