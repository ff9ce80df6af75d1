"""The server with Redis: `check` tries it, readiness says how it does, and sessions outlive their worker."""

import json
import signal
import sys
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from websockets.exceptions import ConnectionClosed
from websockets.sync.client import ClientConnection, connect

from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SystemRandom
from app.stores.memory import MemoryStore
from app.stores.opening import open_store, try_store
from app.stores.redis_store import record_key
from app.stores.session_writes import claim_key
from config.errors import SettingsError
from config.settings import Settings
from tests.kit.command_line import command
from tests.kit.redis_server import RedisServer, redis_server
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, eventually, run, serving

CHECK = (sys.executable, "-m", "app", "check")
ENGINES = {**FAKES, "LANGUAGE_MODEL": "script"}


async def test_without_redis_the_store_is_the_memory_of_the_worker() -> None:
    memory = MemoryStore()
    assert open_store(Settings(), memory, LoopClock(), SystemRandom(), lambda _: None) is memory


def test_without_redis_check_says_what_that_means() -> None:
    assert "one worker and one replica" in try_store(Settings())


def test_check_tries_redis(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        ended = run(*CHECK, REDIS_URL=redis.url)
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "session store in Redis: Redis " in ended.stdout
        redis.kill()
        # `serve` starts without it, and waits.
        ended = command("check", REDIS_URL=redis.url.replace("unix://", "unix://:hush@"))
        assert (ended.returncode, ended.stderr) == (0, "")
        assert "session store in Redis: not working\n" in ended.stdout
        warning = f"warning: REDIS_URL: {redis.url}: Redis cannot be reached; nothing is shared with other servers"
        assert warning in ended.stdout
        assert "hush" not in ended.stdout


def test_an_address_that_cannot_be_used_is_one_line() -> None:
    ended = command("check", REDIS_URL="redis://a/b")
    assert (ended.returncode, ended.stderr) == (2, "REDIS_URL cannot be used: a database is a number\n")
    with pytest.raises(SettingsError):
        try_store(Settings.read({"REDIS_URL": "redis://a/b"}))


def test_a_conversation_goes_on_at_another_server_after_its_own_was_killed(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        shared = {**ENGINES, "REDIS_URL": redis.url}
        with serving(EARSHOT, **shared) as server:
            address = server.url.replace("http", "ws", 1) + "/api/v1/realtime/conversation"
            with connect(address, proxy=None) as caller:
                told = json.loads(caller.recv(timeout=30))["payload"]
                session_id, token = told["session_id"], told["resume_token"]
                caller.send(json.dumps({"type": "text", "text": "what are your opening hours"}))

                # A client that does not read is closed.
                reader = Thread(target=read_to_the_end, args=(caller,))
                reader.start()
                eventually(lambda: "opening hours" in redis.command("GET", record_key(session_id)), 20)
            reader.join(30)
        with serving(EARSHOT, **shared) as other:
            listed = other.get("/api/v1/sessions").json()["sessions"]
            assert [each["session_id"] for each in listed] == [session_id]
            address = other.url.replace("http", "ws", 1) + "/api/v1/realtime/conversation"
            with connect(f"{address}?session_id={session_id}&resume_token={token}", proxy=None) as caller:
                told = json.loads(caller.recv(timeout=30))["payload"]
                assert (told["session_id"], told["resumed"]) == (session_id, True)
            shown = other.get(f"/api/v1/sessions/{session_id}/transcript").text
            assert "opening hours" in shown
            other.signal(signal.SIGTERM)


def test_of_two_machines_that_have_a_session_the_later_one_keeps_it(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis, serving(EARSHOT, **ENGINES, REDIS_URL=redis.url) as former:
        path = "/api/v1/realtime/conversation"
        with connect(former.url.replace("http", "ws", 1) + path, proxy=None) as caller:
            told = json.loads(caller.recv(timeout=30))["payload"]
            session_id, token = told["session_id"], told["resume_token"]
            reading = Thread(target=read_to_the_end, args=(caller,))
            reading.start()
            eventually(lambda: redis.command("EXISTS", record_key(session_id)) == "1", 20)
            with serving(EARSHOT, **ENGINES, REDIS_URL=redis.url) as later:
                asked = f"?session_id={session_id}&resume_token={token}"
                with connect(later.url.replace("http", "ws", 1) + path + asked, proxy=None) as resumed:
                    assert json.loads(resumed.recv(timeout=30))["payload"]["resumed"] is True
                    reader = Thread(target=read_to_the_end, args=(resumed,))
                    reader.start()
                    claim = claim_key(session_id)
                    eventually(lambda: redis.command("HGET", claim, "number") == "2", 20)
                    reading.join(30)
                    assert caller.close_reason == "another connection took this session over"
                    here = "/api/v1/health/actors"
                    eventually(lambda: former.get(here).json()["sessions"] == [], 10)
                    assert len(later.get(here).json()["sessions"]) == 1
                    assert former.get("/api/v1/sessions").json()["live"] == 1
                reader.join(30)
        assert former.log().count("a session goes on at another worker and is left here") == 1


Fault = tuple[Callable[[RedisServer], object], Callable[[RedisServer], object], str]

FAULTS: dict[str, Fault] = {
    "frozen": (RedisServer.freeze, RedisServer.thaw, "Redis does not answer in time"),
    "down": (RedisServer.kill, RedisServer.start, "Redis cannot be reached"),
    "full": (
        lambda redis: redis.command("CONFIG", "SET", "maxmemory", "1"),
        lambda redis: redis.command("CONFIG", "SET", "maxmemory", "0"),
        "Redis is full",
    ),
    "read-only": (
        lambda redis: redis.command("REPLICAOF", "127.0.0.1", "1"),
        lambda redis: redis.command("REPLICAOF", "NO", "ONE"),
        "read-only",
    ),
    "evicting": (
        lambda redis: [
            redis.command("CONFIG", "SET", "maxmemory", "100mb"),
            redis.command("CONFIG", "SET", "maxmemory-policy", "allkeys-lru"),
        ],
        lambda redis: redis.command("CONFIG", "SET", "maxmemory", "0"),
        "set noeviction",
    ),
}
"""What comes over Redis, what ends it, and what readiness says meanwhile."""


def is_answered(caller: ClientConnection, number: int) -> None:
    """Somebody who talks already is answered, by voice."""
    caller.send(json.dumps({"type": "text", "text": f"number {number}"}))
    has_sound = False
    for message in map(json.loads, caller):
        has_sound = has_sound or message["type"] == "audio_data"
        if message["type"] == "turn_metrics" and has_sound:
            return


def test_a_conversation_does_not_notice_what_comes_over_redis_and_readiness_says_what(tmp_path: Path) -> None:
    engines = {**ENGINES, "LANGUAGE_MODEL": FAKES["LANGUAGE_MODEL"]}
    with redis_server(tmp_path) as redis, serving(EARSHOT, **engines, REDIS_URL=redis.url) as server:

        def told(status: str) -> str:
            """What readiness says of Redis, once it is of that status."""
            eventually(lambda: component(server.get("/api/v1/readiness").json())["status"] == status)
            answer = server.get("/api/v1/readiness")
            assert answer.status_code == 200, "conversations go on, and new ones are welcome"
            return component(answer.json())["error"] or ""

        address = server.url.replace("http", "ws", 1) + "/api/v1/realtime/conversation?session_id=talks"
        with connect(address, proxy=None, max_size=None, max_queue=None) as caller:
            for number, (name, (begin, end, said)) in enumerate(FAULTS.items()):
                assert told("healthy") == ""
                begin(redis)
                is_answered(caller, number)
                assert said in told("degraded"), name
                is_answered(caller, 100 + number)
                end(redis)
            assert told("healthy") == ""
            asked = [f"number {number}" for group in (0, 100) for number in range(group, group + len(FAULTS))]

            def all_is_stored() -> bool:
                """What was said while nothing could be written is written by now."""
                kept = redis.command("GET", record_key("talks"))
                return all(words in kept for words in asked)

            eventually(all_is_stored)


def read_to_the_end(connection: ClientConnection) -> None:
    with suppress(ConnectionClosed):
        for _ in connection:
            pass


def component(report: dict[str, object]) -> dict[str, Any]:
    checks = report["checks"]
    assert isinstance(checks, list)
    return next(check for check in checks if check["component"] == "redis")
