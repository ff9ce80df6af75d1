"""What a piece of audio probably says, found again where the model writes something else. Pure.

A piece that is read takes a tenth of the time of one that is found, so that a wrong guess costs little.
"""

from collections.abc import Sequence

NEAR = (0, 1, -1, 2, -2, 3)
"""How far from where it is expected a piece is looked for, the likeliest first: the model may write one piece in place
of one or of several, or another one between two."""

AHEAD = 4
"""How many pieces are tried at once behind one that was not expected: of more, most are read in vain where the model
goes on to write something else."""


class Draft:
    """The pieces that probably follow, for one piece of audio."""

    __slots__ = ("_at", "_is_wrong", "_pieces")

    def __init__(self, pieces: Sequence[int]) -> None:
        self._pieces = tuple(pieces)
        self._at = 0
        self._is_wrong = False

    @property
    def rest(self) -> tuple[int, ...]:
        """What probably follows what was written so far: all of it, or a part behind what was not expected."""
        return self._pieces[self._at :][: AHEAD if self._is_wrong else None]

    def follow(self, written: Sequence[int]) -> None:
        """Note the next pieces that the model has written, as guessed or not."""
        for piece in written:
            self._is_wrong = self._is_wrong or self._pieces[self._at : self._at + 1] != (piece,)
            places = (self._at + by for by in NEAR if 0 <= self._at + by < len(self._pieces))
            self._at = 1 + next((place for place in places if self._pieces[place] == piece), self._at)
