"""How often a child may be restarted. Pure: time is passed in."""

import msgspec


class RestartPolicy(msgspec.Struct, frozen=True):
    """At most `restarts` within `within_s` seconds, each after a pause that doubles from `backoff_s`."""

    restarts: int = 3
    within_s: float = 10.0
    backoff_s: float = 0.0
    longest_backoff_s: float = 2.0


class Restart(msgspec.Struct, frozen=True):
    """Start the child again after `delay_s`."""

    delay_s: float


class Escalate(msgspec.Struct, frozen=True):
    """The budget is spent: the parent has to deal with it."""


class RestartBudget:
    """The budget of one child."""

    def __init__(self, policy: RestartPolicy) -> None:
        self._policy = policy
        self._at: list[float] = []

    def decide(self, now: float) -> Restart | Escalate:
        """The child failed at `now` (seconds, any monotonic scale)."""
        policy = self._policy
        self._at = [at for at in self._at if now - at < policy.within_s]
        if len(self._at) >= policy.restarts:
            return Escalate()
        self._at.append(now)
        # The first restart is immediate: a caller is waiting, and most failures do not come twice.
        doublings = len(self._at) - 2
        delay_s = 0.0 if doublings < 0 else policy.backoff_s * 2**doublings
        return Restart(min(delay_s, policy.longest_backoff_s))
