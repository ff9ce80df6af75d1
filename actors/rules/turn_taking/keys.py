"""What telephone keys mean: when the keys that a user presses are one input."""

from typing import Annotated

import msgspec
from msgspec import Meta

KEYS = frozenset("0123456789*#ABCD")


MAX_KEYS = 32
"""An input is complete with so many keys, whatever is expected: more than any number that is asked for has."""


class KeyPattern(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The input is complete when it has `length` keys (0: up to `MAX_KEYS`), at the terminator, or after a wait."""

    length: Annotated[int, Meta(ge=0, le=MAX_KEYS)] = 0
    terminator: Annotated[str, Meta(pattern=r"^[0-9*#A-D]?$")] = "#"
    """A key that ends the input and is not part of it; empty for none."""
    wait_s: Annotated[float, Meta(ge=0.5, le=60)] = 2.0
    """The pause after a key that ends the input."""

    def complete(self, keys: str) -> bool:
        """Whether nothing more is to be waited for."""
        return len(keys) >= (self.length or MAX_KEYS)


ANY_KEYS = KeyPattern()
