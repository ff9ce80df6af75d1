"""A rate with a burst, as a token bucket. Pure: the time is an argument, in seconds."""

NOTHING = 1e-6
"""Less than this of a token is a rounding error."""


class TokenBucket:
    """Holds at most `per_minute` tokens and gains as many in a minute; it begins full."""

    __slots__ = ("_at", "_per_minute", "_tokens")

    def __init__(self, per_minute: float, now: float) -> None:
        self._per_minute = per_minute
        self._tokens = float(per_minute)
        self._at = now

    def wait_s(self, now: float) -> float:
        """Seconds until there is a whole token; 0 if there is one."""
        self._refill(now)
        missing = 1.0 - self._tokens
        return missing * 60 / self._per_minute if missing > NOTHING else 0.0

    def take(self, now: float, tokens: float = 1.0) -> None:
        """Take `tokens`, those of the future too: what costs more than was known before is paid for by waiting.

        No debt is greater than what a minute brings.
        """
        self._refill(now)
        self._tokens = max(self._tokens - tokens, -self._per_minute)

    def _refill(self, now: float) -> None:
        self._tokens = min(self._per_minute, self._tokens + max(0.0, now - self._at) * self._per_minute / 60)
        self._at = max(self._at, now)
