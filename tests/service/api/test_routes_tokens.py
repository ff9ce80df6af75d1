"""POST /realtime/token: who is given a token, and for what."""

import time
from datetime import datetime
from typing import Any

import httpx
import pytest

from app.auth.jwt import TokenError
from tests.kit.service_kit import running
from tests.service.auth.test_browser import OPERATOR, Guarded, guarded

PAGE = {"origin": "http://voice.example"}
AS_OPERATOR = {"authorization": f"Bearer {OPERATOR}"}


async def test_our_page_is_given_a_token_for_a_session_of_its_own() -> None:
    async with guarded() as guard:
        answer = await guard.ask(PAGE)
        assert answer.status_code == 200
        assert answer.headers["cache-control"] == "no-store"
        issued = answer.json()
        assert set(issued) == {"token", "expires_at", "session_id", "agent"}
        assert len(issued["session_id"]) > 20
        left_s = datetime.fromisoformat(issued["expires_at"]).timestamp() - time.time()
        assert 295 < left_s <= 301
        grant = await guard.service.browser_access.grant_of(issued["token"])
        assert (grant.session_id, grant.agent, grant.vouched) == (issued["session_id"], "tester", False)


async def test_what_is_asked_for_is_given() -> None:
    async with guarded(OPERATOR_TOKEN=OPERATOR) as guard:
        issued = (await guard.ask(AS_OPERATOR, session_id="s.1:a_b-c", agent="tester", ttl_s=10)).json()
        assert issued["session_id"] == "s.1:a_b-c"
        assert (await guard.service.browser_access.grant_of(issued["token"])).vouched
        left_s = datetime.fromisoformat(issued["expires_at"]).timestamp() - time.time()
        assert 5 < left_s <= 11


@pytest.mark.parametrize("body", ["", "{}", '{"session_id": null, "agent": null}'])
async def test_nothing_need_be_asked_for(body: str) -> None:
    async with guarded() as guard:
        answer = await guard.client.post("/api/v1/realtime/token", content=body, headers=PAGE)
        assert answer.status_code == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://voice.example:3000"},
        {"origin": "http://voice.example", "sec-fetch-site": "same-site"},
        {"origin": "https://evil.example", "x-forwarded-host": "evil.example", "forwarded": "host=evil.example"},
        {"sec-fetch-site": "cross-site"},
        {"sec-fetch-site": "same-origin"},
    ],
)
@pytest.mark.parametrize("host", ["203.0.113.5", "127.0.0.1"])
async def test_a_foreign_page_is_given_nothing(headers: dict[str, str], host: str) -> None:
    async with guarded(host) as guard:
        answer = await guard.ask(headers)
        assert answer.status_code == 403
        assert "token" not in answer.json()


async def test_nor_where_a_host_is_allowed_to_open_sockets() -> None:
    async with guarded(ALLOWED_ORIGINS="*") as guard:
        assert (await guard.ask({"origin": "https://evil.example"})).status_code == 403


async def test_a_page_behind_a_proxy_is_ours_by_base_url() -> None:
    async with guarded(ALLOWED_HOSTS="*", BASE_URL="https://talk.example") as guard:
        assert (await guard.ask({"origin": "https://talk.example", "host": "10.0.0.7:8000"})).status_code == 200
        assert (await guard.ask({"origin": "https://voice.example", "host": "voice.example"})).status_code == 403
    async with guarded() as guard:
        assert (await guard.ask({"origin": "https://voice.example"})).status_code == 200


async def test_who_is_no_page_needs_the_operators_token() -> None:
    async with guarded(OPERATOR_TOKEN=OPERATOR) as guard:
        assert (await guard.ask({})).status_code == 401
        assert (await guard.ask({"authorization": "Bearer wrong"})).status_code == 401
        assert (await guard.ask({"authorization": "Bearer wrong", **PAGE})).status_code == 401
        assert (await guard.ask(AS_OPERATOR)).status_code == 200
    async with guarded() as guard:
        assert (await guard.ask({})).status_code == 401
    async with guarded("127.0.0.1") as guard:
        here = {"host": "localhost:8000"}
        assert (await guard.ask(here)).status_code == 200
        assert (await guard.ask({**here, "x-forwarded-for": "203.0.113.9"})).status_code == 401
        assert (await guard.ask({"host": "rebound.evil.example"})).status_code == 403


async def test_where_nothing_is_demanded_a_token_is_given_all_the_same() -> None:
    async with running({"BROWSER_AUTH": "off", "ALLOWED_HOSTS": "voice.example"}) as service:
        guard = Guarded(service)
        answer = await guard.ask({"origin": "https://evil.example"}, session_id="s1")
        assert answer.status_code == 200
        assert (await guard.announced(session_id="s1", token=answer.json()["token"]))["session_id"] == "s1"
        for socket in guard.sockets:
            socket.close()


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({"ttl_s": 9}, "ttl_s"),
        ({"ttl_s": 3601}, "ttl_s"),
        ({"ttl_s": "long"}, "ttl_s"),
        ({"ttl_s": None}, "ttl_s"),
        ({"session_id": "../etc"}, "session_id"),
        ({"session_id": "s1\n"}, "session_id"),
        ({"session_id": "x" * 129}, "session_id"),
        ({"session_id": 7}, "session_id"),
        ({"agent": "nobody"}, "agent"),
        ({"agent": ["tester"]}, "agent"),
        ([], "body"),
        ("text", "body"),
    ],
)
async def test_a_field_that_cannot_be_used_is_named(body: Any, field: str) -> None:
    async with guarded() as guard:
        answer = await guard.client.post("/api/v1/realtime/token", json=body, headers=PAGE)
        assert answer.status_code == 422
        document = answer.json()
        assert [error["field"] for error in document["errors"]] == [field]
        assert document["detail"].startswith(field)


@pytest.mark.parametrize("body", [b"{", b"\xff", b"{'session_id': 1}"])
async def test_what_is_not_json_is_said_to_be_so(body: bytes) -> None:
    async with guarded() as guard:
        answer: httpx.Response = await guard.client.post("/api/v1/realtime/token", content=body, headers=PAGE)
        assert answer.status_code == 400
        assert answer.json()["detail"].startswith("body: not JSON")


async def test_a_body_has_its_limit() -> None:
    async with guarded() as guard:
        answer = await guard.client.post("/api/v1/realtime/token", content=b" " * 20_000, headers=PAGE)
        assert answer.status_code == 413


async def test_a_token_ends() -> None:
    async with guarded() as guard:
        grant = await guard.service.browser_access.grant_of(await guard.token(ttl_s=10))
        late = guard.service.browser_access.issue(grant, 0).token
        with pytest.raises(TokenError, match=r"^expired$"):
            await guard.service.browser_access.grant_of(late)
