"""Who gets in through a real reverse proxy on this machine, which connects from loopback as a local program does."""

from typing import Any
from urllib.parse import urlencode

import httpx
import msgspec
import pytest
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import connect

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, serving
from tests.service.auth.nginx import FORWARDED, nginx

API = "/api/v1"
PUBLIC = {"BASE_URL": "https://voice.example"}
OPERATOR = "an-operator-token-of-32-characters"
OPERATORS_ROUTES: tuple[tuple[str, str, dict[str, Any]], ...] = (
    ("GET", "/health/actors", {}),
    ("GET", "/sessions/s1/transcript", {}),
    ("DELETE", "/sessions/s1", {}),
    ("GET", "/calls", {}),
    ("POST", "/calls/initiate", {"target_number": "+19005550100"}),
    ("PUT", "/agents/dentist", {"voice": {"voice_name": "x"}}),
)

WAYS: dict[str, tuple[dict[str, str], str, bool]] = {
    "a public address and no header added": (PUBLIC, "", False),
    "a public address and the upstream's name as Host": ({**PUBLIC, "ALLOWED_HOSTS": "earshot_upstream"}, "", True),
    "headers added, no address told": ({}, FORWARDED, False),
    "the upstream's name as Host, no address told": ({}, "", True),
}


def closed_with(url: str, path: str, **query: str) -> tuple[int, str]:
    """How a socket is refused: the code and reason of its close, or the status of its handshake.

    Raises:
        AssertionError: it is not refused.
    """
    address = f"{url.replace('http', 'ws', 1)}{API}{path}?{urlencode(query)}"
    try:
        with (
            connect(address, proxy=None, open_timeout=60, close_timeout=1) as socket,
            pytest.raises(ConnectionClosed) as closed,
        ):
            socket.recv(timeout=60)
    except InvalidStatus as refused:
        return refused.response.status_code, ""
    assert closed.value.rcvd is not None
    return closed.value.rcvd.code, closed.value.rcvd.reason


@pytest.mark.parametrize("way", WAYS)
def test_a_stranger_behind_a_proxy_is_no_operator_and_needs_a_token(way: str) -> None:
    environ, headers, named = WAYS[way]
    with (
        serving(EARSHOT, **FAKES, **environ) as server,
        nginx(server.url, headers, named=named) as url,
        httpx.Client(base_url=f"{url}{API}", trust_env=False, verify=AUTHORITIES) as client,
    ):
        for method, path, body in OPERATORS_ROUTES:
            assert client.request(method, path, json=body or None).status_code == 403, path
        assert client.get("/sessions").status_code == 401
        assert client.post("/realtime/token", json={}).status_code == 401
        assert client.get("/realtime/status").json()["browser_auth"] == "token"
        for path in ("/realtime/conversation", "/browser/dashboard/relay"):
            assert closed_with(url, path, session_id="s1") == (1008, "token missing")
        assert closed_with(url, "/media/stream", call_connection_id="c1") == (403, "")


@pytest.mark.parametrize("headers", ["", FORWARDED])
def test_an_operator_and_the_page_come_in_through_it(headers: str) -> None:
    with (
        serving(EARSHOT, **FAKES, **PUBLIC, OPERATOR_TOKEN=OPERATOR) as server,
        nginx(server.url, headers) as url,
        httpx.Client(base_url=f"{url}{API}", trust_env=False, verify=AUTHORITIES) as client,
    ):
        as_operator = {"authorization": f"Bearer {OPERATOR}"}
        assert client.get("/health/actors", headers=as_operator).status_code == 200
        assert client.get("/health/actors").status_code == 401
        page = client.post("/realtime/token", json={}, headers={"origin": "https://voice.example"})
        assert page.status_code == 200
        issued: dict[str, Any] = page.json()
        address = f"{url.replace('http', 'ws', 1)}{API}/realtime/conversation?token={issued['token']}"
        with connect(address, proxy=None, open_timeout=60, close_timeout=1) as socket:
            announced = msgspec.json.decode(socket.recv(timeout=60))["payload"]
        assert announced["session_id"] == issued["session_id"]
        as_page = {"authorization": f"Bearer {issued['token']}"}
        assert client.get(f"/sessions/{issued['session_id']}", headers=as_page).status_code == 200
        assert client.get("/sessions/another", headers=as_page).status_code == 403
        assert client.get("/health/actors", headers=as_page).status_code == 401
