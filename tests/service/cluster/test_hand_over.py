"""What a worker that ends does with its conversations: others go on with them."""

import asyncio
from pathlib import Path
from typing import Any

import pytest

from actors.messages.output import OutputMessage
from actors.rules.turn_taking.state import CallerActivity, TurnSnapshot
from app.cluster import hand_over as module
from app.server.sockets.socket_writer import RESTARTING
from app.stores.redis_store import checkpoint_key
from app.telephony.call import Custody, Direction
from app.telephony.order_book import OrderKind, OrderState
from protocol.calls import CallState
from tests.kit.redis_server import redis_server
from tests.kit.session_kit import AGENT
from tests.service.cluster.cluster_kit import Worker, known, two_workers


class Browser:
    """A connection that remembers how it was closed."""

    def __init__(self) -> None:
        self.codes: list[int] = []
        self.reasons: list[str] = []

    def tell(self, message: OutputMessage) -> None:
        """Nobody looks at it."""

    def close(self, code: int, reason: str) -> None:
        self.codes.append(code)
        self.reasons.append(reason)


async def handed_over(worker: Worker, within_s: float = 240.0) -> None:
    """Have a worker hand over what it has; by default with more time than the slowest machine takes for it."""
    assert worker.service.draining.hand_over is not None
    await worker.service.draining.hand_over(asyncio.get_running_loop().time() + within_s)


async def until_told_to_come_back(browser: Browser) -> None:
    async with asyncio.timeout(60):
        while not browser.codes:  # noqa: ASYNC110  nobody is told
            await asyncio.sleep(0.01)


async def test_a_call_is_taken_by_another_worker_which_asks_for_its_audio(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await one.talks(call.session_id, call_id="call")
            await known(other, call)
            await handed_over(one)
            moved = other.board.log.of_secret(call.secret)
            assert moved is not None
            assert moved.resumption.checkpoint is not None
            assert one.board.log.live == []
            async with asyncio.timeout(30):
                while not other.control.start_media_streaming.await_count:  # noqa: ASYNC110  nobody is told
                    await asyncio.sleep(0.01)
            one.control.hang_up.assert_not_awaited()


async def test_a_call_that_is_on_its_way_to_a_worker_that_is_told_to_end_is_handed_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await one.talks(call.session_id, call_id="call")
            await known(other, call)
            moves = other.cluster._moves
            go_on, is_taken = moves._go_on, asyncio.Event()

            async def slowly(*arguments: Any) -> None:
                is_taken.set()
                await asyncio.sleep(0.3)
                await go_on(*arguments)

            monkeypatch.setattr(moves, "_go_on", slowly)
            arriving = asyncio.create_task(moves.move_here(call.secret))
            await is_taken.wait()
            await handed_over(other)
            await arriving
            assert other.board.log.live == []
            assert [each.secret for each in one.board.log.live] == [call.secret]


async def test_a_caller_who_speaks_is_waited_for_as_long_as_there_is_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            entry = await one.talks(call.session_id, call_id="call")
            await known(other, call)
            entry.checkpoint.turn = TurnSnapshot(caller=CallerActivity.TALKING)
            assert module._caller_is_busy(entry.checkpoint)
            entry.checkpoint.turn = TurnSnapshot()
            assert not module._caller_is_busy(entry.checkpoint)
            monkeypatch.setattr(module, "_caller_is_busy", lambda checkpoint: True)
            began = asyncio.get_running_loop().time()
            await handed_over(one, module.LEFT_S + 0.5)
            assert asyncio.get_running_loop().time() - began >= 0.5
            assert call.custody is Custody.MOVED


async def test_a_call_is_not_handed_over_while_the_network_is_being_given_an_order(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.new_calls.begin(Direction.OUTBOUND, AGENT, "media", "+15550100")
            order, _ = call.orders.give(OrderKind.HOLD, "hold")
            handing = asyncio.create_task(handed_over(one))
            await asyncio.sleep(0.3)
            assert one.board.log.live == [call]
            call.identify("call")
            await asyncio.sleep(0.3)
            assert one.board.log.live == [call]
            call.orders.settle(order, OrderState.TAKEN)
            await handing
            assert one.board.log.live == []
            moved = other.board.log.of_secret(call.secret)
            assert moved is not None
            assert [(each.id, each.state) for each in moved.orders.unsettled] == [("hold", "taken")]


async def test_a_call_that_the_network_never_takes_is_over_and_keeps_nobody_waiting(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, _):
            call = one.new_calls.begin(Direction.OUTBOUND, AGENT, "media", "+15550100")
            handing = asyncio.create_task(handed_over(one))
            one.board.ended(call, CallState.FAILED)
            async with asyncio.timeout(10):
                await handing
            assert call.custody is Custody.HERE


async def test_a_redis_that_stands_still_is_waited_for_as_long_as_there_is_time(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await known(other, call)
            await one.talks("browser")
            browser = Browser()
            one.service.outputs.of("browser").connection = browser
            redis.freeze()
            handing = asyncio.ensure_future(handed_over(one))
            await asyncio.sleep(2.5)
            assert not handing.done()
            assert browser.codes == []
            redis.thaw()
            await handing
            assert other.board.log.of_secret(call.secret) is not None
            assert (browser.codes, browser.reasons) == ([RESTARTING], ["the server is restarting"])
            assert '"hello"' in redis.command("GET", checkpoint_key("browser"))


async def test_a_call_that_no_worker_takes_stays_where_it_is(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, other):
            call = one.call()
            await known(other, call)
            await other.service.lifecycle.drain(asyncio.get_running_loop().time())
            await handed_over(one)
            assert one.board.log.live == [call]
            await other.cluster.stop()
            await handed_over(one)
            assert one.board.log.live == [call]


async def test_a_browser_who_speaks_is_waited_for_until_there_is_no_time_and_others_are_not_kept_waiting(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, _):
            browsers = {name: Browser() for name in ("speaks", "goes on", "listens")}
            for name, browser in browsers.items():
                one.service.outputs.of(name).connection = browser
                await one.talks(name)
            live = one.service.sessions.live
            busy = [live[name].checkpoint for name in ("speaks", "goes on")]
            monkeypatch.setattr(module, "_caller_is_busy", lambda checkpoint: any(checkpoint is each for each in busy))
            handing = asyncio.create_task(handed_over(one))
            await until_told_to_come_back(browsers["listens"])
            assert [name for name, browser in browsers.items() if browser.codes] == ["listens"]
            del busy[0]
            await until_told_to_come_back(browsers["speaks"])
            assert [name for name, browser in browsers.items() if browser.codes] == ["speaks", "listens"]
            one.service.lifecycle.hurry()
            await handing
            assert browsers["goes on"].codes == [RESTARTING]


async def test_a_browser_is_told_to_come_back_and_its_checkpoint_stays(tmp_path: Path) -> None:
    with redis_server(tmp_path) as redis:
        async with two_workers(redis) as (one, _):
            browser = Browser()
            one.service.outputs.of("browsers").connection = browser
            await one.talks("browsers")
            await handed_over(one)
            assert browser.codes[0] == RESTARTING
            async with asyncio.timeout(30):
                await one.service.sessions.emptied()
            assert '"hello"' in redis.command("GET", checkpoint_key("browsers"))
            await one.talks("another")
            redis.freeze()
            # There is no time left to wait for it.
            await handed_over(one, within_s=module.LEFT_S)
            assert list(one.service.sessions.live) == ["another"]
            redis.thaw()
