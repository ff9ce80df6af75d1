"""How often a test is repeated that is made up at random, or by a table of all faults in all places: all day less often
than before a submission."""

import os
from collections.abc import Iterable, Sequence
from typing import TypeVar

T = TypeVar("T")

QUICK = bool(os.environ.get("QUICK"))
"""Set by `make unit`. Everything else repeats as often as the tests say."""
SHARE = 4


def times(count: int) -> int:
    """`count`, and a quarter of it while `make unit` is run."""
    return -(-count // SHARE) if QUICK else count


def some(cases: Iterable[T]) -> Sequence[T]:
    """`cases`, and every fourth of them while `make unit` is run."""
    return list(cases)[:: SHARE if QUICK else 1]
