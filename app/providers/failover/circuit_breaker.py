"""When a provider is not asked any more, and when it is asked again. Pure: time is passed in.

CLOSED     asked; becomes OPEN when enough of what was asked within the window failed
OPEN       not asked, for a while
HALF_OPEN  one is let in to try; how that goes decides between CLOSED and OPEN, for twice as long

A breaker saves time for another provider. Where there is none it must not refuse anybody: `ask_anyway` makes a probe of
each request that has nowhere else to go.
"""

from collections import deque
from enum import StrEnum

import msgspec

from actors.ports.clock import Random

MOST_OUTCOMES = 1_000
"""The most requests that are judged, the latest ones, however many there were in the window."""


class BreakerState(StrEnum):
    """Whether a provider is asked: always, not for now, or once to see whether it works again."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half_open"


class BreakerPolicy(msgspec.Struct, frozen=True):
    """Opens at so many failures within the window, if they are at least such a share of all that was asked."""

    failures: int = 3
    share: float = 0.5
    window_s: float = 30.0
    open_s: float = 10.0
    most_open_s: float = 120.0
    jitter: float = 0.2
    """The share by which open times vary, up or down, so that workers do not all try again at the same time."""
    probe_s: float = 20.0
    """Seconds after which a probe without an outcome counts as lost, so that another request may be the probe."""


class CircuitBreaker:
    """Says whether one provider may be asked, by how it did before. All times are seconds on one monotonic scale."""

    def __init__(self, random: Random, policy: BreakerPolicy | None = None) -> None:
        self._policy = policy or BreakerPolicy()
        self._random = random
        self._outcomes: deque[tuple[float, bool]] = deque(maxlen=MOST_OUTCOMES)
        self._state = BreakerState.CLOSED
        self._until = 0.0
        self._open_until = 0.0
        self._openings = 0

    @property
    def state(self) -> BreakerState:
        """As it was left; an OPEN one whose time is over is still that until somebody asks."""
        return self._state

    @property
    def openings(self) -> int:
        """How often it has opened since it was last closed; a probe made by `ask_anyway` that fails is none."""
        return self._openings

    def opens_in_s(self, now: float) -> float:
        """How long an OPEN one lets nobody in; 0 if it is not."""
        return max(0.0, self._until - now) if self._state is BreakerState.OPEN else 0.0

    def recent_failures(self, now: float) -> int:
        """How many requests failed within the last `window_s` seconds of the policy."""
        self._forget(now)
        return sum(failed for _, failed in self._outcomes)

    def admit(self, now: float) -> bool:
        """Return whether the provider may be asked; a request after the open time is let in as a probe.

        Whoever asks the provider has to tell the breaker how that went.
        """
        match self._state:
            case BreakerState.CLOSED:
                return True
            case BreakerState.OPEN | BreakerState.HALF_OPEN:
                if now < self._until:
                    return False
                self._state = BreakerState.HALF_OPEN
                self._until = now + self._policy.probe_s
                return True

    def ask_anyway(self, now: float) -> None:
        """Let one in that was not admitted, since there is nobody else to ask. Its success closes the breaker; its
        failure leaves it open for as long as it was."""
        if self._state is BreakerState.OPEN:
            self._state = BreakerState.HALF_OPEN
            self._until = now + self._policy.probe_s

    def succeeded(self, now: float) -> None:
        """Count an answer of the provider; after one, a half-open breaker closes."""
        match self._state:
            case BreakerState.CLOSED:
                self._note(now, failed=False)
            case BreakerState.HALF_OPEN:
                self._state = BreakerState.CLOSED
                self._openings = 0
                self._open_until = 0.0
                self._outcomes.clear()
            case BreakerState.OPEN:
                return  # how requests went before the provider was down says nothing of how it is

    def failed(self, now: float, retry_after_s: float | None = None) -> None:
        """Note that the provider failed; a breaker that this opens stays open at least as long as the provider asks."""
        match self._state:
            case BreakerState.CLOSED:
                self._note(now, failed=True)
                failures, outcomes = self.recent_failures(now), len(self._outcomes)
                if failures >= self._policy.failures and failures >= self._policy.share * outcomes:
                    self._open(now, retry_after_s or 0.0)
            case BreakerState.HALF_OPEN if now < self._open_until:
                self._state, self._until = BreakerState.OPEN, self._open_until
            case BreakerState.HALF_OPEN:
                self._open(now, retry_after_s or 0.0)
            case BreakerState.OPEN:
                return

    def given_up(self, now: float) -> None:
        """Note that the provider was asked, and nobody waited for the answer: another request may try it."""
        if self._state is BreakerState.HALF_OPEN:
            self._until = now

    def _open(self, now: float, at_least_s: float) -> None:
        policy = self._policy
        usual_s = min(policy.open_s * 2**self._openings, policy.most_open_s)
        usual_s *= self._random.uniform(1 - policy.jitter, 1 + policy.jitter)
        self._state = BreakerState.OPEN
        self._until = self._open_until = now + max(usual_s, min(at_least_s, policy.most_open_s))
        self._openings += 1
        self._outcomes.clear()

    def _note(self, now: float, *, failed: bool) -> None:
        self._outcomes.append((now, failed))
        self._forget(now)

    def _forget(self, now: float) -> None:
        while self._outcomes and now - self._outcomes[0][0] > self._policy.window_s:
            self._outcomes.popleft()
