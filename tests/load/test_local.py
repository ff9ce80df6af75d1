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
            assert row.words_ms.max <= row.final_ms.max < row.answer_ms.max
            return
    raise AssertionError(row)


def test_a_row_has_what_all_callers_have_measured() -> None:
    row = row_of(
        "local",
        [
            Heard(words_ms=[80.0], final_ms=[100.0], answer_ms=[150.0], answers=1),
            Heard(words_ms=[200.0], final_ms=[300.0], answer_ms=[400.0], stop_ms=[50.0], unanswered=1),
        ],
    )
    assert (row.calls, row.final_ms.max, row.stop_ms.p50, row.answers, row.unanswered) == (2, 300.0, 50.0, 1, 1)
    assert line(row).startswith(
        "local: 2 calls, words after the end of voice 200 / 200 / 200, final 300 / 300 / 300, answer 400 / 400 / 400, "
        "stop after the onset 50"
    )
