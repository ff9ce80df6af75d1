"""The limits of each client, and how much of them it has used. Pure: the time is an argument, in seconds.

A package that does this (`limits`) reads the clock itself and keeps an entry for whoever asks until a timer comes by;
here a client that makes up addresses fills nothing.
"""

from collections import Counter, OrderedDict
from collections.abc import Mapping, Sequence
from enum import StrEnum

from app.limits.token_bucket import TokenBucket

MAX_CLIENTS = 10_000
"""The most clients whose rates are kept; of more, the one that was idle longest is forgotten."""


class Rate(StrEnum):
    """What of a client is limited by how much there is of it in a minute."""

    CONNECTIONS = "connections"
    REQUESTS = "requests"
    TEXTS = "typed texts"
    MODEL_REQUESTS = "answers"
    MODEL_TOKENS = "model tokens"


class Hold(StrEnum):
    """What of a client is limited by how much there is of it at the same time."""

    SESSIONS = "conversations"
    RELAYS = "dashboards"


Client = Sequence[str]
"""The names under which a client is counted: its address, and its identity if that is known. None: it is not
limited."""


class ClientLimits:
    """Rates and holds of all clients. A limit of 0 means that there is none."""

    def __init__(
        self, per_minute: Mapping[Rate, int], at_once: Mapping[Hold, int], max_clients: int = MAX_CLIENTS
    ) -> None:
        self._per_minute = per_minute
        self._at_once = at_once
        self._max_clients = max_clients
        self._buckets: OrderedDict[str, dict[Rate, TokenBucket]] = OrderedDict()
        self._holds: Counter[tuple[str, Hold]] = Counter()

    def __len__(self) -> int:
        """How many clients are kept in mind."""
        return len(self._buckets)

    def wait_s(self, client: Client, rate: Rate, now: float) -> float:
        """Seconds until the client may do this again; 0 if it may now."""
        return max((bucket.wait_s(now) for bucket in self._of(client, rate, now)), default=0.0)

    def take(self, client: Client, rate: Rate, now: float, amount: float = 1.0) -> None:
        """Count that the client has done this."""
        for bucket in self._of(client, rate, now):
            bucket.take(now, amount)

    def may_hold(self, client: Client, what: Hold) -> bool:
        """Whether the client may have one more of these."""
        most = self._at_once[what]
        return not most or all(self._holds[name, what] < most for name in client)

    def hold(self, client: Client, what: Hold) -> None:
        """Count that the client has one more of these, until `release`."""
        for name in client:
            self._holds[name, what] += 1

    def release(self, client: Client, what: Hold) -> None:
        """Count that one of what `hold` has counted is over."""
        for name in client:
            self._holds[name, what] -= 1
            if self._holds[name, what] <= 0:
                del self._holds[name, what]

    def _of(self, client: Client, rate: Rate, now: float) -> list[TokenBucket]:
        per_minute = self._per_minute[rate]
        if not per_minute:
            return []
        found = []
        for name in client:
            buckets = self._buckets.setdefault(name, {})
            self._buckets.move_to_end(name)
            if rate not in buckets:
                buckets[rate] = TokenBucket(per_minute, now)
            found.append(buckets[rate])
        while len(self._buckets) > self._max_clients:
            self._buckets.popitem(last=False)
        return found
