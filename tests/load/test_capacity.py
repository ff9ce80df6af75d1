"""How many calls are carried is looked for by halves, and told as a ratio."""

import pytest

from tests.load.capacity import Carried, most_kept, table
from tests.load.row_kit import row


@pytest.mark.parametrize("carried", [0, 9, 10, 25, 40, 99])
def test_the_most_calls_at_which_the_promise_is_kept_are_found(carried: int) -> None:
    asked: list[int] = []

    def is_kept(calls: int) -> bool:
        asked.append(calls)
        return calls <= carried

    counts = range(10, 50, 10)
    assert most_kept(counts, is_kept) == max((each for each in counts if each <= carried), default=0)
    assert len(asked) <= 3


def test_the_ratio_is_told() -> None:
    one, two = Carried(1, 40, row(calls=40)), Carried(2, 76, row(calls=76, cpu_per_call=0.011))
    told = table(one, two)
    assert "two on two carry 1.90 times the calls of one on one" in told
    assert "a call costs 1.10 times the CPU there" in told
    assert "times" not in table(Carried(1, 0, None), Carried(2, 0, None))
