"""The product as a platform runs it: real processes, real sockets, exact engines."""

import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from typing import Any

import httpx
import pytest
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, ROOT, Server, eventually, run, run_afresh, serving_afresh

ENGINES = {**FAKES, "SPEECH_SYNTHESIZER": "tests.kit.fakes:fast_synthesizer"}
SOCKET = "/api/v1/realtime/conversation"


def socket_url(server: Server, **query: str) -> str:
    parameters = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{server.url.replace('http', 'ws')}{SOCKET}?{parameters}"


async def until(socket: ClientConnection, kind: str, timeout_s: float = 60) -> dict[str, Any]:
    """The next message of a type."""
    async with asyncio.timeout(timeout_s):
        async for text in socket:
            message: dict[str, Any] = json.loads(text)
            if message["type"] == kind:
                return message
    raise AssertionError("the socket closed")


async def ask(socket: ClientConnection, text: str) -> str:
    """A typed turn; the reply as it was heard."""
    await socket.send(json.dumps({"type": "text", "text": text}))
    while True:
        final = await until(socket, "assistant_final")
        if final["turn"] > 0:
            return str(final["content"])


async def sessions_by_worker(server: Server) -> dict[int, set[str]]:
    """Which worker has which sessions, as far as they answer: each request is taken by whichever worker is free."""
    seen: dict[int, set[str]] = {}
    for _ in range(100):
        async with httpx.AsyncClient() as client:
            report = (await client.get(f"{server.url}/api/v1/health/actors")).json()
        seen[report["worker"]] = {session["session_id"] for session in report["sessions"]}
        if len(seen) == 2:
            break
    return seen


async def on_both_workers(server: Server, sockets: dict[str, ClientConnection]) -> dict[int, set[str]]:
    """Open conversations until each worker has one: connections, too, are taken by whichever worker is free."""
    for _ in range(20):
        names = [f"s{len(sockets) + n}" for n in range(8)]
        opened = await asyncio.gather(*(connect(socket_url(server, session_id=name), max_queue=None) for name in names))
        sockets.update(zip(names, opened, strict=True))
        await asyncio.gather(*(until(socket, "event") for socket in opened))
        owners = await sessions_by_worker(server)
        if len(owners) == 2 and all(owners.values()):
            return owners
    raise AssertionError("one worker takes everything")


def test_one_worker_is_killed_and_the_conversations_on_the_other_go_on() -> None:
    async def main(server: Server) -> None:
        sockets: dict[str, ClientConnection] = {}
        try:
            await one_is_killed(server, sockets)
        finally:
            await asyncio.gather(*(socket.close() for socket in sockets.values()))

    async def one_is_killed(server: Server, sockets: dict[str, ClientConnection]) -> None:
        owners = await on_both_workers(server, sockets)
        victim, survivor = sorted(owners, key=lambda pid: len(owners[pid]))
        os.kill(victim, signal.SIGKILL)
        for name in sorted(owners[survivor])[:2]:
            assert "good morning" in await ask(sockets[name], "good morning")
        with pytest.raises(ConnectionClosed):
            await ask(sockets[min(owners[victim])], "good morning")
        replaced = await asyncio.to_thread(_replaced, server, {victim, survivor})
        assert replaced
        async with connect(socket_url(server, session_id="new"), max_queue=None) as socket:
            assert "good evening" in await ask(socket, "good evening")

    with serving_afresh(EARSHOT, WEB_CONCURRENCY="2", **ENGINES) as server:
        asyncio.run(main(server))


def _replaced(server: Server, former: set[int]) -> bool:
    """Whether a worker that was not there before answers, in time."""

    def answers() -> bool:
        worker: int = httpx.get(f"{server.url}/api/v1/health/actors").json()["worker"]
        return worker not in former

    eventually(answers)
    return True


def test_a_drain_tells_readiness_says_goodbye_and_closes_with_1012() -> None:
    async def main(server: Server) -> None:
        async with connect(socket_url(server), max_queue=None) as socket, httpx.AsyncClient() as client:
            await until(socket, "assistant_final")
            server.signal(signal.SIGTERM)
            statuses: set[int] = set()
            with pytest.raises(ConnectionClosed) as closed:
                await _watch(server, client, socket, statuses)
            assert closed.value.rcvd is not None
            assert closed.value.rcvd.code == 1012
            assert 503 in statuses

    with serving_afresh(EARSHOT, DRAIN_GRACE_S="15", **ENGINES) as server:
        asyncio.run(main(server))
        # Whoever needs longer than the grace is killed, and that is another status.
        assert server.process.wait(60) == 0


async def _watch(server: Server, client: httpx.AsyncClient, socket: ClientConnection, statuses: set[int]) -> None:
    while True:
        with suppress(httpx.HTTPError):
            statuses.add((await client.get(f"{server.url}/api/v1/readiness")).status_code)
        await _swallow(socket)


async def _swallow(socket: ClientConnection) -> None:
    with suppress(TimeoutError):
        async with asyncio.timeout(0.1):
            while True:
                await socket.recv()


def test_a_fault_in_an_agents_file_is_one_line(tmp_path: Any) -> None:
    (tmp_path / "broken.yaml").write_text("name: broken\nlabel: 7\n")
    done = run_afresh(sys.executable, "-m", "app", "serve", AGENTS_DIRECTORY=str(tmp_path))
    assert done.returncode == 2
    assert done.stdout == ""
    (line,) = done.stderr.splitlines()
    assert "broken.yaml: label" in line


def test_an_engine_that_cannot_be_had_is_one_line() -> None:
    done = run_afresh(sys.executable, "-m", "app", "serve", LANGUAGE_MODEL="no.such:engine")
    assert done.returncode == 2
    (line,) = done.stderr.splitlines()
    assert line.startswith("LANGUAGE_MODEL: no.such:engine")


def test_the_readme_client_is_answered() -> None:
    readme = (ROOT / "README.md").read_text()
    program = readme.partition("```python\n")[2].partition("```")[0]
    with serving_afresh(EARSHOT) as server:
        port = server.url.rpartition(":")[2]
        program = program.replace("127.0.0.1:8000", f"127.0.0.1:{port}")
        ended = run(sys.executable, "-c", program)
    assert (ended.returncode, ended.stderr) == (0, "")
    assert "closed" in ended.stdout.lower()
