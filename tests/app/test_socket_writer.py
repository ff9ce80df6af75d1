"""What a slow peer, one that is gone, and one that is interrupted are sent, and when."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
from starlette.types import Message

from app.socket_writer import NORMAL, SocketWriter, take_until_closed, text_wire


class Peer:
    """The server's side of a socket: takes messages at once while it is open, else when it is opened."""

    def __init__(self) -> None:
        self.sent: list[str] = []
        self.open = asyncio.Event()
        self.open.set()
        self.fault: Exception | None = None

    async def send(self, message: Message) -> None:
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
    writer.text("one")
    writer.put(20.0, text_wire("two"))
    assert peer.sent == ["one", "two"]
    writer.abandon()


async def test_a_slow_peer_gets_all_in_order_and_delays_nobody() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    for text in ("one", "two", "three"):
        writer.text(text)
    await turns()
    assert peer.sent == []
    peer.open.set()
    await turns()
    assert peer.sent == ["one", "two", "three"]
    writer.text("four")
    assert peer.sent[-1] == "four"
    writer.abandon()


async def test_silence_drops_audio_that_waits_and_goes_ahead_of_the_rest() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    writer.put(20.0, text_wire("under way"))
    writer.put(20.0, text_wire("audio"))
    writer.text("words")
    writer.silence(["stop"])
    peer.open.set()
    await turns()
    assert peer.sent == ["under way", "stop", "words"]
    writer.abandon()


async def test_it_closes_behind_what_is_queued_and_then_sends_nothing() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    writer.text("last words")
    writer.close(NORMAL, "over")
    writer.text("too late")
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
    writer.text("anybody?")
    peer.open.set()
    await turns()
    assert writer.closed.is_set()
    writer.text("nobody")
    assert peer.sent == []


async def test_a_peer_that_never_reads_is_closed_within_a_second() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    peer.open.clear()
    for _ in range(60):
        writer.put(20.0, text_wire("audio"))
    async with asyncio.timeout(3):
        await writer.closed.wait()
    assert peer.sent == []


async def test_a_send_that_is_given_up_is_cancelled_where_it_waits() -> None:
    seen: list[str] = []

    async def send(_: Message) -> None:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    writer = SocketWriter(send)
    writer.text("into the void")
    await turns()
    writer.abandon()
    await turns()
    assert seen == ["cancelled"]


class Receiving:
    """What a peer sends."""

    def __init__(self, *messages: Mapping[str, Any]) -> None:
        self.queue = asyncio.Queue[Any]()
        for message in messages:
            self.queue.put_nowait(message)

    async def __call__(self) -> Any:
        return await self.queue.get()


async def test_messages_are_taken_until_the_peer_is_gone() -> None:
    receiving = Receiving(text_wire("one"), text_wire("two"), {"type": "websocket.disconnect"}, text_wire("three"))
    taken: list[Mapping[str, Any]] = []
    await take_until_closed(receiving, asyncio.Event(), taken.append)
    assert [message["text"] for message in taken] == ["one", "two"]


async def test_messages_are_taken_until_our_side_is_closed() -> None:
    closed = asyncio.Event()
    taking = asyncio.ensure_future(take_until_closed(Receiving(), closed, lambda _: None))
    await turns()
    closed.set()
    async with asyncio.timeout(1):
        await taking


async def test_what_goes_wrong_in_taking_is_not_mistaken_for_the_end() -> None:
    def take(_: Mapping[str, Any]) -> None:
        raise TimeoutError("of its own")

    with pytest.raises(TimeoutError, match="of its own"):
        await take_until_closed(Receiving(text_wire("one")), asyncio.Event(), take)


async def test_closed_while_a_message_is_taken() -> None:
    closed = asyncio.Event()
    await take_until_closed(Receiving(text_wire("one"), text_wire("two")), closed, lambda _: closed.set())
    await turns()


async def test_cancelled_from_outside_it_is_cancelled() -> None:
    taking = asyncio.ensure_future(take_until_closed(Receiving(), asyncio.Event(), lambda _: None))
    await turns()
    taking.cancel()
    with pytest.raises(asyncio.CancelledError):
        await taking
