"""Whether the clock of Redis was set is told from what this machine's clock says of the time between two readings."""

import pytest

from app.cluster.redis_clock import RedisClock

EPOCH_MS = 1.8e12


@pytest.mark.parametrize(
    ("told_ms", "asked_s", "answered_s", "expected_ms"),
    [
        (500.0, 10.5, 10.51, 0.0),
        (900.0, 10.5, 10.51, 0.0),
        (3_500.0, 10.5, 10.51, 2_990.0),
        (-2_500.0, 10.5, 10.51, -2_990.0),
        (3_600_000.0, 10.5, 10.51, 3_599_490.0),
        # The question was under way for so long that any reading may be right.
        (9_000.0, 10.5, 20.0, 0.0),
        (-500.0, 9.4, 9.41, 0.0),
    ],
)
def test_a_reading_that_cannot_be_right_is_noticed(
    told_ms: float, asked_s: float, answered_s: float, expected_ms: float
) -> None:
    clock = RedisClock()
    assert clock.set_by_ms(EPOCH_MS, 10.0, 10.01) == 0.0, "nothing is known before"
    assert clock.set_by_ms(EPOCH_MS + told_ms, asked_s, answered_s) == pytest.approx(expected_ms)
    assert clock.set_by_ms(EPOCH_MS + told_ms + 500, asked_s + 0.5, answered_s + 0.5) == 0.0, "it was told of"


def test_readings_that_are_told_of_in_another_order_are_all_right() -> None:
    clock = RedisClock()
    assert clock.set_by_ms(EPOCH_MS + 4_000, 14.0, 14.1) == 0.0
    assert clock.set_by_ms(EPOCH_MS, 9.95, 14.2) == 0.0
    assert clock.set_by_ms(EPOCH_MS + 4_300, 14.3, 14.4) == 0.0
