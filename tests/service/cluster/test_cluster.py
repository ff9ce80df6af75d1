"""A worker as one of many: whose call it is, and what becomes of it when Redis says that it is another one's."""

import asyncio
from functools import partial
from pathlib import Path

import httpx
import pytest

from actors.errors import StoreError
from actors.ports.llm import ToolCalled
from app.api.asgi import app_of_worker
from app.cluster import cluster as module
from app.cluster.call_directory import call_key
from app.cluster.membership import WORKERS
from app.cluster.request_passing import FORWARD, answered
from app.stores.claim_check import FROZEN_S
from app.stores.redis_store import checkpoint_key, record_key
from app.telephony.call import Custody
from tests.kit.redis_server import redis_server
from tests.kit.service_kit import running
from tests.service.cluster.cluster_kit import Worker, known, two_workers
from tests.service.stores.places import soon


async def test_without_redis_a_worker_is_alone() -> None:
    async with running() as service:
        worker = Worker(service)
        worker.cluster.start()
        assert not worker.cluster.is_running
        await worker.cluster.stop()


async def test_workers_know_whose_a_call_is_and_ask_each_other(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            assert await known(other, call) == one.cluster.worker
            assert await one.cluster.owner_of_call(call.secret, "") == ""
            assert await other.cluster.owner_of_call("", "unknown") == ""
            assert await other.cluster.owner_of_call("unknown", "") == ""
            answer = await other.cluster.requests.ask(one.cluster.worker, "request", b"it", 5)
            assert answer == f"{one.cluster.worker} got it".encode()


async def test_what_operators_order_of_a_session_reaches_the_worker_that_has_it(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            entry = await other.talks("elsewhere")
            waits = asyncio.ensure_future(
                entry.tool_runs.approvals.refusal(
                    ToolCalled(call_id="c1", name="refund", arguments="{}"), 1, one.service.clock
                )
            )
            served = app_of_worker(other.assembly)
            other.cluster.requests.on(FORWARD, partial(answered, served))
            transport = httpx.ASGITransport(app_of_worker(one.assembly), client=("127.0.0.1", 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as rest:
                (found,) = (await rest.get("/sessions/elsewhere/approvals")).json()["approvals"]
                assert found["tool"] == "refund"
                path = f"/sessions/elsewhere/approvals/{found['approval_id']}"
                decided = await rest.post(path, json={"decision": "decline", "reason": "too late"})
                assert decided.status_code == 200, decided.text
                assert "too late" in str(await waits)
                shown = await rest.get("/health/actors/elsewhere")
                assert (shown.status_code, shown.json()["session_id"]) == (200, "elsewhere")
                assert (await rest.get("/sessions/nowhere/approvals")).status_code == 404
                assert (await rest.delete("/sessions/elsewhere")).status_code == 200

            async def is_over() -> bool:
                return "elsewhere" not in other.service.sessions.live

            await soon(is_over)


async def test_a_console_shows_the_sessions_of_all_servers_and_opens_them_also_when_they_are_over(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            other.cluster.requests.on(FORWARD, partial(answered, app_of_worker(other.assembly)))
            await other.talks("elsewhere")
            transport = httpx.ASGITransport(app_of_worker(one.assembly), client=("127.0.0.1", 1))
            overview = one.assembly.overview

            async def is_shown() -> bool:
                await overview.watch()
                return any(each.session_id == "elsewhere" for worker in overview.workers() for each in worker.worst)

            await soon(is_shown)
            (there,) = [each for each in overview.workers() if each.server == other.service.lifecycle.server]
            assert (there.sessions, there.phase) == (1, "ready")
            async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1/api/v1") as rest:
                live = (await rest.get("/sessions/elsewhere/timeline")).json()
                assert live["live"]
                assert (await rest.delete("/sessions/elsewhere")).status_code == 200

                async def is_over() -> bool:
                    over = (await rest.get("/sessions/elsewhere/timeline")).json()
                    return not over["live"] and over["events"][-1]["kind"] == "ended"

                await soon(is_over)
                unknown = await rest.post("/workers/1/drain", params={"server": there.server})
                assert unknown.status_code == 404


async def test_all_is_written_anew_where_redis_has_lost_it_though_nothing_happens_in_any_conversation(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await known(other, call)
            await one.talks("idle")
            keys = (call_key(call.secret), record_key("idle"), checkpoint_key("idle"))

            async def is_there() -> bool:
                return redis.command("EXISTS", *keys) == str(len(keys))

            await soon(is_there)
            # All that follows the last turn has been written.
            await asyncio.sleep(0.5)
            redis.command("FLUSHALL")
            await soon(is_there, 5.0)
            assert '"hello"' in redis.command("GET", checkpoint_key("idle"))
            assert await known(other, call) == one.cluster.worker


async def test_a_call_that_redis_says_is_another_workers_is_left_without_an_order_to_the_network(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await known(other, call)
            redis.command("HSET", call_key(call.secret), "owner", "somebody")
            one.cluster._take_over.tell_all()

            async def is_left() -> bool:
                return call.custody is Custody.MOVED

            await soon(is_left)
            assert one.board.log.of_secret(call.secret) is None
            one.board.connected(call)
            one.control.hang_up.assert_not_awaited()


async def test_a_worker_that_stood_still_leaves_what_was_taken_before_it_speaks(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            lost, kept = one.call("lost"), one.call("kept")
            for call in (lost, kept):
                await known(other, call)
            redis.command("HSET", call_key(lost.secret), "owner", "somebody")
            one.cluster._membership._until_s = 0.0
            redis.command("ZREM", WORKERS, one.cluster.worker)
            check = one.service.claim_check
            assert check is not None
            check._seen_s -= FROZEN_S
            speaks = asyncio.Event()
            assert check.wait_if_shut(speaks.set)
            async with asyncio.timeout(10):
                await speaks.wait()
            assert (lost.custody, kept.custody) == (Custody.MOVED, Custody.HERE)
            assert one.cluster.worker in redis.command("ZRANGE", WORKERS, "0", "-1").split()
            assert "the lease of this worker had ended: others may have taken its calls" in caplog.messages
            one.control.hang_up.assert_not_awaited()


async def test_a_worker_that_ends_takes_no_lease_again(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, _):
            await one.cluster.stop()
            await one.cluster._check_calls()
            assert one.cluster.worker not in redis.command("ZRANGE", WORKERS, "0", "-1").split()


async def test_all_are_asked_and_those_that_do_not_answer_are_counted(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "GATHER_S", 0.3)
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):

            async def both_are_there() -> bool:
                return len(redis.command("ZRANGE", WORKERS, "0", "-1").split()) == 2

            await soon(both_are_there)
            assert await one.cluster.gather("request", b"it") == ([f"{other.cluster.worker} got it".encode()], 0)
            await other.cluster.requests.close()
            assert await one.cluster.gather("request", b"it") == ([], 1)
            redis.kill()
            with pytest.raises(StoreError):
                await one.cluster.gather("request", b"it")


async def test_what_cannot_be_found_out_is_an_error(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, _):
            redis.kill()
            with pytest.raises(StoreError):
                await one.cluster.owner_of_call("unknown", "")
            with pytest.raises(StoreError):
                await one.cluster.require_call("unknown")


async def test_an_announcement_that_is_delivered_to_two_workers_is_one_workers_and_of_the_other_if_it_dies(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            assert await one.new_calls.is_ours("announcement")
            assert await one.new_calls.is_ours("announcement")
            assert not await other.new_calls.is_ours("announcement")
            redis.command("ZREM", WORKERS, one.cluster.worker)
            assert await other.new_calls.is_ours("announcement")
            redis.kill()
            assert await other.new_calls.is_ours("announcement"), "the network takes one answer only"


async def test_a_notice_to_all_reaches_each_other_worker_and_without_redis_nobody(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            await one.cluster.tell_all("notice", b"something")
            await other.cluster.tell_all("unheard of", b"something else")

            async def is_heard() -> bool:
                return other.noticed == [b"something"]

            await soon(is_heard)
            assert one.noticed == []
            redis.kill()
            with pytest.raises(StoreError):
                await one.cluster.tell_all("notice", b"something")
    async with running() as service:
        await Worker(service).cluster.tell_all("notice", b"something")


async def test_readiness_says_that_redis_refuses_a_worker_its_lease(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, _):
            degradations = one.service.lifecycle.degradations
            assert not degradations
            redis.command("DEL", WORKERS)
            redis.command("SET", WORKERS, "of another type")

            async def is_told() -> bool:
                return list(degradations.values()) == ["Redis refuses a command: ResponseError"]

            await soon(is_told)
            redis.command("DEL", WORKERS)

            async def is_well() -> bool:
                return not degradations

            await soon(is_well)
