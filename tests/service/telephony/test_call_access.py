"""Who may tell us about calls, and who may open a media socket: nobody who has not shown who they are."""

import asyncio
import uuid
from typing import Any

import pytest
from websockets.asyncio.client import connect
from websockets.exceptions import InvalidStatus

from app.api import requests as bodies
from tests.cloud.tokens import FORGERIES, Forgery
from tests.kit.running_time import running_time
from tests.kit.session_kit import AGENT
from tests.kit.virtual_time import on_virtual_time
from tests.service.telephony.telephone_kit import SECRET, Telephone, answered, over, telephone

SECRET_HEADER = "x-earshot-event-grid-secret"


def call_event(call_id: str) -> dict[str, Any]:
    return {
        "id": str(uuid.uuid4()),
        "source": f"calling/callConnections/{call_id}",
        "type": "Microsoft.Communication.CallDisconnected",
        "data": {"callConnectionId": call_id, "serverCallId": "s", "correlationId": "c"},
        "time": "2026-09-14T05:50:32.0263791+00:00",
        "specversion": "1.0",
    }


def bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"} if token else {}


async def media_status(phone: Telephone, path: str, headers: dict[str, str]) -> int:
    """How a handshake is answered: 101 if the socket was opened."""
    url = phone.url.replace("http", "ws") + "/api/v1/media/stream" + path
    try:
        async with connect(url, additional_headers=headers, proxy=None):
            return 101
    except InvalidStatus as refused:
        return refused.response.status_code


@pytest.mark.parametrize("kind", FORGERIES)
@on_virtual_time
async def test_a_callback_whose_token_is_not_the_networks_is_refused(kind: Forgery) -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        path, body = f"/calls/callbacks/{call.secret}", [call_event(call.call_id)]
        refused = await phone.rest.post(path, json=body, headers=bearer(phone.acs.forge(kind)))
        assert refused.status_code == 401
        assert refused.headers["content-type"] == "application/problem+json"
        assert not call.over.is_set()
        assert await media_status(phone, f"/{call.secret}", bearer(phone.acs.forge(kind))) == 401
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_the_right_token_at_the_wrong_address_is_refused() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        good = bearer(phone.acs.tokens.issue())
        event = [call_event(call.call_id)]
        assert (await phone.rest.post("/calls/callbacks/guessed", json=event, headers=good)).status_code == 404
        assert (await phone.rest.post("/calls/callbacks", json=event, headers=good)).status_code == 403
        other = await phone.rest.post(
            f"/calls/callbacks/{call.secret}", json=[call_event("another-call")], headers=good
        )
        assert (other.json()["processed_events"], other.json()["failed_events"]) == (0, 1)
        assert not call.over.is_set()
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_the_right_token_on_another_calls_media_socket_is_refused() -> None:
    async with telephone() as phone:
        caller = await answered(phone)
        (call,) = phone.switchboard.log.live
        good = bearer(phone.acs.tokens.issue())
        own = {**good, "x-ms-call-connection-id": call.call_id}
        assert await media_status(phone, "/guessed", own) == 404
        assert await media_status(phone, "", own) == 403
        assert await media_status(phone, f"/{call.secret}", good) == 403
        wrong = {**good, "x-ms-call-connection-id": "another-call"}
        assert await media_status(phone, f"/{call.secret}", wrong) == 403
        caller.hang_up()
        await over(phone, caller)
        assert await media_status(phone, f"/{call.secret}", own) == 410


@on_virtual_time
async def test_keys_that_cannot_be_had_let_nobody_in() -> None:
    async with telephone(ACS_JWKS_URL="http://127.0.0.1:9/keys") as phone:
        good = bearer(phone.acs.tokens.issue())
        refused = await phone.rest.post("/calls/callbacks/any", json=[call_event("c")], headers=good)
        assert refused.status_code == 503
        assert await media_status(phone, "/any", good) == 503
        checks = {c["component"]: c for c in (await phone.rest.get("/readiness")).json()["checks"]}
        assert checks["auth_configuration"]["error"] == "ACS is refused: the keys at ACS_JWKS_URL cannot be had"


