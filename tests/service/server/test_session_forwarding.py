"""Sessions of a server of several workers, as real processes: the one that has a session answers, whoever is asked."""

import asyncio
import http.client
import json
import os
import signal
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager, suppress
from socket import socket as TcpSocket
from typing import Any

import httpx
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, children, eventually, serving, stopped
from tests.service.server.test_server import ask, until

CONVERSATION, RELAY = "/api/v1/realtime/conversation", "/api/v1/realtime/dashboard/relay"
TWO = {"WEB_CONCURRENCY": "2", **FAKES}
ABNORMAL = 1006
"""What clients say of a socket that ended without a close frame."""
TRIES = 16
"""Each connection is taken by either worker: one in 65,000 runs sees only one of them."""


def url(server: Server, path: str, **query: str) -> str:
    parameters = "&".join(f"{key}={value}" for key, value in query.items())
    return f"{server.url.replace('http', 'ws')}{path}?{parameters}"


def opened(server: Server, path: str, **query: str) -> connect:
    """A WebSocket to whichever worker takes it; its client reads as fast as the server sends."""
    return connect(url(server, path, **query), max_queue=None)


async def announced(socket: ClientConnection) -> dict[str, Any]:
    """What the server says of the session first."""
    payload: dict[str, Any] = (await until(socket, "event"))["payload"]
    return payload


@asynccontextmanager
async def conversation(server: Server, **query: str) -> AsyncIterator[ClientConnection]:
    """A session's socket once the session is announced, tried again while the server says so (1013): it may be busy."""
    for _ in range(TRIES):
        async with opened(server, CONVERSATION, **query) as socket:
            try:
                await announced(socket)
            except ConnectionClosed as closed:
                if closed.rcvd is None or closed.rcvd.code != 1013:
                    raise
            else:
                yield socket
                return
        await asyncio.sleep(0.2)
    raise AssertionError("nobody is let into a session that nobody has")


async def announced_after_retries(server: Server, session_id: str) -> dict[str, Any]:
    """What the server says of a session to a client that tries again while it is told to (1013)."""
    for _ in range(TRIES):
        async with opened(server, CONVERSATION, session_id=session_id) as socket:
            try:
                return await announced(socket)
            except ConnectionClosed as closed:
                if closed.rcvd is None or closed.rcvd.code != 1013:
                    raise
        await asyncio.sleep(0.2)
    raise AssertionError("the session of a worker that has died stays out of reach")


async def workers_with(server: Server, session_id: str) -> set[int]:
    """The workers that have a session live, of those that answered one of many requests."""
    having = set()
    for _ in range(2 * TRIES):
        async with httpx.AsyncClient(trust_env=False, verify=AUTHORITIES) as client:
            report = (await client.get(f"{server.url}/api/v1/health/actors")).json()
        if any(session["session_id"] == session_id for session in report["sessions"]):
            having.add(report["worker"])
    return having


@contextmanager
def only_worker(server: Server, worker: int) -> Iterator[None]:
    """Have `worker` take every connection: the others are stopped until the block ends."""
    others = [pid for pid in children(server.process.pid) if pid != worker]
    try:
        for pid in others:
            os.kill(pid, signal.SIGSTOP)
        eventually(lambda: all(stopped(pid) for pid in others))
        yield
    finally:
        for pid in others:
            os.kill(pid, signal.SIGCONT)


def connection_to(server: Server, worker: int) -> TcpSocket:
    """A TCP connection that `worker` has taken: it has answered a request on it, and waits for the next."""
    address = httpx.URL(server.url)
    client = http.client.HTTPConnection(address.host, address.port, timeout=60)
    with only_worker(server, worker):
        client.request("GET", "/api/v1/health/actors")
        report = json.loads(client.getresponse().read())
    assert report["worker"] == worker
    connection: TcpSocket = client.sock
    connection.settimeout(None)
    return connection


