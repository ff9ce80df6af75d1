"""Whatever a body holds, the answer names what is wrong with it: no route answers 500 for a client's mistake."""

import json

import httpx
import pytest

from app.api.asgi import app_of
from app.auth.route_table import API, SOCKET, TABLE
from tests.kit.service_kit import running
from tests.service.telephony.telephone_kit import telephone

DEEP = 1_100


def deeply(text: str, depth: int = DEEP) -> bytes:
    return (f'{{"{text}":' * depth + "1" + "}" * depth).encode()


FIELDS = [
    "session_id",
    "agent",
    "ttl_s",
    "target_number",
    "context",
    "call_id",
    "target",
    "call_connection_id",
    "model",
    "voice",
    "eventType",
    "data",
]
WRONG_VALUES = ("null", "1", "-1", "1e999", "true", '""', '"x"', "[]", "{}", '"\\ud800"', '"\\u0000"', "9" * 400)

BODIES = {
    "nothing": b"",
    "no text": b"\xff\xfe\x00",
    "half a document": b'{"session_id": "s',
    "a document and more": b"{}{}",
    "a deep array": b"[" * DEEP + b"]" * DEEP,
    "a deep array without an end": b"[" * 20_000,
    "a deep object": deeply("agent"),
    "a deep field": b'{"context": ' + deeply("a") + b', "target_number": "+12065550100"}',
    "a deep field that is borne": b'{"context": ' + deeply("a", 400) + b', "target_number": "+12065550100"}',
    "a deep event": b'[{"eventType": "Microsoft.Communication.IncomingCall", "data": ' + deeply("a") + b"}]",
    "not a number": b'{"ttl_s": NaN}',
    "the same key twice": b'{"agent": "tester", "agent": 7}',
    "many keys": json.dumps({f"key{n}": n for n in range(3_000)}).encode(),
    "a long text": json.dumps({"session_id": "x" * 60_000, "agent": "x" * 3_000}).encode(),
    "too long": b" " * 2_000_000,
    **{f"{field} is {value[:12]}": f'{{"{field}": {value}}}'.encode() for field in FIELDS for value in WRONG_VALUES},
    **{f"events of {value[:12]}": f"[{value}, {value}]".encode() for value in WRONG_VALUES},
}


ROUTES = [
    (
        method,
        path.format(
            session_id="s1", name="tester", actor="a", approval_id="1-a", call_id="c1", call_secret="x", worker="1"
        ),
    )
    for method, path in TABLE
    if method not in (SOCKET, "GET")
]


async def _attack(client: httpx.AsyncClient, method: str, path: str) -> None:
    for name, body in BODIES.items():
        answer = await client.request(method, path, content=body)
        assert answer.status_code != 500, (method, path, name)
        if answer.status_code >= 400:
            problem = answer.json()
            assert isinstance(problem["detail"], str)
            assert len(answer.content) < 4_000, (path, name)
        if answer.status_code == 422 and "errors" in problem:
            assert all(error["field"] for error in problem["errors"]), (path, name)


@pytest.mark.parametrize(("method", "path"), ROUTES)
async def test_no_body_makes_a_route_fail(method: str, path: str) -> None:
    async with running() as service:
        transport = httpx.ASGITransport(app_of(service), raise_app_exceptions=False, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            await _attack(client, method, path)


@pytest.mark.parametrize("path", ["/realtime/token", "/calls/initiate", "/calls/terminate", "/media/sessions"])
async def test_a_body_that_is_nested_too_deeply_is_said_to_be_so(path: str) -> None:
    async with running() as service:
        transport = httpx.ASGITransport(app_of(service), raise_app_exceptions=False, client=("127.0.0.1", 1))
        async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
            for body, status in ((b"[" * DEEP + b"]" * DEEP, 422), (deeply("a"), 400)):
                answer = await client.post(f"{API}{path}", content=body)
                assert answer.status_code == status
                assert answer.json()["detail"].startswith("body")


async def test_nor_where_calls_can_be_placed() -> None:
    async with telephone(ENABLE_AUTH_VALIDATION="off") as phone:
        for path in ("/calls/initiate", "/calls/answer", "/calls/callbacks"):
            await _attack(phone.rest, "POST", path)
