"""How often a child may be restarted. Pure: time is passed in."""

import msgspec


class RestartPolicy(msgspec.Struct, frozen=True, kw_only=True):
    """At most `max_restarts` within `within_s` seconds: the first at once, each further one after twice the pause."""

    max_restarts: int = 3
    within_s: float = 10.0
    backoff_ms: int = 100
    max_backoff_ms: int = 2_000


class Restart(msgspec.Struct, frozen=True):
    """Start the child again, `delay_s` seconds from now."""

    delay_s: float


class Escalate(msgspec.Struct, frozen=True):
    """The budget is spent: the supervisor does not restart the child but fails or ends in its turn."""


class RestartBudget:
    """Counts how often one child was restarted lately, and says whether it may be restarted once more."""

    __slots__ = ("_policy", "_restarted_at", "restarts")

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._restarted_at: list[float] = []
        self.restarts = 0
        """How many restarts were granted so far, for operators."""

    def decide(self, now: float) -> Restart | Escalate:
        """Decide what follows on a failure of the child at `now`, in seconds on any scale that only grows."""
        policy = self._policy
        self._restarted_at = [at for at in self._restarted_at if now - at < policy.within_s]
        spent = len(self._restarted_at)
        if spent >= policy.max_restarts:
            return Escalate()
        self._restarted_at.append(now)
        self.restarts += 1
        # The first restart is immediate: a caller is waiting, and most failures do not come twice.
        delay_ms = min(policy.backoff_ms * 2 ** (spent - 1), policy.max_backoff_ms) if spent else 0
        return Restart(delay_ms / 1000)
