"""Conversations on the engines of this machine are understood, answered and interrupted."""

from tests.load.local import Heard, line, measure, row_of
from tests.load.servers import LOCAL

ATTEMPTS = 3
"""On a busy machine a caller may speak when the greeting is over already, and has nobody to interrupt."""


def test_callers_are_understood_and_obeyed() -> None:
    for _ in range(ATTEMPTS):
        row = measure(LOCAL, 2, 8.0)
        assert row.calls == 2
        assert row.answers > 0
        if row.final_ms.max > 0 and row.stop_ms.max > 0:
            return
    raise AssertionError(row)


def test_a_row_has_what_all_callers_have_measured() -> None:
    row = row_of("local", [Heard(final_ms=[100.0], answers=1), Heard(final_ms=[300.0], stop_ms=[50.0], unanswered=1)])
    assert (row.calls, row.final_ms.max, row.stop_ms.p50, row.answers, row.unanswered) == (2, 300.0, 50.0, 1, 1)
    assert line(row).startswith("local: 2 calls, final after the end of voice 300 / 300 / 300, stop after the onset 50")
