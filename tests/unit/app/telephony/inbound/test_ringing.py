"""An order about a call that rings is given until it is taken, as long as there is somebody to give it about."""

import asyncio
from typing import Any
from unittest.mock import AsyncMock

import pytest

from actors.runtime.clock import run_virtual
from app.telephony.errors import CallControlError, Trouble
from app.telephony.inbound.ringing import RINGS_S, WAITS_S, ordered


def refusal(trouble: Trouble, retry_after_s: float | None = None) -> CallControlError:
    return CallControlError(trouble, "reject: status 429", retry_after_s=retry_after_s)


def outcome(*answers: Any, within_s: float = RINGS_S) -> tuple[CallControlError | None, int, float]:
    """What came of an order with these answers, the last one for ever: the refusal, how often, and after how long."""
    give = AsyncMock(side_effect=[*answers[:-1], *[answers[-1]] * 1_000])

    async def main() -> tuple[CallControlError | None, int, float]:
        refused = await ordered(give, within_s)
        return refused, give.await_count, asyncio.get_running_loop().time()

    return run_virtual(main())


def test_an_order_that_is_taken_is_given_once() -> None:
    assert outcome(None)[:2] == (None, 1)


def test_one_that_is_not_taken_is_given_again_no_sooner_than_the_network_asks() -> None:
    busy = refusal(Trouble.THROTTLED, 2.0)
    refused, times, took_s = outcome(busy, refusal(Trouble.UNAVAILABLE), None)
    assert (refused, times) == (None, 3)
    assert took_s == pytest.approx(2.0 + WAITS_S[1], abs=0.1)


@pytest.mark.parametrize("trouble", [Trouble.REJECTED, Trouble.UNAUTHORIZED, Trouble.CONFLICT])
def test_one_that_is_refused_for_good_is_not_given_again(trouble: Trouble) -> None:
    refused, times, _ = outcome(refusal(trouble))
    assert refused is not None
    assert (refused.trouble, times) == (trouble, 1)


def test_where_nobody_rings_any_more_nothing_is_left_to_be_done() -> None:
    assert outcome(refusal(Trouble.UNAVAILABLE), refusal(Trouble.NOT_FOUND))[:2] == (None, 2)


@pytest.mark.parametrize("retry_after_s", [None, 3.0, 600.0])
def test_it_is_given_up_when_nobody_lets_it_ring_any_more(retry_after_s: float | None) -> None:
    refused, times, took_s = outcome(refusal(Trouble.THROTTLED, retry_after_s), within_s=20)
    assert refused is not None
    assert took_s < 20
    assert times == (1 if retry_after_s == 600 else pytest.approx(20 / (retry_after_s or WAITS_S[-1]), abs=4))
