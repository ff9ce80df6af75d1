"""Request bodies are bounded in size and time, and every fault is answered by naming it."""

import asyncio
from collections.abc import Sequence
from http import HTTPStatus

import msgspec
import pytest
from starlette.requests import Request
from starlette.types import Message

from actors.runtime.clock import run_virtual
from app.api.problems import ProblemError
from app.api.requests import asked_of, body_of


class Order(msgspec.Struct):
    count: int = 1


def request(*parts: bytes, pause_s: float = 0.0, breaks_off: bool = False) -> Request:
    left: list[Message] = [{"type": "http.request", "body": part, "more_body": True} for part in parts]
    left.append({"type": "http.disconnect"} if breaks_off else {"type": "http.request", "body": b""})

    async def receive() -> Message:
        await asyncio.sleep(pause_s)
        return left.pop(0)

    return Request({"type": "http", "method": "POST", "path": "/", "query_string": b"", "headers": []}, receive)


def refused(request: Request, expected: type[object] = Order) -> ProblemError:
    with pytest.raises(ProblemError) as caught:
        run_virtual(asked_of(request, expected, 100))
    return caught.value


def test_a_body_in_pieces_is_put_together() -> None:
    assert run_virtual(body_of(request(b"ab", b"c", pause_s=1.0))) == b"abc"


@pytest.mark.parametrize("sizes", [(101,), (60, 60)])
def test_one_that_is_too_long_is_read_no_further(sizes: Sequence[int]) -> None:
    error = refused(request(*(b"x" * size for size in sizes)))
    assert (error.status, error.detail) == (HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "the body is over 100 bytes")
    assert error.headers == {"Connection": "close"}


def test_one_that_trickles_is_not_waited_for() -> None:
    error = refused(request(b"{", *[b" "] * 20, pause_s=1.0))
    assert (error.status, error.detail) == (HTTPStatus.REQUEST_TIMEOUT, "the body took longer than 10 s")
    assert error.headers == {"Connection": "close"}


def test_one_that_breaks_off_is_nobodys_fault_but_the_clients() -> None:
    assert refused(request(b"{", breaks_off=True)).status is HTTPStatus.BAD_REQUEST


@pytest.mark.parametrize(
    ("body", "status", "says"),
    [
        (b"{", HTTPStatus.BAD_REQUEST, "body"),
        (b"count", HTTPStatus.BAD_REQUEST, "body"),
        (b"[]", HTTPStatus.UNPROCESSABLE_ENTITY, "body: expected object, got array"),
        (b'{"count": "x"}', HTTPStatus.UNPROCESSABLE_ENTITY, "count: "),
    ],
)
def test_one_that_is_wrong_says_how(body: bytes, status: HTTPStatus, says: str) -> None:
    error = refused(request(body))
    assert error.status is status
    assert says in error.detail


def test_an_empty_one_may_stand_for_another() -> None:
    assert run_virtual(asked_of(request(b""), Order, empty=b"{}")) == Order(1)
    assert run_virtual(asked_of(request(b'{"count": 3}'), Order, empty=b"{}")) == Order(3)
