"""A conversation leaves one record, by REST and at the webhook."""

import asyncio
import json
import re
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.api.asgi import app_of
from app.services import Services
from app.stores.redis_store import call_record_key
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.redis_server import redis_server
from tests.kit.service_kit import running
from tests.service.records.test_webhook import receiving
from tests.service.stores.places import soon

SAID = "call me at +1 206 555 0100, my secret is forty two"


async def converse(service: Services, app: Any, session_id: str) -> None:
    """Say something, hear the reply to its end, and have the session ended."""
    socket = AsgiSocket(app, CONVERSATION, session_id=session_id)
    async with asyncio.timeout(60):
        while session_id not in service.sessions.live:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
        assert (await record(app, session_id)).status_code == 409
        socket.send(json.dumps({"type": "text", "text": SAID}))
        while not any("first_audio_ms" in event.times_ms for event in service.timelines.of(session_id).events):  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        socket.send(json.dumps({"type": "hang_up"}))
        while session_id in service.sessions.live:  # noqa: ASYNC110
            await asyncio.sleep(0.01)
    socket.close()


async def test_a_session_that_another_worker_goes_on_with_leaves_no_record_here() -> None:
    async with running() as service:
        app = app_of(service)
        socket = AsgiSocket(app, CONVERSATION, session_id="session-1")
        async with asyncio.timeout(60):
            while "session-1" not in service.sessions.live:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
            service.leave("session-1")
            while "session-1" in service.sessions.live:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        assert (await record(app, "session-1")).status_code == 404
        socket.close()


async def record(app: Any, session_id: str) -> httpx.Response:
    transport = httpx.ASGITransport(app, client=("127.0.0.1", 1))
    async with httpx.AsyncClient(transport=transport, base_url="http://localhost") as client:
        return await client.get(f"/api/v1/sessions/{session_id}/record")


@pytest.mark.parametrize("content", [True, False])
async def test_a_conversation_leaves_one_record(content: bool) -> None:
    async with receiving(503) as receiver:
        environ = {
            "CALL_RECORD_URL": receiver.url,
            "CALL_RECORD_SECRET": "a-secret-of-this-test",
            "LOG_CONTENT": "on" if content else "off",
            "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer",
        }
        async with running(environ) as service:
            app = app_of(service)
            await converse(service, app, "session-1")
            answer = await record(app, "session-1")
            assert (await record(app, "nobody")).status_code == 404
            await receiver.until(2)
    assert len({headers["webhook-id"] for headers, _ in receiver.received}) == 1
    told = json.loads(receiver.received[-1][1])
    assert told == answer.json()
    assert (told["session_id"], told["agent"], told["turns"]) == ("session-1", "tester", 1)
    assert told["outcome"] in ("NORMAL", "ABANDONED")
    assert told["latencies_ms"]["first_audio_ms"]["median"] >= 0
    assert told["usage"]["spoken_characters"] > 0
    # A time of day may hold any digits.
    assert "555" not in re.sub(r"\d{4}-\d\d-\d\dT[\d:.]+Z", "", answer.text)
    said = [words["text"] for words in told.get("transcript", ())]
    assert any("call me at [phone]" in text for text in said) is content
    assert ("forty" in answer.text) is content


async def test_every_worker_that_shares_redis_answers_the_record_of_a_worker_that_is_gone(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        environ = {"REDIS_URL": redis.url, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}
        async with running(environ) as other:
            app = app_of(other)
            async with running(environ) as service:
                await converse(service, app_of(service), "session-1")
                own = await record(app_of(service), "session-1")

            async def is_answered() -> bool:
                return (await record(app, "session-1")).status_code == 200

            await soon(is_answered)
            assert (await record(app, "session-1")).json() == own.json()
            assert 0 < int(redis.command("TTL", call_record_key("session-1"))) <= 86_400
            redis.command("SET", call_record_key("session-1"), "of another version")
            assert (await record(app, "session-1")).status_code == 404
            redis.kill()
            answer = await record(app, "session-1")
            assert (answer.status_code, answer.json()["detail"]) == (503, "the session store does not answer")


async def test_the_latest_record_of_a_session_counts_and_one_of_here_while_redis_is_gone(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        environ = {"REDIS_URL": redis.url, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}
        async with running(environ) as service:
            app = app_of(service)
            await converse(service, app, "session-1")

            async def is_kept() -> bool:
                return redis.command("EXISTS", call_record_key("session-1")) == "1"

            await soon(is_kept)
            own = (await record(app, "session-1")).json()
            later = {**own, "outcome": "HUMAN_HANDOFF", "ended_at": "2999-01-01T00:00:00.000Z"}
            redis.command("SET", call_record_key("session-1"), json.dumps(later))
            assert (await record(app, "session-1")).json()["outcome"] == "HUMAN_HANDOFF"
            redis.kill()
            assert (await record(app, "session-1")).json() == own
