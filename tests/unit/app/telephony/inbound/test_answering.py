"""Announced calls: each is dealt with once, and no more at a time than an unwilling network may cause."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock, Mock

import pytest

from app.telephony.counts import TelephonyCounts
from app.telephony.inbound import answering
from app.telephony.inbound.answering import EVENT_IDS_KEPT, Answering
from app.telephony.inbound.incoming_call import IncomingCall
from tests.unit.app.telephony.call_kit import on_virtual_time

MOST = 5


def begun(monkeypatch: pytest.MonkeyPatch) -> tuple[Answering, Any, asyncio.Event]:
    """A worker that finds out at once whose call it is, or, until the event is set, not at all."""
    monkeypatch.setattr(answering, "MOST_UNDER_WAY", MOST)
    goes_on = asyncio.Event()

    async def is_ours(_: str) -> bool:
        await goes_on.wait()
        return False

    switchboard, new_calls = Mock(counts=TelephonyCounts()), Mock(is_ours=AsyncMock(side_effect=is_ours))
    switchboard.log.of_announcement.return_value = None
    new_calls.capacity.left = 100
    return Answering(Mock(), Mock(), Mock(), new_calls, switchboard), switchboard, goes_on


def call(number: int) -> IncomingCall:
    return IncomingCall(handle=f"context-{number}", event_id=f"event-{number}")


def test_no_more_calls_are_dealt_with_at_a_time_than_the_bound(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    async def act() -> None:
        it, switchboard, goes_on = begun(monkeypatch)
        waiting = [asyncio.create_task(it.take(call(number))) for number in range(MOST)]
        await asyncio.sleep(0)
        for number in range(MOST, 3 * MOST):
            assert await it.take(call(number)) is None
            assert not it.take_passed_on(call(number))
        assert len(it._under_way) == MOST
        assert switchboard.counts.refused_calls == 2 * MOST
        assert "an incoming call is not answered: the network takes no order" in caplog.text
        assert "context" not in caplog.text
        # A repeated announcement of one of them waits for what becomes of that one.
        again = asyncio.create_task(it.take(call(0)))
        goes_on.set()
        await asyncio.gather(*waiting, again)
        assert it._under_way == {}
        assert switchboard.counts.refused_calls == 2 * MOST
        await it.take(call(3 * MOST))
        assert switchboard.counts.refused_calls == 2 * MOST

    on_virtual_time(act)


def test_ids_of_events_are_remembered_up_to_a_bound(monkeypatch: pytest.MonkeyPatch) -> None:
    async def act() -> None:
        it, _, goes_on = begun(monkeypatch)
        goes_on.set()
        for number in range(EVENT_IDS_KEPT + 10):
            await it.take(call(number))
        assert len(it._of_event) == EVENT_IDS_KEPT
        assert it._under_way == {}

    on_virtual_time(act)
