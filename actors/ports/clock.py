"""TODO docstring."""

from typing import Protocol

from actors.ports.recipient import M_contra, Recipient


class Timer(Protocol):
    """A message due later."""

    def cancel(self) -> None:
        """Make sure that the message is not told; harmless when it already was."""
        ...


class Clock(Protocol):
    """The only source of time."""

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
    """The only source of chance and of identifiers."""

    def token(self, prefix: str = "") -> str:
        """A new unguessable identifier, URL-safe, behind `prefix`."""
        ...

    def uniform(self, low: float, high: float) -> float:
        """A number between `low` and `high`."""
        ...