@pytest.mark.parametrize(("headers", "status"), [({}, 401), ({SECRET_HEADER: "guessed" * 4}, 403)])
@on_virtual_time
async def test_a_delivery_without_the_secret_rings_nowhere(headers: dict[str, str], status: int) -> None:
    async with telephone() as phone:
        event = phone.acs.incoming_call(phone.acs.ring())
        answer = await phone.rest.post("/calls/answer", json=[event], headers=headers)
        assert answer.status_code == status
        assert phone.switchboard.log.live == []


@on_virtual_time
async def test_the_handshakes_of_both_schemas() -> None:
    async with telephone() as phone:
        assert await phone.acs.event_grid.validate(phone.webhook)
        phone.acs.event_grid.schema = "cloud_events"
        assert await phone.acs.event_grid.validate(phone.webhook)
        caller = await answered(phone)
        caller.hang_up()
        await over(phone, caller)


@on_virtual_time
async def test_several_events_in_one_delivery_and_some_of_them_nonsense() -> None:
    async with telephone() as phone:
        rings = [phone.acs.ring(from_=f"+1555010{n}") for n in range(2)]
        events = [phone.acs.incoming_call(ring) for ring in rings]
        unknown = phone.acs.event_grid.event("Microsoft.Communication.RecordingFileStatusUpdated", {})
        broken = phone.acs.event_grid.event("Microsoft.Communication.IncomingCall", {"to": 7})
        answer = await phone.rest.post(
            "/calls/answer", json=[unknown, events[0], broken, events[1]], headers={SECRET_HEADER: SECRET}
        )
        assert answer.json()["status"] == "call answered"
        for ring in rings:
            await ring.caller.connected()
            ring.caller.hang_up()
            await over(phone, ring.caller)
        assert phone.switchboard.counts.unknown_events == 1


@pytest.mark.parametrize("body", [b"", b"{", b"7", b"\xff\xfe", b"[" * 10_000])
@on_virtual_time
async def test_a_body_that_is_no_delivery_is_a_clear_error(body: bytes) -> None:
    async with telephone(ENABLE_AUTH_VALIDATION="off") as phone:
        for path in ("/calls/answer", "/calls/callbacks"):
            answer = await phone.rest.post(path, content=body)
            assert answer.status_code == 400
            assert answer.json()["detail"]
        too_big = await phone.rest.post("/calls/callbacks", content=b" " * 1_100_000)
        assert too_big.status_code == 413


@on_virtual_time
async def test_with_checks_off_a_load_client_needs_no_secret() -> None:
    async with telephone(ENABLE_AUTH_VALIDATION="off") as phone:
        url = phone.url.replace("http", "ws") + "/api/v1/media/stream?call_connection_id=load-1"
        async with connect(url, proxy=None) as socket:
            await socket.send('{"kind":"AudioMetadata","payload":{"format":"pcm","rate":16000}}')
            message = await socket.recv()
            assert isinstance(message, str)
            assert message.startswith('{"Kind":"AudioData","AudioData":{"Data":"')
            (call,) = phone.switchboard.log.live
            assert call.call_id == "load-1"


@pytest.mark.parametrize(
    ("headers", "query", "environ", "status"),
    [
        ({}, "call_connection_id=load-1", {}, 101),
        ({}, "session_id=s-1", {}, 101),
        ({"x-session-id": "s-1"}, "", {}, 101),
        ({}, "", {}, 404),
        ({}, "session_id=" + "s" * 129, {}, 400),
        ({}, "call_connection_id=a%2Fb", {}, 400),
        ({"Origin": "https://somewhere.example"}, "call_connection_id=load-1", {}, 403),
        ({"X-Forwarded-For": "203.0.113.9"}, "call_connection_id=load-1", {}, 403),
        ({"X-Forwarded-For": "203.0.113.9"}, "call_connection_id=load-1", {"ENABLE_AUTH_VALIDATION": "off"}, 101),
        ({}, "call_connection_id=load-1", {"MAX_CONCURRENT_SESSIONS": "1"}, 503),
    ],
)
@on_virtual_time
async def test_who_may_open_the_socket_of_a_call_that_nobody_announced(
    headers: dict[str, str], query: str, environ: dict[str, str], status: int
) -> None:
    async with telephone(AGENT, None, None, **{"ENABLE_AUTH_VALIDATION": "", **environ}) as phone:
        caller = await answered(phone) if "MAX_CONCURRENT_SESSIONS" in environ else None
        assert await media_status(phone, f"?{query}", headers) == status
        if caller is not None:
            caller.hang_up()
            await over(phone, caller)


