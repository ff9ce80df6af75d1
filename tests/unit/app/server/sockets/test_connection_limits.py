"""Connections on which nothing is being answered: whose are closed, which, and when."""

import asyncio
import logging
from typing import Any

import pytest
from starlette.types import Scope

from app.limits.client_address import networks_of
from app.server.sockets import connection_limits
from app.server.sockets.connection_limits import AnsweredRequests, Connections, Peer, counted, peer_of

PROXIES = networks_of(["private"])
ATTACKER, OTHER, PROXY = "203.0.113.7", "203.0.113.8", "10.0.0.1"


class FakeTransport(asyncio.Transport):
    def __init__(self, peer: Any, unsent: int = 0) -> None:
        super().__init__({"peername": peer})
        self.unsent = unsent
        self.ended = ""

    def get_write_buffer_size(self) -> int:
        return self.unsent

    def close(self) -> None:
        self.ended = "closed"

    def abort(self) -> None:
        self.ended = "aborted"


def connections(most_of_client: int = 3, most: int = 100, first_request_s: float = 60.0) -> Connections:
    return Connections(most_of_client, PROXIES, most=most, first_request_s=first_request_s)


def opened(open_: Connections, host: str, ports: range) -> list[FakeTransport]:
    transports = [FakeTransport((host, port)) for port in ports]
    for transport in transports:
        open_.opened(transport)
    return transports


def which_ended(transports: list[FakeTransport]) -> list[int]:
    return [index for index, transport in enumerate(transports) if transport.ended]


async def test_of_too_many_of_one_client_those_that_wait_for_longest_are_closed() -> None:
    open_ = connections()
    another = opened(open_, OTHER, range(2))
    transports = opened(open_, ATTACKER, range(5))
    assert which_ended(transports) == [0, 1]
    assert which_ended(another) == []


async def test_one_that_is_answered_is_neither_counted_nor_closed() -> None:
    open_ = connections()
    busy = opened(open_, ATTACKER, range(2))
    for port in range(2):
        open_.request_began((ATTACKER, port))
    transports = opened(open_, ATTACKER, range(10, 14))
    assert which_ended(busy) == []
    assert which_ended(transports) == [0]
    open_.request_ended((ATTACKER, 0))
    # It has waited for a shorter time than those that have not asked for anything yet.
    assert which_ended(busy) == []
    assert which_ended(transports) == [0, 1]


async def test_a_connection_with_two_requests_at_a_time_waits_when_both_are_over() -> None:
    open_ = connections(most_of_client=1)
    (first,) = opened(open_, ATTACKER, range(1))
    open_.request_began((ATTACKER, 0))
    open_.request_began((ATTACKER, 0))
    open_.request_ended((ATTACKER, 0))
    opened(open_, ATTACKER, range(1, 2))
    assert which_ended([first]) == []
    open_.request_ended((ATTACKER, 0))
    opened(open_, ATTACKER, range(2, 3))
    assert which_ended([first]) == [0]


async def test_an_ipv6_network_is_one_client_and_one_address_in_two_spellings_too() -> None:
    open_ = connections(most_of_client=2)
    transports = [FakeTransport((f"2001:db8::{last}", 1_000, 0, 0)) for last in range(1, 4)]
    for transport in transports:
        open_.opened(transport)
    assert which_ended(transports) == [0]
    transports = [FakeTransport((host, port, 0, 0)) for port, host in enumerate([f"::ffff:{ATTACKER}", ATTACKER] * 2)]
    for transport in transports:
        open_.opened(transport)
    assert which_ended(transports) == [0, 1]


async def test_a_proxy_has_as_many_as_it_likes_but_no_more_than_the_worker() -> None:
    open_ = connections(most_of_client=1, most=5, first_request_s=0.0)
    transports = opened(open_, PROXY, range(5))
    await asyncio.sleep(0.01)
    assert which_ended(transports) == []
    transports += opened(open_, PROXY, range(5, 7))
    assert which_ended(transports) == [0, 1]


async def test_no_limit_of_a_client_is_none() -> None:
    open_ = connections(most_of_client=0)
    assert which_ended(opened(open_, ATTACKER, range(50))) == []


async def test_a_connection_without_a_request_is_closed_after_a_while_and_one_with_it_is_not(
    caplog: pytest.LogCaptureFixture,
) -> None:
    caplog.set_level(logging.INFO, "app.server.sockets.connection_limits")
    open_ = connections(first_request_s=0.0)
    silent, asking, gone = opened(open_, ATTACKER, range(3))
    open_.request_began((ATTACKER, 1))
    open_.closed((ATTACKER, 2))
    await asyncio.sleep(0.01)
    assert [silent.ended, asking.ended, gone.ended] == ["closed", "", ""]
    opened(open_, ATTACKER, range(3, 9))
    await asyncio.sleep(0.01)
    assert len([record for record in caplog.records if "no request" in record.getMessage()]) == 1
    assert ATTACKER not in caplog.text


async def test_a_client_that_takes_nothing_is_cut_off() -> None:
    open_ = connections(most_of_client=1)
    stuck = FakeTransport((ATTACKER, 1), unsent=4_096)
    open_.opened(stuck)
    opened(open_, ATTACKER, range(2, 3))
    assert stuck.ended == "aborted"


