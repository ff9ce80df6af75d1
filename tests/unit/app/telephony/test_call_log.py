"""The calls of a worker: found by every name they have, and the oldest of those that are over are forgotten."""

import pytest

from actors.agent import Agent
from app.telephony import call_log
from app.telephony.call import Call, Direction
from app.telephony.call_log import CallLog
from protocol.calls import CallsQuery, CallState

AGENT = Agent(name="a", label="A")


def call(number: int, **names: str) -> Call:
    made = Call(
        secret=f"secret-{number}",
        session_id=f"session-{number}",
        direction=Direction.INBOUND,
        agent=AGENT,
        mode="media",
        caller="+15550100",
        created_at=float(number),
        announcement=names.get("announcement", ""),
    )
    made.identify(names.get("call_id", f"call-{number}"))
    made.server_call_id = names.get("server_call_id", "")
    return made


def log_of(*calls: Call) -> CallLog:
    log = CallLog()
    for one in calls:
        log.add(one)
    return log


async def test_a_call_is_found_by_each_of_its_names() -> None:
    one, other = call(1, announcement="ring", server_call_id="server"), call(2)
    log = log_of(one, other)
    assert log.of_secret("secret-1") is one
    assert log.of_id("call-1") is log.of_id("CALL-1") is one
    assert log.of_announcement("ring") is one
    assert log.of_server_call("server") is one
    assert log.of_session("session-2") is other
    assert log.of_secret("another") is None


async def test_no_call_has_an_empty_name() -> None:
    log = log_of(call(1, call_id=""))
    assert log.of_id("") is None
    assert log.of_announcement("") is None
    assert log.of_server_call("") is None


async def test_of_calls_with_the_same_name_the_newest_is_meant() -> None:
    first, second = call(1, call_id="same"), call(2, call_id="same")
    assert log_of(first, second).of_id("same") is second


async def test_a_call_that_is_over_has_no_session_and_is_not_live() -> None:
    one, other = call(1), call(2)
    log = log_of(one, other)
    one.change_state(CallState.DISCONNECTED, 5.0)
    assert log.live == [other]
    assert log.of_session("session-1") is None
    assert log.of_id("call-1") is log.of_id("CALL-1") is one


async def test_only_calls_that_are_over_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(call_log, "KEPT", 2)
    over = [call(number) for number in range(1, 5)]
    log = log_of(call(0), *over)
    for one in over:
        one.change_state(CallState.DISCONNECTED, 5.0)
    log.add(call(9))
    assert [log.of_id(f"call-{number}") is not None for number in range(5)] == [True, False, False, True, True]


async def test_pages_begin_with_the_newest_and_can_be_of_one_state() -> None:
    calls = [call(number) for number in range(5)]
    log = log_of(*calls)
    assert log.page(CallsQuery(page=1, limit=2)) == ([calls[4], calls[3]], 5)
    assert log.page(CallsQuery(page=3, limit=2)) == ([calls[0]], 5)
    calls[2].change_state(CallState.CONNECTED, 1.0)
    assert log.page(CallsQuery(status_filter=CallState.CONNECTED)) == ([calls[2]], 1)
