"""Telephone calls with several workers and a real Redis: whichever worker is asked, the call's own one answers."""

import asyncio
import os
import signal
from contextlib import suppress
from pathlib import Path

import httpx

from tests.cloud.acs.caller import Caller
from tests.kit.redis_server import redis_server
from tests.kit.serving import AUTHORITIES, alive
from tests.service.telephony.processes import Processes, conversations, greeted, processes

WORKERS = "3"
CALLS = 6
BACK_S = 60.0


async def answers(caller: Caller, keys: str) -> None:
    """The caller presses keys, and hears that they were understood."""
    caller.press(f"{keys}#")
    await caller.hears_reply(quiet_ms=300)


async def got(server: Processes, path: str) -> httpx.Response:
    """An answer over a new connection, which any worker may take."""
    async with httpx.AsyncClient(
        base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30
    ) as rest:
        return await rest.get(path)


async def test_every_worker_answers_about_every_call(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with processes(tmp_path) as (acs, server):
            await server.start(REDIS_URL=redis.url, WEB_CONCURRENCY=WORKERS)
            callers = await asyncio.gather(*(greeted(acs, server.url, number) for number in range(CALLS)))
            await asyncio.gather(*(answers(caller, f"4{n}") for n, caller in enumerate(callers)))
            ids = [caller.call.connection_id for caller in callers if caller.call is not None]
            for call_id in ids * 6:
                shown = await got(server, f"/calls/{call_id}")
                assert shown.json()["status"] == "connected", shown.text
            assert (await got(server, "/calls/unknown")).status_code == 404
            for _ in range(6):
                page = (await got(server, "/calls?limit=4")).json()
                rest = (await got(server, "/calls?limit=4&page=2")).json()
                assert page["total"] == rest["total"] == CALLS
                assert {call["call_id"] for call in (*page["calls"], *rest["calls"])} == set(ids)
                actors = (await got(server, "/health/actors?scope=cluster")).json()
                assert (len(actors["others"]), actors["missing"]) == (int(WORKERS) - 1, 0)
                assert sum(len(worker["sessions"]) for worker in (actors, *actors["others"])) == CALLS
            async with httpx.AsyncClient(
                base_url=f"{server.url}/api/v1", trust_env=False, verify=AUTHORITIES, timeout=30
            ) as rest:
                for call_id in ids[: CALLS // 2]:
                    ended = await rest.post("/calls/terminate", json={"call_id": call_id})
                    assert ended.status_code == 200, ended.text
            for caller in callers[CALLS // 2 :]:
                caller.hang_up()
            await asyncio.gather(*(caller.ended() for caller in callers))
            await said(server)
            assert acs.executions["terminate"] == CALLS // 2


async def busiest(server: Processes) -> tuple[list[int], int]:
    """The process ids of the two workers that have the most calls, and how many these are: which worker takes a
    connection is the kernel's choice.
    """
    actors = (await got(server, "/health/actors?scope=cluster")).json()
    by_calls = sorted((actors, *actors["others"]), key=lambda worker: len(worker["sessions"]), reverse=True)[:2]
    return [worker["worker"] for worker in by_calls], sum(len(worker["sessions"]) for worker in by_calls)


async def reconnected(callers: list[Caller], count: int) -> None:
    """Wait until so many callers have been given another media socket."""
    async with asyncio.timeout(BACK_S):
        while sum(1 for c in callers if c.call and c.call.media and c.call.media.connections > 1) < count:  # noqa: ASYNC110
            await asyncio.sleep(0.02)


def is_connected(caller: Caller) -> bool:
    return caller.call is not None and caller.call.media is not None and caller.call.media.connected


async def handed_over(callers: list[Caller], workers: list[int]) -> None:
    """Wait until these workers have ended, and every caller has a media socket elsewhere: keys that are pressed while
    there is none are reported to nobody.
    """
    async with asyncio.timeout(BACK_S):
        while any(alive(pid) for pid in workers) or not all(map(is_connected, callers)):  # noqa: ASYNC110
            await asyncio.sleep(0.02)


async def said(server: Processes, *keys: str) -> None:
    """Wait until the transcripts are those of callers who each pressed their own keys, and then these: a worker that
    comes back shows for a moment what it knew.
    """
    found: list[list[str]] = []
    expected = [[f"4 {number}", *keys] for number in range(CALLS)]
    with suppress(TimeoutError):
        async with asyncio.timeout(BACK_S):
            while found != expected:
                found = sorted(await conversations(server.url))
                await asyncio.sleep(0.1)
    assert found == expected, server.log()[-4_000:]


async def goes_on(caller: Caller) -> None:
    """The caller is understood, and hangs up."""
    await caller.hears_silence(1_000)
    await answers(caller, "7")
    caller.hang_up()
    await caller.ended()


async def test_the_calls_of_a_killed_worker_go_on_at_the_others(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with processes(tmp_path) as (acs, server):
            await server.start(REDIS_URL=redis.url, WEB_CONCURRENCY=WORKERS)
            callers = await asyncio.gather(*(greeted(acs, server.url, number) for number in range(CALLS)))
            await asyncio.gather(*(answers(caller, f"4{n}") for n, caller in enumerate(callers)))
            workers, count = await busiest(server)
            for pid in workers:
                os.kill(pid, signal.SIGKILL)
            await reconnected(callers, count)
            await asyncio.gather(*map(goes_on, callers))
            await said(server, "7")
            assert "terminate" not in acs.executions


async def test_the_calls_of_a_stopped_worker_go_on_at_the_others_and_it_leaves_them(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with processes(tmp_path) as (acs, server):
            await server.start(REDIS_URL=redis.url, WEB_CONCURRENCY=WORKERS, WORKER_TIMEOUT_S="600")
            callers = await asyncio.gather(*(greeted(acs, server.url, number) for number in range(CALLS)))
            await asyncio.gather(*(answers(caller, f"4{n}") for n, caller in enumerate(callers)))
            stopped, count = await busiest(server)
            for pid in stopped:
                os.kill(pid, signal.SIGSTOP)
            try:
                await reconnected(callers, count)
                await asyncio.gather(*map(goes_on, callers))
            finally:
                for pid in stopped:
                    os.kill(pid, signal.SIGCONT)
            async with asyncio.timeout(BACK_S):
                while "goes on at another worker and is left here" not in server.log():  # noqa: ASYNC110  another process writes it
                    await asyncio.sleep(0.1)
            await said(server, "7")
            # Callers have hung up, all of them: no call was ended by a worker that had lost it.
            assert "terminate" not in acs.executions


async def said_by_agent(server: Processes) -> list[list[str]]:
    """What was heard of the agent in each session."""
    sessions = (await got(server, "/sessions")).json()["sessions"]
    texts = [(await got(server, f"/sessions/{each['session_id']}/transcript")).json() for each in sessions]
    return [[entry["text"] for entry in text["entries"] if entry["role"] != "user"] for text in texts]


async def test_a_worker_that_is_told_to_end_hands_its_calls_over_without_a_word(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with processes(tmp_path) as (acs, server):
            await server.start(
                REDIS_URL=redis.url, WEB_CONCURRENCY=WORKERS, DRAIN_POLICY="hand_over", DRAIN_GRACE_S="20"
            )
            callers = await asyncio.gather(*(greeted(acs, server.url, number) for number in range(CALLS)))
            await asyncio.gather(*(answers(caller, f"4{n}") for n, caller in enumerate(callers)))
            ending, count = await busiest(server)
            for pid in ending:
                os.kill(pid, signal.SIGTERM)
            await reconnected(callers, count)
            await handed_over(callers, ending)
            await asyncio.gather(*map(goes_on, callers))
            await said(server, "7")
            assert {len(texts) for texts in await said_by_agent(server)} == {3}, "greeting, answer, answer"
            assert "terminate" not in acs.executions
