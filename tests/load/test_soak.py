"""What passes for flat in a soak, and what does not."""

import math
import random
from collections.abc import Iterable

import pytest

from tests.load.row_kit import row
from tests.load.runs import Row, Spread
from tests.load.soak import Soak, faults, trend, verdict

ROUNDS = 20


def soak_of(rounds: Iterable[Row]) -> Soak:
    return Soak("a machine", "2026-11-21", "earshot", 25, 60.0, list(rounds))


def test_an_even_growth_is_found_for_certain() -> None:
    found = trend([3.0 + 0.5 * n for n in range(10)])
    assert found.slope == pytest.approx(0.5)
    assert found.error == pytest.approx(0.0, abs=1e-9)


def test_of_two_values_nothing_is_certain() -> None:
    assert trend([1.0, 9.0]).error == math.inf


def test_a_process_that_keeps_its_size_but_for_moods_is_flat() -> None:
    moods = random.Random(7)
    flat = soak_of(row(rss_mb=60.0 + moods.gauss(0.0, 0.4)) for _ in range(ROUNDS))
    assert faults(flat) == []
    assert "0 failures" in verdict(flat)


def test_what_grows_before_it_has_settled_does_not_count() -> None:
    assert faults(soak_of(row(rss_mb=40.0 if n < 2 else 60.0) for n in range(ROUNDS))) == []


def test_what_is_kept_of_the_last_thousand_calls_may_fill() -> None:
    grown = [row(rss_mb=40.0 + 2.0 * min(n, 20)) for n in range(60)]
    assert faults(Soak("a machine", "2026-11-21", "earshot", 50, 20.0, grown)) == []
    assert faults(Soak("a machine", "2026-11-21", "earshot", 200, 20.0, grown)) != []


def test_a_leak_shows_through_moods() -> None:
    moods = random.Random(7)
    grown = soak_of(row(rss_mb=60.0 + 0.4 * n + moods.gauss(0.0, 0.4)) for n in range(ROUNDS))
    assert [fault.split(" by ")[0] for fault in faults(grown)] == ["memory grows"]


@pytest.mark.parametrize(
    ("last", "fault"),
    [
        ({"descriptors": 50}, "descriptors grew from 40 to 50"),
        ({"threads": 9}, "threads grew from 3 to 9"),
        ({"failures": 1}, "calls failed"),
        ({"barge_in_ms": Spread(23.0, 23.0, 23.0, 23.0)}, "StopAudio took 20.0 ms at first and 23.0 ms at last"),
    ],
)
def test_what_is_worse_at_last_is_told(last: dict[str, object], fault: str) -> None:
    told = faults(soak_of(row(**last) if n >= ROUNDS - 5 else row() for n in range(ROUNDS)))
    assert len(told) == 1
    assert fault in told[0]
