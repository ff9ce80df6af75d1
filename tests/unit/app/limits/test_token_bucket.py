"""A rate with a burst."""

import pytest

from app.limits.token_bucket import TokenBucket


def test_a_minutes_worth_at_once_then_by_and_by() -> None:
    bucket = TokenBucket(60, now=100.0)
    for _ in range(60):
        assert bucket.wait_s(100.0) == 0
        bucket.take(100.0)
    assert bucket.wait_s(100.0) == pytest.approx(1.0)
    assert bucket.wait_s(100.5) == pytest.approx(0.5)
    assert bucket.wait_s(101.0) == 0


def test_a_wait_that_was_waited_is_over() -> None:
    bucket = TokenBucket(7, now=0.0)
    now = 0.0
    for _ in range(1_000):
        now += bucket.wait_s(now)
        assert bucket.wait_s(now) == 0
        bucket.take(now)
    assert now == pytest.approx((1_000 - 7) * 60 / 7, rel=0.01)


def test_rest_saves_up_no_more_than_a_minute() -> None:
    bucket = TokenBucket(2, now=0.0)
    for _ in range(2):
        bucket.take(1e6)
    assert bucket.wait_s(1e6) == pytest.approx(30.0)


def test_a_debt_is_no_greater_than_a_minute() -> None:
    bucket = TokenBucket(1_000, now=0.0)
    bucket.take(0.0, 1e9)
    assert 60 < bucket.wait_s(0.0) < 61


def test_a_clock_that_goes_back_gives_nothing() -> None:
    bucket = TokenBucket(60, now=10.0)
    bucket.take(10.0, 60)
    bucket.wait_s(5.0)
    assert bucket.wait_s(10.0) == pytest.approx(1.0)
