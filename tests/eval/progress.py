"""How far a long measurement is, for whoever waits for it."""

import sys
import time
from collections.abc import Callable
from typing import TextIO

EVERY_S = 5.0

Report = Callable[[str], None]
"""Told what is being done."""


class Progress:
    """Called with what is being done; says it at most each five seconds, beside the table."""

    def __init__(self, out: TextIO = sys.stderr) -> None:
        self._out = out
        self._said_at = float("-inf")

    def __call__(self, what: str) -> None:
        """Say it, unless something was said a moment ago."""
        if time.monotonic() - self._said_at >= EVERY_S:
            self._said_at = time.monotonic()
            print(f"... {what}", file=self._out, flush=True)
