"""What a slow peer, one that is gone, and one that is interrupted are sent, and when."""

import asyncio

import pytest
from starlette.types import Message as Event

from app.server.sockets.socket_writer import BEHIND_BYTES, MAX_REASON_BYTES, NORMAL, SocketWriter
from tests.kit.socket_kit import Beside, Peer, turns


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
    async with asyncio.timeout(30):
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


async def test_the_fast_path_is_taken_while_it_is_open_and_nothing_waits_elsewhere() -> None:
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


@pytest.mark.parametrize(("message", "duration_ms"), [("x" * 10_000, 0.0), ("{}", 0.0), ("{}", 20.0)])
async def test_what_waits_for_a_peer_that_does_not_read_is_bounded_and_then_it_is_closed(
    message: str, duration_ms: float
) -> None:
    peer, beside = Peer(), Beside()
    beside.open = False
    peer.open.clear()
    writer = SocketWriter(peer.send, beside)
    most = 0
    for _ in range(20_000):
        writer.put(message, duration_ms)
        most = max(most, writer.queued_bytes)
    assert most <= BEHIND_BYTES
    async with asyncio.timeout(30):
        await writer.closed.wait()
    assert beside.aborted
    assert peer.sent == []


async def test_a_peer_that_reads_again_in_time_is_told_why_it_is_closed() -> None:
    peer = Peer()
    peer.open.clear()
    writer = SocketWriter(peer.send)
    for _ in range(100):
        writer.put("x" * 10_000)
    peer.open.set()
    await turns()
    assert [text[:10] for text in peer.sent] == ["x" * 10, "close 1008"]


async def test_what_has_been_sent_is_not_counted_any_more() -> None:
    peer = Peer()
    writer = SocketWriter(peer.send)
    for _ in range(10):
        peer.open.clear()
        for _ in range(10):
            writer.put("x" * 10_000, 50.0)
        writer.silence(["stop"])
        writer.put("x" * 10_000)
        peer.open.set()
        await turns()
    assert not writer.closed.is_set()
    assert writer.queued_bytes == 0
    writer.abandon()


async def test_a_close_that_is_not_taken_ends_in_the_end() -> None:
    peer, beside = Peer(), Beside()
    beside.open = False
    peer.open.clear()
    writer = SocketWriter(peer.send, beside)
    writer.put("under way")
    writer.close(NORMAL, "over", 0.05)
    async with asyncio.timeout(30):
        await writer.closed.wait()
    assert beside.aborted


async def test_a_reason_is_cut_to_what_a_close_frame_holds_and_stays_text() -> None:
    reasons: list[str] = []

    async def send(event: Event) -> None:
        reasons.append(event["reason"])

    SocketWriter(send).close(NORMAL, "x" + "\N{EAR}" * 100)
    await turns()
    assert reasons == ["x" + "\N{EAR}" * ((MAX_REASON_BYTES - 1) // 4)]
