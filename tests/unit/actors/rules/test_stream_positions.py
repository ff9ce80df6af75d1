"""Positions of a stream, through the gaps that the session's audio had."""

import math

import pytest

from actors.rules.stream_positions import MOST_GAPS, Positions, within


def test_a_stream_without_audio_shifts_nothing() -> None:
    assert Positions().beginning(20.0) == 20.0


def test_a_stream_begins_where_its_first_audio_does_and_goes_on_behind_each_gap() -> None:
    positions = Positions()
    positions.resumed(0.0, 1_000.0)
    positions.resumed(40.0, 9_000.0)
    assert [positions.beginning(at) for at in (0.0, 39.0, 40.0, 60.0)] == [1_000.0, 1_039.0, 9_000.0, 9_020.0]
    assert [positions.end(at) for at in (0.0, 40.0, 41.0)] == [1_000.0, 1_040.0, 9_001.0]


def test_a_stream_that_has_been_given_nothing_yet_may_begin_elsewhere() -> None:
    positions = Positions()
    positions.resumed(0.0, 1_000.0)
    positions.resumed(0.0, 3_000.0)
    assert [positions.beginning(0.0), positions.end(0.0), positions.end(20.0)] == [3_000.0, 3_000.0, 3_020.0]


def test_the_oldest_gaps_are_forgotten() -> None:
    positions = Positions()
    for gap in range(MOST_GAPS + 500):
        positions.resumed(gap * 20.0, gap * 100.0)
    last = MOST_GAPS + 499
    assert positions.beginning(last * 20.0) == last * 100.0
    assert len(positions._begins) == MOST_GAPS


@pytest.mark.parametrize(
    ("told", "placed"),
    [(700.0, 1_000.0), (5_000.0, 2_000.0), (1e9, 2_000.0), (math.nan, 2_000.0), (math.inf, 2_000.0), (None, 2_000.0)],
)
def test_no_position_lies_behind_what_the_stream_was_given(told: float, placed: float) -> None:
    positions = Positions()
    positions.resumed(0.0, 300.0)
    assert within(positions.end, told, 2_000.0) == placed
