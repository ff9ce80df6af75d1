"""A conversation goes on where it was when its worker was killed: real processes, a real Redis, a real telephone."""

import asyncio
import json
import os
import signal
from pathlib import Path
from typing import Any

import httpx
from websockets.sync.client import ClientConnection, connect

from app.stores.redis_store import checkpoint_key
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, children, eventually, serving
from tests.service.telephony.processes import greeted, processes

AGENT = """
name: tester
label: Tester
greeting: Hello there.
limits:
  no_input_s: 300
"""
"""Nobody is asked whether they are still there, however long a busy machine lets them wait."""
KEYS = "12345678901234567890"
SAID = " ".join(KEYS)
ANSWER = f"You said {SAID}. What else?"
PATH = "/api/v1/realtime/conversation"
GOES_ON_S = 30.0


def checkpoint(redis: RedisServer, session_id: str) -> dict[str, Any]:
    found = redis.command("GET", checkpoint_key(session_id))
    return json.loads(found)["checkpoint"] if found else {}


def is_answering(redis: RedisServer, session_id: str) -> bool:
    """Whether the answer is written and being heard, as the checkpoint has it."""
    pending = checkpoint(redis, session_id).get("pending_replies", {})
    return any(reply["finished"] and "".join(reply["pieces"]) == ANSWER for reply in pending.values())


async def sessions_of(url: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
        found: list[dict[str, Any]] = (await rest.get("/sessions")).json()["sessions"]
        return found


async def entries(url: str, session_id: str) -> list[dict[str, Any]]:
    async with httpx.AsyncClient(base_url=f"{url}/api/v1", trust_env=False, verify=AUTHORITIES) as rest:
        found: list[dict[str, Any]] = (await rest.get(f"/sessions/{session_id}/transcript")).json()["entries"]
        return found


async def test_a_caller_hears_the_rest_of_the_reply_in_which_their_worker_was_killed(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with processes(tmp_path, AGENT) as (acs, server):
            await server.start(REDIS_URL=redis.url)
            caller = await greeted(acs, server.url, 1)
            (session,) = await sessions_of(server.url)
            caller.press(f"{KEYS}#")
            await asyncio.to_thread(eventually, lambda: is_answering(redis, session["session_id"]), GOES_ON_S)
            killed_s = asyncio.get_running_loop().time()
            server.kill_workers()
            await caller.hears_voice(since_s=killed_s + 0.5, timeout_s=60)
            await caller.hears_silence(1_000)
            # All of the answer is heard, nobody has interrupted it, and nothing is said about a failure.
            _, asked, answer = await entries(server.url, session["session_id"])
            assert asked["text"] == SAID
            assert (answer["text"], answer["interrupted"]) == (ANSWER, False)
            caller.press("5#")
            await caller.hears_reply(quiet_ms=300)
            assert [each["text"] for each in await entries(server.url, session["session_id"])][3] == "5"
            caller.hang_up()
            await caller.ended()
            await asyncio.to_thread(eventually, lambda: not checkpoint(redis, session["session_id"]), GOES_ON_S)


def shown(connection: ClientConnection, kind: str) -> dict[str, Any]:
    """The next message of one kind; audio and all else is read over."""
    while True:
        message: dict[str, Any] = json.loads(connection.recv(timeout=GOES_ON_S))
        if message["type"] == kind:
            return message


def test_a_browser_whose_worker_was_killed_goes_on_at_another_one_in_the_middle_of_the_reply(tmp_path: Path) -> None:
    (tmp_path / "agents").mkdir()
    (tmp_path / "agents" / "tester.yaml").write_text(AGENT)
    with redis_server(tmp_path) as redis:
        variables = {**FAKES, "REDIS_URL": redis.url, "AGENTS_DIRECTORY": str(tmp_path / "agents")}
        with serving(EARSHOT, **variables) as former, serving(EARSHOT, **variables) as later:
            with connect(former.url.replace("http", "ws", 1) + PATH, proxy=None) as first:
                told = json.loads(first.recv(timeout=30))["payload"]
                first.send(json.dumps({"type": "text", "text": "hello"}))
                answered = checkpoint_when(redis, told["session_id"], lambda found: len(found["messages"]) >= 2)
                for pid in children(former.process.pid):
                    os.kill(pid, signal.SIGKILL)
            asked = f"?session_id={told['session_id']}&resume_token={told['resume_token']}"
            with connect(later.url.replace("http", "ws", 1) + PATH + asked, proxy=None) as second:
                resumed = json.loads(second.recv(timeout=30))["payload"]
                assert resumed["resumed"]
                texts = [message["text"] for message in answered["messages"]]
                second.send(json.dumps({"type": "text", "text": "again"}))
                found = checkpoint_when(redis, told["session_id"], lambda now: "again" in str(now["messages"]))
                assert [message["text"] for message in found["messages"]][: len(texts)] == texts
                assert found["turn"]["turn_number"] == answered["turn"]["turn_number"] + 1


def checkpoint_when(redis: RedisServer, session_id: str, holds: Any) -> dict[str, Any]:
    """The checkpoint as soon as it is as is wished."""
    found: dict[str, Any] = {}

    def is_so() -> bool:
        found.clear()
        found.update(checkpoint(redis, session_id))
        return bool(found) and holds(found)

    eventually(is_so, GOES_ON_S)
    return found
