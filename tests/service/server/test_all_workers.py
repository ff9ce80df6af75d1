"""What a server of several workers shows of its sessions, without Redis: those of all workers, whichever is asked."""

import asyncio
import os
import signal
from contextlib import AsyncExitStack
from typing import Any

import httpx

from tests.kit.serving import AUTHORITIES, Server, children, eventually, stopped
from tests.service.server.test_session_forwarding import CONVERSATION, TRIES, announced, run, socket_at

PER_WORKER = 2


async def got(server: Server, path: str) -> dict[str, Any]:
    """The answer of whichever worker takes a new connection."""
    async with httpx.AsyncClient(trust_env=False, verify=AUTHORITIES, timeout=30) as client:
        answer = await client.get(f"{server.url}/api/v1{path}")
    assert answer.status_code == 200, answer.text
    body: dict[str, Any] = answer.json()
    return body


async def talking_with_each(server: Server, stack: AsyncExitStack) -> dict[int, set[str]]:
    """The sessions of each worker, which last until the block ends."""
    sessions: dict[int, set[str]] = {}
    for worker in children(server.process.pid):
        for number in range(PER_WORKER):
            session_id = f"s-{worker}-{number}"
            socket = await socket_at(server, worker, CONVERSATION, session_id=session_id)
            stack.push_async_callback(socket.close)
            await announced(socket)
            sessions.setdefault(worker, set()).add(session_id)
    return sessions


def ids(listed: dict[str, Any]) -> set[str]:
    return {each["session_id"] for each in listed["sessions"]}


def test_the_sessions_of_all_workers_are_listed_whichever_worker_is_asked() -> None:
    async def main(server: Server) -> None:
        async with AsyncExitStack() as stack:
            sessions = await talking_with_each(server, stack)
            known = set[str]().union(*sessions.values())
            for _ in range(TRIES):
                listed = await got(server, "/sessions")
                assert ids(listed) == known
                assert (listed["live"], listed["total"]) == (len(known), len(known))
                assert "missing" not in listed
                assert len(listed["sessions"]) == len(known)
        await asyncio.sleep(0.5)
        for _ in range(TRIES):
            listed = await got(server, "/sessions")
            assert ids(listed) == known, "the recent ones, of both workers"

    run(main)


def test_the_actors_of_all_workers_are_shown_to_who_asks_for_them() -> None:
    async def main(server: Server) -> None:
        async with AsyncExitStack() as stack:
            sessions = await talking_with_each(server, stack)
            for _ in range(TRIES):
                report = await got(server, "/health/actors?scope=cluster")
                told = {each["worker"]: ids(each) for each in (report, *report["others"])}
                assert (told, report["scope"], report["missing"]) == (sessions, "cluster", 0)
                own = await got(server, "/health/actors")
                assert ids(own) == sessions[own["worker"]]

    run(main)


def test_a_worker_that_does_not_answer_is_said_to_be_missing_and_one_that_has_died_is_not() -> None:
    async def main(server: Server) -> None:
        async with AsyncExitStack() as stack:
            sessions = await talking_with_each(server, stack)
            silent, other = sessions
            os.kill(silent, signal.SIGSTOP)
            try:
                eventually(lambda: stopped(silent))
                listed = await got(server, "/sessions")
                assert (ids(listed), listed["live"]) == (sessions[other], PER_WORKER)
                assert listed["missing"] == "the sessions of workers that do not answer: 1"
                assert (await got(server, "/health/actors?scope=cluster"))["missing"] == 1
                calls = await got(server, "/calls")
                assert (calls["calls"], calls["missing"]) == ([], "the calls of workers that do not answer: 1")
            finally:
                os.kill(silent, signal.SIGKILL)
            eventually(lambda: len(set(children(server.process.pid)) - {silent, other}) == 1)
            async with asyncio.timeout(60):
                while "missing" in (listed := await got(server, "/sessions")):  # noqa: ASYNC110 - nobody is told
                    await asyncio.sleep(0.1)
            assert ids(listed) == sessions[other]

    run(main, WORKER_TIMEOUT_S="60")


def test_one_worker_alone_answers_for_all() -> None:
    async def main(server: Server) -> None:
        report = await got(server, "/health/actors?scope=cluster")
        assert (report["others"], report["missing"], report["scope"]) == ([], 0, "cluster")

    run(main, WEB_CONCURRENCY="1")
