"""What a slow peer, one that is gone, and one that is interrupted are sent, and when."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest
from starlette.types import Message as Event

from app.socket_writer import NORMAL, Message, SocketWriter, shortcut_of, take_until_closed


class Peer:
    """The server's side of a socket: takes messages at once while it is open, else when it is opened."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fault: Exception | None = None

    async def send(self, message: Event) -> None:
        await self._opened()
        if self.fault is not None:
            raise self.fault
        self.sent.append(message.get("text") or f"close {message['code']}")

    async def _opened(self) -> None:
        if not self.open.is_set():
            await self.open.wait()


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


async def test_a_peer_that_reads_is_sent_to_at_once() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    writer.put("one")
    writer.put("two", 20.0)
    assert peer.sent == ["one", "two"]
    writer.abandon()


async def test_a_slow_peer_gets_all_in_order_and_delays_nobody() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    for text in ("one", "two", "three"):
        writer.put(text)
    await turns()
    assert peer.sent == []
    peer.open.set()
    await turns()
    assert peer.sent == ["one", "two", "three"]
    writer.put("four")
    assert peer.sent[-1] == "four"
    writer.abandon()


async def test_silence_drops_audio_that_waits_and_goes_ahead_of_the_rest() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    writer.put("under way", 20.0)
    writer.put("audio", 20.0)
    writer.put("words")
    writer.silence(["stop"])
    peer.open.set()
    await turns()
    assert peer.sent == ["under way", "stop", "words"]
    writer.abandon()


async def test_it_closes_behind_what_is_queued_and_then_sends_nothing() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    writer.put("last words")
    writer.close(NORMAL, "over")
    writer.put("too late")
    assert not writer.closed.is_set()
    peer.open.set()
    await turns()
    assert peer.sent == ["last words", "close 1000"]
    assert writer.closed.is_set()


@pytest.mark.parametrize("slow", [False, True])
@pytest.mark.parametrize("fault", [ConnectionResetError(), RuntimeError("closed already")])
async def test_a_peer_that_goes_in_mid_send_ends_it_quietly(fault: Exception, *, slow: bool) -> None:
    peer = Peer()
    peer.fault = fault
    writer = SocketWriter(peer.send)
    if slow:
        peer.open.clear()
    writer.put("anybody?")
    peer.open.set()
    await turns()
    assert writer.closed.is_set()
    writer.put("nobody")
    assert peer.sent == []


async def test_a_peer_that_never_reads_is_closed_within_a_second() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    for _ in range(60):
        writer.put("audio", 20.0)
    async with asyncio.timeout(3):
        await writer.closed.wait()
    assert peer.sent == []


async def test_a_send_that_is_given_up_is_cancelled_where_it_waits() -> None:
    seen: list[str] = []

    async def send(_: Event) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    writer = SocketWriter(send)
    writer.put("into the void")
    await turns()
    writer.abandon()
    await turns()
    assert seen == ["cancelled"]


def told(message: Message) -> dict[str, Any]:
    """As Hypercorn says it."""
    text, data = (message, None) if isinstance(message, str) else (None, message)
    return {"type": "websocket.receive", "text": text, "bytes": data}


class Receiving:
    """What a peer sends."""

    def __init__(self, *messages: Mapping[str, Any]) -> None:
        self.queue = asyncio.Queue[Any]()
        for message in messages:
            self.queue.put_nowait(message)

    async def __call__(self) -> Any:
        return await self.queue.get()


async def test_messages_are_taken_until_the_peer_is_gone() -> None:
    receiving = Receiving(told("one"), told(b"two"), {"type": "websocket.disconnect"}, told("three"))
    taken: list[Message] = []
    await take_until_closed(receiving, asyncio.Event(), taken.append)
    assert taken == ["one", b"two"]


async def test_messages_are_taken_until_our_side_is_closed() -> None:
    closed = asyncio.Event()
    taking = asyncio.ensure_future(take_until_closed(Receiving(), closed, lambda _: None))
    await turns()
    closed.set()
    async with asyncio.timeout(1):
        await taking


async def test_what_goes_wrong_in_taking_is_not_mistaken_for_the_end() -> None:
    def take(_: Message) -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await take_until_closed(Receiving(told("one")), asyncio.Event(), take)


async def test_closed_while_a_message_is_taken() -> None:
    closed = asyncio.Event()
    await take_until_closed(Receiving(told("one"), told("two")), closed, lambda _: closed.set())
    await turns()


async def test_cancelled_from_outside_it_is_cancelled() -> None:
    taking = asyncio.ensure_future(take_until_closed(Receiving(), asyncio.Event(), lambda _: None))
    await turns()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking


class Beside:
    """A shortcut: takes messages while it is open."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.open = True
        self.given_back = False
        self.take: Callable[[Message], None] | None = None
        self.failed = asyncio.get_running_loop().create_future()

    def send(self, message: Message) -> bool:
        if self.open:
            self.sent.append(message)
        return self.open

    def listen(self, take: Callable[[Message], None]) -> "asyncio.Future[None]":
        self.take = take
        return self.failed

    def give_back(self) -> None:
        self.given_back = True


async def test_the_shortcut_is_taken_while_it_is_open_and_nothing_waits_elsewhere() -> None:
    peer, beside = Peer(), Beside()
    writer = SocketWriter(peer.send, beside)
    writer.put("one")
    beside.open = False
    peer.open.clear()
    writer.put("two")
    beside.open = True
    writer.put("three", 20.0)
    assert (beside.sent, peer.sent) == (["one"], [])
    peer.open.set()
    await turns()
    assert (beside.sent, peer.sent) == (["one"], ["two", "three"])
    writer.put("four")
    assert beside.sent == ["one", "four"]
    writer.abandon()
    writer.put("five")
    assert (beside.sent, peer.sent) == (["one", "four"], ["two", "three"])


async def test_silence_and_close_go_in_order_whichever_way() -> None:
    peer, beside = Peer(), Beside()
    writer = SocketWriter(peer.send, beside)
    writer.put("audio", 20.0)
    writer.silence(["stop"])
    writer.close(NORMAL, "over")
    writer.put("too late")
    await turns()
    assert (beside.sent, peer.sent) == (["audio", "stop"], ["close 1000"])


async def test_messages_are_taken_both_ways_and_the_shortcut_is_given_back() -> None:
    beside, receiving = Beside(), Receiving()
    taken: list[Message] = []
    taking = asyncio.ensure_future(take_until_closed(receiving, asyncio.Event(), taken.append, beside))
    await turns()
    assert beside.take is not None
    beside.take("one")
    receiving.queue.put_nowait(told("two"))
    await turns()
    assert taken == ["one", "two"]
    assert not beside.given_back
    receiving.queue.put_nowait({"type": "websocket.disconnect"})
    await taking
    assert beside.given_back


async def test_what_goes_wrong_beside_is_raised_too() -> None:
    beside = Beside()
    taking = asyncio.ensure_future(take_until_closed(Receiving(), asyncio.Event(), lambda _: None, beside))
    await turns()
    beside.failed.set_exception(TimeoutError("of its own"))
    with pytest.raises(TimeoutError, match="of its own"):
        await taking
    assert beside.given_back


def test_a_server_that_offers_no_shortcut_has_none() -> None:
    assert shortcut_of({"type": "websocket"}) is None
    assert shortcut_of({"type": "websocket", "extensions": {}}) is None
