"""Time and chance, which no rule may take from anywhere else, so that a session can run on virtual time."""

from typing import Protocol

from actors.ports.recipient import M_contra, Recipient


class Timer(Protocol):
    """A message that will be told later, and can be cancelled until then."""

    def cancel(self) -> None:
        """Make sure that the message is never told. Harmless when it was told already."""
        ...


class Clock(Protocol):
    """The only source of time for a session, real or virtual."""

    def now(self) -> float:
        """Seconds on a monotonic scale whose zero means nothing."""
        ...

    def wall(self) -> float:
        """Seconds since the epoch, for people and records; never for measuring."""
        ...

    def call_later(self, delay_s: float, address: Recipient[M_contra], message: M_contra) -> Timer:
        """Tell `message` to `address` after `delay_s` seconds, unless cancelled; a dead address is ignored."""
        ...


class Random(Protocol):
    """The only source of chance and of identifiers for a session."""

    def token(self, prefix: str = "") -> str:
        """A new unguessable identifier, URL-safe, behind `prefix`."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        ...