async def test_what_is_not_counted_is_ignored() -> None:
    open_ = connections()
    assert open_.opened(FakeTransport(None)) is None
    for peer in (None, (ATTACKER, 1)):
        open_.request_began(peer)
        open_.request_ended(peer)
    open_.closed((ATTACKER, 1))
    assert peer_of("/run/socket") is None
    assert peer_of([ATTACKER, 5]) == (ATTACKER, 5)


async def test_requests_and_websockets_hold_their_connection_and_the_lifespan_none() -> None:
    open_ = connections(most_of_client=1)
    seen: list[tuple[str, str]] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        (first,) = opened(open_, ATTACKER, range(7, 8))
        opened(open_, OTHER, range(1, 2))
        seen.append((scope["type"], first.ended))
        if scope["type"] == "websocket":
            raise RuntimeError("broken")

    async def nothing(*_: Any) -> Any: ...

    guarded = AnsweredRequests(app, open_)
    scope = {"type": "http", "client": (ATTACKER, 3)}
    (first,) = opened(open_, ATTACKER, range(3, 4))
    await guarded(scope, nothing, nothing)
    # It was not closed for the connection that came meanwhile, and takes its turn again after that one.
    assert which_ended([first]) == []
    with pytest.raises(RuntimeError):
        await guarded({**scope, "type": "websocket"}, nothing, nothing)
    await guarded({"type": "lifespan"}, nothing, nothing)
    assert [kind for kind, _ in seen] == ["http", "websocket", "lifespan"]
    opened(open_, ATTACKER, range(8, 9))
    assert which_ended([first]) == [0]


async def test_what_was_sent_ahead_on_a_connection_that_is_lost_is_not_answered_and_ends_it() -> None:
    open_ = connections()
    served: list[Any] = []
    sent: list[Any] = []

    async def app(scope: Scope, receive: Any, send: Any) -> None:
        served.append(scope["client"])

    async def send(message: Any) -> None:
        sent.append(message)

    async def ask(kind: str = "http") -> None:
        await guarded({"type": kind, "client": (ATTACKER, 3)}, nothing, send)

    async def nothing() -> Any: ...

    guarded = AnsweredRequests(app, open_)
    # One that was never counted is served: what is not known is not taken for lost.
    await ask()
    opened(open_, ATTACKER, range(3, 4))
    await ask()
    assert (len(served), sent) == (2, [])
    open_.closed((ATTACKER, 3))
    await ask()
    assert len(served) == 2
    assert (b"connection", b"close") in sent[0]["headers"]
    await ask("websocket")
    assert len(served) == 3
    # The address and port may be another connection's by then.
    opened(open_, ATTACKER, range(3, 4))
    await ask()
    assert len(served) == 4


async def test_lost_connections_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(connection_limits, "MOST_LOST", 2)
    open_ = connections(most_of_client=0)
    opened(open_, ATTACKER, range(3))
    for port in range(3):
        open_.closed((ATTACKER, port))
    assert [open_.is_lost((ATTACKER, port)) for port in range(3)] == [False, True, True]
    assert not open_.is_lost(None)


async def test_a_counted_connection_passes_everything_on() -> None:
    told: list[str] = []

    class Server(asyncio.Protocol):
        def connection_made(self, transport: Any) -> None:
            told.append("made")

        def connection_lost(self, exc: Exception | None) -> None:
            told.append("lost")

        def data_received(self, data: bytes) -> None:
            told.append(data.decode())

        def eof_received(self) -> bool:
            told.append("eof")
            return True

        def pause_writing(self) -> None:
            told.append("pause")

        def resume_writing(self) -> None:
            told.append("resume")

    class Noted(Connections):
        def closed(self, peer: Peer) -> None:
            told.append(f"closed {peer[1]}")

    protocol = counted(Server, Noted(1, PROXIES))()
    protocol.connection_made(FakeTransport((ATTACKER, 5)))
    protocol.data_received(b"data")
    protocol.pause_writing()
    protocol.resume_writing()
    assert protocol.eof_received()
    protocol.connection_lost(None)
    nameless = counted(Server, Noted(1, PROXIES))()
    nameless.connection_made(FakeTransport(None))
    nameless.connection_lost(None)
    assert told == ["made", "data", "pause", "resume", "eof", "closed 5", "lost", "made", "lost"]


async def test_a_worker_that_ends_closes_those_that_wait_and_the_others_when_they_are_answered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(connection_limits, "ANSWERED_S", 0.0)
    open_ = connections()
    transports = opened(open_, OTHER, range(3))
    open_.request_began((OTHER, 1))
    open_.request_began((OTHER, 2))
    open_.end()
    assert which_ended(transports) == [0]
    open_.request_ended((OTHER, 1))
    assert which_ended(transports) == [0]
    await asyncio.sleep(0.01)
    assert which_ended(transports) == [0, 1]
    open_.closed((OTHER, 2))
    transports += opened(open_, OTHER, range(3, 4))
    await asyncio.sleep(0.01)
    assert which_ended(transports) == [0, 1, 3]
