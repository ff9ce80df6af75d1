"""How far long work has come: one line of a terminal that is written over, and nothing where nobody looks on."""

# A library for this would be one more dependency of the product, for these few lines and one command.
import sys
from typing import TextIO

WIDTH = 24
_CLEAR = "\r\x1b[K"


class Progress:
    """A bar of so many steps on `stream`, by default standard error. Without a terminal it writes nothing.

    Clear it before anything else is written to the terminal; `advance` and `show` draw it anew.
    """

    def __init__(self, total: int, stream: TextIO | None = None) -> None:
        self.total = total
        """The number of pieces of work, which may grow as they are done."""
        self._stream = stream or sys.stderr
        self._is_seen = self._stream.isatty()
        self._done = 0

    def show(self) -> None:
        """Draw the line as it stands now."""
        if self._is_seen:
            filled = WIDTH * min(self._done, self.total) // max(self.total, 1)
            bar = "#" * filled + "-" * (WIDTH - filled)
            self._write(f"{_CLEAR}[{bar}] {self._done} of {self.total}")

    def advance(self) -> None:
        """Note that one step more is done."""
        self._done += 1
        self.show()

    def clear(self) -> None:
        """Take the line off the terminal."""
        if self._is_seen:
            self._write(_CLEAR)

    def _write(self, text: str) -> None:
        self._stream.write(text)
        self._stream.flush()
