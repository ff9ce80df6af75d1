"""What a piece of audio probably says, found again where the model writes something else. Pure.

A piece that is read takes a tenth of the time of one that is found, so that a wrong guess costs little.
"""

from collections.abc import Sequence

NEAR = (0, 1, -1, 2, -2, 3)
"""How far from where it is expected a piece is looked for, the likeliest first: the model may write one piece in place
of one or of several, or another one between two."""


class Draft:
    """The pieces that probably follow, for one piece of audio."""

    __slots__ = ("_at", "_pieces")

    def __init__(self, pieces: Sequence[int]) -> None:
        self._pieces = tuple(pieces)
        self._at = 0

    @property
    def rest(self) -> tuple[int, ...]:
        """What probably follows what was written so far."""
        return self._pieces[self._at :]

    def follow(self, written: Sequence[int]) -> None:
        """Note the next pieces that the model has written, as guessed or not."""
        for piece in written:
            places = (self._at + by for by in NEAR if 0 <= self._at + by < len(self._pieces))
            self._at = 1 + next((place for place in places if self._pieces[place] == piece), self._at)
