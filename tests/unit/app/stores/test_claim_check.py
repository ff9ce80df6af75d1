"""A loop that stood still: nothing is sent until the store has been asked, and then what waited goes on."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest

from actors.errors import ErrorKind, StoreError
from app.stores import claim_check
from app.stores.claim_check import FROZEN_S, LEASE_S, ClaimCheck, boot_time_s


class Store:
    """Answers when it is let; the clock is moved by hand."""

    def __init__(self) -> None:
        self.now_s = 100.0
        self.asked = 0
        self.failures = 0
        self.was_asked = asyncio.Event()
        self.may_answer = asyncio.Event()
        self.went_on = asyncio.Event()

    async def ask(self) -> None:
        self.asked += 1
        self.was_asked.set()
        if self.failures:
            self.failures -= 1
            raise StoreError(ErrorKind.UNAVAILABLE, "gone")
        await self.may_answer.wait()


@asynccontextmanager
async def checking() -> AsyncIterator[tuple[Store, ClaimCheck]]:
    store = Store()
    check = ClaimCheck(store.ask, lambda: store.now_s)
    check.start()
    try:
        async with asyncio.timeout(30):
            yield store, check
    finally:
        check.stop()


async def test_a_loop_that_turns_asks_nothing() -> None:
    async with checking() as (store, check):
        for _ in range(10):
            store.now_s += FROZEN_S * 0.9
            assert not check.wait_if_shut(store.went_on.set)
        assert store.asked == 0


async def test_after_a_freeze_all_wait_until_the_store_has_answered_and_are_called_once() -> None:
    async with checking() as (store, check):
        calls: list[int] = []
        store.now_s += FROZEN_S

        def go_on() -> None:
            calls.append(store.asked)

        assert check.wait_if_shut(go_on)
        assert check.wait_if_shut(go_on)
        await asyncio.sleep(0.01)
        assert (store.asked, calls) == (1, [])
        store.may_answer.set()
        await asyncio.sleep(0.01)
        assert calls == [1]
        assert not check.wait_if_shut(go_on)


async def test_a_freeze_in_which_nothing_is_sent_is_seen_by_the_timer(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(claim_check, "LOOK_S", 0.01)
    async with checking() as (store, check):
        store.now_s += 60
        await store.was_asked.wait()
        assert check.wait_if_shut(store.went_on.set)
        store.may_answer.set()
        await store.went_on.wait()


async def test_an_answer_of_before_a_second_freeze_does_not_count() -> None:
    async with checking() as (store, check):
        store.now_s += FROZEN_S
        assert check.wait_if_shut(store.went_on.set)
        await asyncio.sleep(0.01)
        store.now_s += FROZEN_S
        store.may_answer.set()
        await store.went_on.wait()
        assert store.asked == 2


async def test_a_store_that_fails_at_first_is_asked_again() -> None:
    async with checking() as (store, check):
        store.failures = 2
        store.may_answer.set()
        store.now_s += FROZEN_S
        assert check.wait_if_shut(store.went_on.set)
        await store.went_on.wait()
        assert store.asked == 3


async def test_conversations_go_on_when_the_store_does_not_answer(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(claim_check, "ASK_S", 0.05)
    async with checking() as (store, check):
        store.now_s += FROZEN_S
        assert check.wait_if_shut(store.went_on.set)
        await store.went_on.wait()
        assert not check.wait_if_shut(store.went_on.set)
    assert [each.levelname for each in caplog.records] == ["WARNING"]


async def test_whoever_stood_still_past_its_lease_says_nothing_before_it_is_known(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(claim_check, "ASK_S", 0.0)
    async with checking() as (store, check):
        store.failures = 3
        store.may_answer.set()
        store.now_s += LEASE_S
        assert check.wait_if_shut(store.went_on.set)
        await store.went_on.wait()
        assert store.asked == 4
        # A shorter one thereafter is a shorter one.
        store.went_on.clear()
        store.failures = 3
        store.now_s += FROZEN_S
        assert check.wait_if_shut(store.went_on.set)
        await store.went_on.wait()
        assert store.asked < 8


async def test_whatever_else_is_to_be_asked_is_asked_too() -> None:
    async with checking() as (store, check):
        asked: list[int] = []

        async def more() -> None:
            asked.append(store.asked)

        check.also(more)
        store.may_answer.set()
        store.now_s += FROZEN_S
        assert check.wait_if_shut(store.went_on.set)
        await store.went_on.wait()
        assert asked == [1]


async def test_one_that_fails_keeps_no_other_from_going_on() -> None:
    async with checking() as (store, check):
        store.now_s += FROZEN_S

        def fail() -> None:
            raise ValueError

        assert check.wait_if_shut(fail)
        assert check.wait_if_shut(store.went_on.set)
        store.may_answer.set()
        await store.went_on.wait()


def test_the_clock_goes_on() -> None:
    assert boot_time_s() <= boot_time_s()