async def socket_at(server: Server, worker: int, path: str, **query: str) -> ClientConnection:
    """A WebSocket whose connection `worker` has taken, whoever answers it."""
    connection = await asyncio.to_thread(connection_to, server, worker)
    return await connect(url(server, path, **query), sock=connection, max_queue=None)


async def close_code(socket: ClientConnection) -> int | None:
    """Wait for the end of a socket."""
    async with asyncio.timeout(30):
        with suppress(ConnectionClosed):
            async for _ in socket:
                pass
    return socket.close_code if socket.close_code != ABNORMAL else None


def run(main: Any, **variables: str) -> None:
    """Run `main` with a server of two workers."""

    async def bounded(server: Server) -> None:
        async with asyncio.timeout(150):
            await main(server)

    with serving(EARSHOT, **{**TWO, **variables}) as server:
        asyncio.run(bounded(server))


def test_a_browser_that_lost_its_line_comes_back_to_its_session_whichever_worker_it_reaches() -> None:
    async def main(server: Server) -> None:
        async with opened(server, CONVERSATION, session_id="mine") as socket:
            token = (await announced(socket))["resume_token"]
            assert "good morning" in await ask(socket, "good morning")
        for _ in range(TRIES):
            async with opened(server, CONVERSATION, session_id="mine", resume_token=token) as socket:
                payload = await announced(socket)
                assert (payload["resumed"], payload["resume_token"]) == (True, token)
        async with conversation(server, session_id="mine", resume_token=token) as socket:
            assert "good evening" in await ask(socket, "good evening")
            assert len(await workers_with(server, "mine")) == 1

    run(main)


def test_a_wrong_token_is_refused_by_every_worker() -> None:
    async def main(server: Server) -> None:
        async with conversation(server, session_id="mine") as mine:
            for _ in range(TRIES):
                async with opened(server, CONVERSATION, session_id="mine", resume_token="wrong") as other:
                    assert await close_code(other) == 1008
            assert "good morning" in await ask(mine, "good morning")

    run(main)


def test_a_session_that_many_ask_for_at_once_is_made_once() -> None:
    async def main(server: Server) -> None:
        sockets = await asyncio.gather(*(opened(server, CONVERSATION, session_id="wanted") for _ in range(TRIES)))
        payloads = await asyncio.gather(*(announced(socket) for socket in sockets))
        assert len({payload["resume_token"] for payload in payloads}) == 1
        assert [payload["resumed"] for payload in payloads].count(False) == 1
        assert len(await workers_with(server, "wanted")) == 1
        await asyncio.gather(*(socket.close() for socket in sockets))

    run(main)


def test_a_session_is_answered_for_by_rest_whichever_worker_is_asked() -> None:
    async def main(server: Server) -> None:
        async with opened(server, CONVERSATION) as socket:
            session_id = (await announced(socket))["session_id"]
            await ask(socket, "good morning")
            for _ in range(TRIES):
                async with httpx.AsyncClient(
                    base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES
                ) as client:
                    found = await client.get(f"/sessions/{session_id}")
                    assert (found.status_code, found.json()["session_id"]) == (200, session_id)
                async with httpx.AsyncClient(
                    base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES
                ) as client:
                    said = (await client.get(f"/sessions/{session_id}/transcript")).json()["entries"]
                    assert "good morning" in [entry["text"] for entry in said]
                async with httpx.AsyncClient(
                    base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES
                ) as client:
                    assert (await client.get(f"/health/actors/{session_id}")).status_code == 200
                    assert (await client.get("/sessions/nobody")).status_code == 404
            async with httpx.AsyncClient(
                base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES
            ) as client:
                assert (await client.delete(f"/sessions/{session_id}")).status_code == 200
            assert await close_code(socket) == 1000
        for _ in range(TRIES):
            async with httpx.AsyncClient(
                base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES
            ) as client:
                assert (await client.get(f"/sessions/{session_id}")).status_code == 200

    run(main)


