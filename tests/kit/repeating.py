"""How often a test that is made up at random is repeated: all day less often than before a submission."""

import os

QUICK = bool(os.environ.get("QUICK"))
"""Set by `make unit`. Everything else repeats as often as the tests say."""
SHARE = 4


def times(count: int) -> int:
    """`count`, and a quarter of it while `make unit` is run."""
    return -(-count // SHARE) if QUICK else count
