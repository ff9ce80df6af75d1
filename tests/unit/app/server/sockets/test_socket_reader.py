"""What a peer says reaches whoever takes it, in order, and no faster than it can be taken."""

import asyncio
from collections.abc import Callable

import pytest

from app.server.sockets.fast_path import Message, fast_path_of
from app.server.sockets.message_rate import MessageRate
from app.server.sockets.socket_reader import SocketReader
from app.server.sockets.socket_writer import NORMAL, SocketWriter
from tests.kit.socket_kit import Beside, Peer, Receiving, told, turns


def reader(take: Callable[[Message], None] = lambda _: None) -> SocketReader:
    return SocketReader(SocketWriter(Peer().send), take)


async def test_messages_are_taken_until_the_peer_is_gone() -> None:
    receiving = Receiving(told("one"), told(b"two"), {"type": "websocket.disconnect"}, told("three"))
    taken: list[Message] = []
    await reader(taken.append).run(receiving)
    assert taken == ["one", b"two"]


async def test_messages_are_taken_until_our_side_is_closed() -> None:
    writer = SocketWriter(Peer().send)
    taking = asyncio.ensure_future(SocketReader(writer, lambda _: None).run(Receiving()))
    await turns()
    writer.close(NORMAL, "over")
    async with asyncio.timeout(30):
        await taking


async def test_what_goes_wrong_in_taking_is_not_mistaken_for_the_end() -> None:
    def take(_: Message) -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await reader(take).run(Receiving(told("one")))


async def test_closed_while_a_message_is_taken() -> None:
    writer = SocketWriter(Peer().send)
    await SocketReader(writer, lambda _: writer.abandon()).run(Receiving(told("one"), told("two")))
    await turns()


async def test_cancelled_from_outside_it_is_cancelled() -> None:
    taking = asyncio.ensure_future(reader().run(Receiving()))
    await turns()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking


async def test_messages_are_taken_both_ways_and_the_fast_path_is_given_back() -> None:
    beside, receiving = Beside(), Receiving()
    taken: list[Message] = []
    taking = asyncio.ensure_future(reader(taken.append).run(receiving, beside))
    await turns()
    assert beside.listener is not None
    beside.listener.take("one")
    receiving.queue.put_nowait(told("two"))
    await turns()
    assert taken == ["one", "two"]
    assert not beside.given_back
    receiving.queue.put_nowait({"type": "websocket.disconnect"})
    await taking
    assert beside.given_back


async def test_what_goes_wrong_beside_is_raised_too() -> None:
    beside = Beside()
    taking = asyncio.ensure_future(reader().run(Receiving(), beside))
    await turns()
    beside.failed.set_exception(TimeoutError("of its own"))
    with pytest.raises(TimeoutError, match="of its own"):
        await taking
    assert beside.given_back


async def test_nothing_more_is_taken_while_too_much_waits_already() -> None:
    taken: list[Message] = []
    crowded = True
    reading = SocketReader(SocketWriter(Peer().send), taken.append, crowded=lambda: crowded)
    running = asyncio.ensure_future(reading.run(Receiving(*(told(str(n)) for n in range(3)))))
    await asyncio.sleep(0.02)
    assert taken == ["0"]
    crowded = False
    await asyncio.sleep(0.02)
    assert taken == ["0", "1", "2"]
    running.cancel()


async def test_a_peer_above_the_rate_is_closed_and_nothing_more_of_it_is_taken() -> None:
    peer, taken = Peer(), list[Message]()
    rate = MessageRate(1.0, asyncio.get_running_loop().time)
    reading = SocketReader(SocketWriter(peer.send), taken.append, rate=rate)
    async with asyncio.timeout(30):
        await reading.run(Receiving(*(told(str(n)) for n in range(30))))
    assert taken == [str(n) for n in range(10)]
    assert peer.sent == ["close 1008"]


def test_a_server_that_offers_no_fast_path_has_none() -> None:
    assert fast_path_of({"type": "websocket"}) is None
    assert fast_path_of({"type": "websocket", "extensions": {}}) is None
