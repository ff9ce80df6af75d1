"""A session of a speech-to-speech model that raises is lost, and nothing else is."""

import asyncio
from collections.abc import Callable
from typing import Any

import pytest

from actors.conversation import ChatMessage, Role
from actors.ports import realtime as port
from actors.ports.realtime_events import RealtimeClosed
from actors.session.realtime.guarded_realtime import NOT_TAKEN, GuardedRealtimeSession

Order = Callable[[GuardedRealtimeSession], object]

ORDERS: dict[str, Order] = {
    "append": lambda session: session.append(b"ab"),
    "commit": lambda session: session.commit(),
    "clear": lambda session: session.clear(),
    "add": lambda session: session.add(ChatMessage(role=Role.USER, text="hello", turn=1)),
    "respond": lambda session: session.respond(port.ResponseRequest()),
    "cancel": lambda session: session.cancel("r"),
    "truncate": lambda session: session.truncate("i", 1.0),
    "delete": lambda session: session.delete("i"),
    "update": lambda session: session.update(port.SessionChanges()),
}


class Careless:
    """A session that notes what it is told, and raises `error` at one operation."""

    def __init__(self, raises_at: str = "", error: type[BaseException] = RuntimeError) -> None:
        self.told: list[str] = []
        self._raises_at = raises_at
        self._error = error

    def __getattr__(self, name: str) -> Any:
        def operation(*_: object) -> int:
            self.told.append(name)
            if name == self._raises_at:
                raise self._error("what was said")
            return 7

        return operation

    async def close(self) -> None:
        self.told.append("close")


def guarded(session: Careless) -> tuple[GuardedRealtimeSession, list[RealtimeClosed]]:
    reported: list[RealtimeClosed] = []
    return GuardedRealtimeSession(session, reported.append), reported


@pytest.mark.parametrize("name", ORDERS)
def test_an_order_is_passed_on(name: str) -> None:
    session = Careless()
    guard, reported = guarded(session)
    assert ORDERS[name](guard) == (7 if name == "respond" else None)
    assert (session.told, reported) == ([name], [])


@pytest.mark.parametrize("error", [RuntimeError, SystemExit, KeyboardInterrupt, GeneratorExit, asyncio.CancelledError])
@pytest.mark.parametrize("name", ORDERS)
def test_one_that_raises_is_the_end_of_the_session_which_is_told_once(name: str, error: type[BaseException]) -> None:
    session = Careless(name, error)
    guard, reported = guarded(session)
    for order in (ORDERS[name], *ORDERS.values()):
        order(guard)
    assert session.told == [name]
    (closed,) = reported
    assert error.__name__ in closed.detail
    assert name in closed.detail
    assert "what was said" not in closed.detail
    assert guard.respond(port.ResponseRequest()) == NOT_TAKEN


@pytest.mark.parametrize("answer", [None, "7"])
def test_an_order_without_a_number_is_answered_by_none(answer: object) -> None:
    session = Careless()
    session.__dict__["respond"] = lambda _: answer
    guard, _ = guarded(session)
    assert guard.respond(port.ResponseRequest()) == NOT_TAKEN


def test_it_can_be_closed_when_it_is_over() -> None:
    session = Careless("append")
    guard, _ = guarded(session)
    ORDERS["append"](guard)
    asyncio.run(guard.close())
    assert session.told == ["append", "close"]