def test_dashboards_see_a_session_whichever_worker_they_reach_and_whether_they_come_before_or_after_it() -> None:
    async def main(server: Server) -> None:
        before = await asyncio.gather(*(opened(server, RELAY, session_id="shown") for _ in range(4)))
        async with conversation(server, session_id="shown") as socket:
            after = await asyncio.gather(*(opened(server, RELAY, session_id="shown") for _ in range(4)))
            dashboards = (*before, *after)
            all_see = asyncio.gather(*(until(dashboard, "assistant_streaming") for dashboard in dashboards))
            while not all_see.done():
                # One that has been passed on to the session's worker sees what is said from then on.
                await socket.send(json.dumps({"type": "text", "text": "good morning"}))
                await asyncio.wait([all_see], timeout=2)
            await all_see
            await asyncio.gather(*(dashboard.close() for dashboard in dashboards))

    run(main)


def test_a_worker_that_is_stopped_hides_its_sessions_from_nobody_and_holds_nobody_up() -> None:
    async def main(server: Server) -> None:
        async with opened(server, CONVERSATION, session_id="held") as socket:
            token = (await announced(socket))["resume_token"]
            (owner,) = await workers_with(server, "held")
            os.kill(owner, signal.SIGSTOP)
            # The kernel gives a connection to a worker that accepts; what the stopped one has accepted does not matter.
            for _ in range(3):
                async with opened(server, CONVERSATION, session_id="held", resume_token=token) as again:
                    assert await close_code(again) == 1013
                async with httpx.AsyncClient(trust_env=False, verify=AUTHORITIES) as client:
                    answer = await client.get(f"{server.url}/api/v1/sessions/held")
                assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")
            async with opened(server, CONVERSATION, session_id="fresh") as fresh:
                assert not (await announced(fresh))["resumed"]
            os.kill(owner, signal.SIGCONT)

    run(main, WORKER_TIMEOUT_S="600")


def test_the_sockets_of_a_worker_that_is_killed_are_cut_off_and_those_passed_on_to_it_are_told_to_come_back() -> None:
    async def main(server: Server) -> None:
        owner, other = children(server.process.pid)
        mine = await socket_at(server, owner, CONVERSATION, session_id="lost")
        await announced(mine)
        own = [await socket_at(server, owner, RELAY, session_id="lost") for _ in range(3)]
        passed_on = [await socket_at(server, other, RELAY, session_id="lost") for _ in range(3)]
        await mine.send(json.dumps({"type": "text", "text": "good morning"}))
        for dashboard in (*own, *passed_on):
            await until(dashboard, "assistant_streaming")
        os.kill(owner, signal.SIGKILL)
        assert [await close_code(socket) for socket in (mine, *own)] == [None] * 4
        assert [await close_code(socket) for socket in passed_on] == [1012] * 3
        assert not (await announced_after_retries(server, "lost"))["resumed"]

    run(main, WORKER_TIMEOUT_S="60")


def test_a_launcher_that_is_stopped_lets_nobody_into_a_session_that_may_be_elsewhere() -> None:
    async def main(server: Server) -> None:
        async with conversation(server, session_id="mine") as mine:
            workers = children(server.process.pid)
            server.signal(signal.SIGSTOP)
            async with opened(server, CONVERSATION, session_id="other", resume_token="unknown") as other:
                assert await close_code(other) == 1013
            assert "good morning" in await ask(mine, "good morning")
            server.signal(signal.SIGCONT)
            assert children(server.process.pid) == workers

    run(main)


def test_sockets_that_another_worker_answers_are_drained_as_all_others() -> None:
    async def main(server: Server) -> None:
        sockets = [await opened(server, CONVERSATION, session_id="shared")]
        await announced(sockets[0])
        sockets += [await opened(server, RELAY, session_id="shared") for _ in range(6)]
        await asyncio.sleep(0.3)
        server.signal(signal.SIGTERM)
        assert await asyncio.gather(*(close_code(socket) for socket in sockets)) == [1012] * 7

    with serving(EARSHOT, **TWO, DRAIN_GRACE_S="12", DRAIN_POLICY="goodbye") as server:
        asyncio.run(main(server))
        assert server.process.wait(30) == 0
        assert "level=error" not in server.log()