@on_virtual_time
async def test_a_media_session_that_is_prepared_is_the_session_of_its_socket() -> None:
    async with telephone(ENABLE_AUTH_VALIDATION="off") as phone:
        made = (await phone.rest.post("/media/sessions", json={"call_connection_id": "load-1"})).json()
        async with connect(made["websocket_url"], proxy=None) as socket:
            await socket.recv()
            assert list(phone.service.sessions.live) == [made["session_id"]]
            shown = (await phone.rest.get(f"/media/sessions/{made['session_id']}")).json()
            assert shown["status"] == "active"


@pytest.mark.parametrize("call_id", ["load 1&session_id=mine", "a/b", "\0", "c" * 129, "\N{SNOWMAN}"])
@on_virtual_time
async def test_nor_is_one_prepared_whose_socket_would_be_refused_for_its_name(call_id: str) -> None:
    async with telephone(ENABLE_AUTH_VALIDATION="off") as phone:
        refused = await phone.rest.post("/media/sessions", json={"call_connection_id": call_id})
        assert refused.status_code == 422
        assert [error["field"] for error in refused.json()["errors"]] == ["call_connection_id"]


@on_virtual_time
async def test_no_media_session_is_prepared_that_could_not_be_opened() -> None:
    async with telephone() as phone:
        assert (await phone.rest.post("/media/sessions", json={"call_connection_id": "load-1"})).status_code == 404


@pytest.mark.parametrize("session_id", ["s" * 129, "a b", "../x", 'x"'])
@on_virtual_time
async def test_a_session_id_that_cannot_be_used_is_named(session_id: str) -> None:
    async with telephone() as phone:
        asked = {"target_number": "+15550123", "context": {"browser_session_id": session_id}}
        answer = await phone.rest.post("/calls/initiate", json=asked)
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (422, "context.browser_session_id")
        assert phone.acs.executions == {}


@on_virtual_time
async def test_a_body_that_comes_too_slowly_or_breaks_off_is_not_waited_for(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(bodies, "LONGEST_S", 0.3)
    async with telephone(ENABLE_AUTH_VALIDATION="off") as phone:
        host, port = phone.url.removeprefix("http://").split(":")
        head = f"POST /api/v1/calls/callbacks HTTP/1.1\r\nHost: {host}\r\nContent-Length: 1000\r\n\r\n["
        reader, writer = await asyncio.open_connection(host, int(port))
        writer.write(head.encode())
        assert (await reader.readline()).split()[1] == b"408"
        writer.close()
        _, broken = await asyncio.open_connection(host, int(port))
        broken.write(head.encode())
        broken.close()
        await asyncio.sleep(0.1)
        assert (await phone.rest.get("/calls")).status_code == 200
    assert [record for record in caplog.records if record.levelname == "ERROR" and "failed" in record.message] == []


@on_virtual_time
async def test_calls_of_one_delivery_are_answered_side_by_side() -> None:
    async with telephone() as phone:
        phone.acs.faults.delay("answer_call", 1.0)
        rings = [phone.acs.ring(from_=f"+1555010{n}") for n in range(4)]
        events = [phone.acs.incoming_call(ring) for ring in rings]
        async with running_time() as took:
            answer = await phone.rest.post("/calls/answer", json=events, headers={SECRET_HEADER: SECRET})
            assert answer.json()["status"] == "call answered"
            assert took.s < 3
        for ring in rings:
            await ring.caller.connected()
            ring.caller.hang_up()
            await over(phone, ring.caller)


@on_virtual_time
async def test_numbers_and_calls_are_for_operators() -> None:
    async with telephone(OPERATOR_TOKEN="an-operators-own-token") as phone:
        for method, path in (
            ("GET", "/calls"), ("GET", "/calls/x"), ("DELETE", "/calls/x"), ("POST", "/calls/initiate"),
            ("POST", "/calls/terminate"), ("POST", "/calls/x/transfer"), ("POST", "/media/sessions"),
        ):  # fmt: skip
            assert (await phone.rest.request(method, path)).status_code == 401, path
        allowed = await phone.rest.get("/calls", headers=bearer("an-operators-own-token"))
        assert allowed.json() == {"calls": [], "total": 0, "page": 1, "limit": 10}
