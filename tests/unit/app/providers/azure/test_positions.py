"""Positions in what the service was sent, and in what the caller said, differ by the silence that was added."""

import pytest

from app.providers.azure.stt.positions import KEPT, Positions


def test_without_added_silence_both_are_the_same_but_for_the_beginning() -> None:
    positions = Positions(1_000)
    positions.sent(500)
    assert positions.of_caller(0) == 1_000
    assert positions.of_caller(200) == 1_200
    assert positions.caller_ms == 1_500


def test_all_of_an_added_silence_is_where_it_was_added() -> None:
    positions = Positions()
    positions.sent(400)
    positions.added(300)
    positions.sent(600)
    assert [positions.of_caller(ms) for ms in (400, 500, 700, 900)] == [400, 400, 400, 600]
    assert (positions.sent_ms, positions.caller_ms) == (1_300, 1_000)


def test_nothing_lies_before_the_beginning_or_after_what_was_said() -> None:
    positions = Positions(100)
    positions.sent(200)
    assert positions.of_caller(-50) == 100
    assert positions.of_caller(5_000) == 300


def test_gaps_that_are_forgotten_one_by_one_still_count() -> None:
    positions = Positions()
    for _ in range(KEPT + 10):
        positions.sent(100)
        positions.added(50)
    assert positions.of_caller(positions.sent_ms) == pytest.approx(positions.caller_ms)
    assert len(positions._gaps) == KEPT
