"""A call moves to the worker that its media socket has come to, as it stood; its former worker leaves it."""

import asyncio
from pathlib import Path
from typing import Any

import msgspec
import pytest

from app.cluster import call_moves
from app.telephony.call import Custody, Direction
from app.telephony.continuity.shared_calls import record_of_call
from app.telephony.transfer.consult import Consult
from protocol.calls import CallState
from tests.kit.redis_server import redis_server
from tests.kit.session_kit import AGENT
from tests.service.cluster.cluster_kit import known, two_workers
from tests.service.stores.places import soon

NO_CALL = msgspec.msgpack.encode(call_moves.Release("unknown"))


async def test_a_call_moves_with_its_conversation_and_nobody_hangs_up(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await one.talks(call.session_id, call_id="call")
            await known(other, call)
            await other.cluster.require_call(call.secret)
            moved = other.board.log.of_secret(call.secret)
            assert moved is not None
            assert (moved.call_id, moved.state, moved.resumption.taken_over) == ("call", CallState.CONNECTED, False)
            assert moved.resumption.checkpoint is not None
            assert [message.text for message in moved.resumption.checkpoint.messages if message.text == "hello"] == [
                "hello"
            ]
            assert call.custody is Custody.MOVED
            # Its socket may yet come to another worker than the one that took it: nothing is lost on the way.
            await one.cluster.require_call(call.secret)
            back = one.board.log.of_secret(call.secret)
            assert back is not None
            assert back.resumption.checkpoint is not None
            assert [message.text for message in back.resumption.checkpoint.messages if message.text == "hello"] == [
                "hello"
            ]
            await other.cluster.require_call(call.secret)
            moved = other.board.log.of_secret(call.secret)
            assert moved is not None
            async with asyncio.timeout(20):
                await one.service.sessions.emptied()
            assert await known(one, moved) == other.cluster.worker
            await other.cluster.require_call(call.secret)
            assert other.board.log.of_secret(call.secret) is moved
            one.control.hang_up.assert_not_awaited()


async def test_a_worker_that_does_not_answer_loses_its_call_as_it_was_stored(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(call_moves, "RELEASE_S", 0.2)
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await known(other, call)
            await one.cluster.requests.close()
            await other.cluster.require_call(call.secret)
            moved = other.board.log.of_secret(call.secret)
            assert moved is not None
            assert moved.call_id == "call"
            assert "a call goes on from what was stored of it" in caplog.text


async def test_a_call_goes_on_from_its_checkpoint_though_no_record_of_its_session_was_stored_yet(
    tmp_path: Path,
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await one.talks(call.session_id, call_id="call")
            record = msgspec.structs.replace(record_of_call(call), conversation=None)

            async def is_found() -> bool:
                found = await other.cluster._take_over.checkpoint_of(record)
                return found is not None and "hello" in [message.text for message in found.messages]

            await soon(is_found)


async def test_a_call_that_is_on_its_way_to_a_worker_is_given_on_as_it_stands_when_it_has_come(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await one.talks(call.session_id, call_id="call")
            await known(other, call)
            monkeypatch.setattr(call_moves, "RELEASE_S", 30)
            moves = other.cluster._moves
            go_on, is_taken, may_go_on = moves._go_on, asyncio.Event(), asyncio.Event()

            async def slowly(*arguments: Any) -> None:
                is_taken.set()
                await may_go_on.wait()
                await go_on(*arguments)

            monkeypatch.setattr(moves, "_go_on", slowly)
            # While the call is held up on its way its former worker may write of it once more, and would leave it then.
            monkeypatch.setattr(one.cluster._directory, "_on_taken", lambda _secret: None)
            arriving = asyncio.create_task(moves.move_here(call.secret))
            await is_taken.wait()
            asked = msgspec.msgpack.encode(call_moves.Release(call.secret))
            asking = asyncio.create_task(one.cluster.requests.ask(other.cluster.worker, call_moves.RELEASE, asked, 30))
            await one.cluster.requests.ask(other.cluster.worker, call_moves.RELEASE, NO_CALL, 30)
            may_go_on.set()
            released = msgspec.msgpack.decode(await asking, type=call_moves.Released)
            await arriving
            assert released.record is not None
            assert released.checkpoint is not None
            assert b"hello" in released.checkpoint


async def test_a_socket_of_a_call_that_nobody_has_moves_nothing(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (_, other):
            await other.cluster.require_call("unknown")
            assert other.board.log.live == []


async def test_a_call_that_asks_somebody_to_take_a_caller_stays_where_it_is_waited_for(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            consult = Consult(AGENT, "Ada asks about an invoice.")
            call = one.new_calls.begin(Direction.OUTBOUND, AGENT, "media", "+15550177", consult=consult)
            call.identify("consult-call")
            call.change_state(CallState.CONNECTED, one.service.clock.wall())
            await known(other, call)
            # The socket is turned away, so that the network is asked for another one.
            assert not await other.cluster.require_call(call.secret)
            assert other.board.log.live == []
            assert await one.cluster.require_call(call.secret)
            assert call.custody is Custody.HERE
