"""Chance and identifiers, from the operating system or from a seed."""

import random
import secrets


class SystemRandom:
    """`ports.Random` from the operating system."""

    def token(self, prefix: str = "") -> str:
        """A new identifier of 128 unguessable bits, URL-safe, behind `prefix`."""
        return prefix + secrets.token_urlsafe(16)

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        return random.uniform(low, high)


class SeededRandom:
    """`ports.Random` that repeats itself: for replays and tests, never for secrets."""

    def __init__(self, seed: int) -> None:
        self._random = random.Random(seed)

    def token(self, prefix: str = "") -> str:
        """The seed's next identifier behind `prefix`."""
        return f"{prefix}{self._random.getrandbits(128):032x}"

    def uniform(self, low: float, high: float) -> float:
        """The seed's next number between `low` and `high`."""
        return self._random.uniform(low, high)
