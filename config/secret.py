"""Holds a secret value so that nothing shows it by accident."""

import hmac


class Secret:
    """A value that no log, repr or traceback shows."""

    __slots__ = ("_value",)

    def __init__(self, value: str) -> None:
        self._value = value

    def reveal(self) -> str:
        """The value itself, for the one place that needs it."""
        return self._value

    def matches(self, candidate: str) -> bool:
        """Whether `candidate` is the value, compared in constant time so that the time taken tells nothing of it."""
        return hmac.compare_digest(self._value.encode(), candidate.encode())

    def __repr__(self) -> str:
        return "Secret(***)"
