"""The providers of one port, in the order in which they are asked."""

import asyncio
import logging
from collections.abc import Hashable, Iterator, Sequence
from typing import Any, Generic, Protocol, TypeVar, runtime_checkable
from weakref import WeakSet

import msgspec
from opentelemetry import metrics

from actors.errors import ErrorKind, ProviderError
from actors.ports.clock import Clock, Random
from actors.runtime.containment import comes_from_outside
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.session_trace import Peer, peer_of
from app.errors import AppError
from app.plugins import in_one_line
from app.providers.failover.circuit_breaker import BreakerPolicy, BreakerState, CircuitBreaker

log = logging.getLogger(__name__)


class Closable(Protocol):
    """An engine that can be closed, which is all that engines of every kind have in common."""

    async def close(self) -> None:
        """Release what the engine holds: connections, processes, threads."""
        ...


E = TypeVar("E", bound=Closable)

AGAIN_S = 10.0
"""Seconds within which a session whose provider has failed is given another one if it asks again."""


@runtime_checkable
class TellsReadiness(Protocol):
    """An engine that is a service elsewhere, so that it can be asked whether it is there."""

    async def ready(self) -> str:
        """Ask whether it is there and lets us in; what it answered, in words, or nothing if it is here after all.

        Raises:
            ProviderError: it is not, or does not.
        """
        ...


class PartlyReadyError(AppError, ProviderError):
    """Some engines do not work, and others take their place."""


class ProviderState(msgspec.Struct, frozen=True):
    """The state of one provider and its circuit breaker, as readiness and metrics show it."""

    name: str
    breaker: BreakerState
    recent_failures: int
    opens_in_s: float


class Provider(Generic[E]):
    """An engine with its breaker. `name` is what people call it."""

    def __init__(self, name: str, engine: E, breaker: CircuitBreaker) -> None:
        self.name = name
        self.engine = engine
        self.breaker = breaker

    def failed(self, now: float, error: ProviderError) -> None:
        """Note a failure, unless the request itself was at fault, which says nothing about the provider."""
        if error.is_of_the_request:
            self.breaker.given_up(now)
            return
        name, openings = self.name, self.breaker.openings
        report_failure(Failure.PROVIDER, log, "%s has failed: %s", name, error, provider=name, kind=error.kind)
        self.breaker.failed(now, error.retry_after_s)
        if self.breaker.openings > openings:
            line, left_s = "circuit breaker open for %s, retry in %.0f s: %s", self.breaker.opens_in_s(now)
            report_failure(Failure.BREAKER, log, line, name, left_s, error, provider=name)


_BREAKER_VALUES = {BreakerState.CLOSED: 0, BreakerState.HALF_OPEN: 1, BreakerState.OPEN: 2}
_shown: "WeakSet[Providers[Any]]" = WeakSet()
"""The groups of providers of this process, whose circuit breakers are shown as metrics."""


def breaker_observations(_: metrics.CallbackOptions) -> Iterator[metrics.Observation]:
    """The state of each breaker. Called by the thread that exports; reads only."""
    for providers in tuple(_shown):
        for provider in providers:
            labels = {"setting": providers.setting, "provider": provider.name}
            yield metrics.Observation(_BREAKER_VALUES[provider.breaker.state], labels)


metrics.get_meter("earshot").create_observable_gauge(
    "earshot.provider.breaker",
    [breaker_observations],
    description="State of each circuit breaker: 0 closed, 1 half open, 2 open",
)


class Providers(Generic[E]):
    """One that is asked first, and those that take over.

    Args:
        engines: by name, the first choice first.
        setting: the variable that chose them, for people who read of a failure.
    """

    def __init__(
        self,
        engines: Sequence[tuple[str, E]],
        clock: Clock,
        random: Random,
        policy: BreakerPolicy | None = None,
        *,
        setting: str = "",
    ) -> None:
        self.setting = setting
        self._all = [Provider(name, engine, CircuitBreaker(random, policy)) for name, engine in engines]
        self._clock = clock
        self._failed: dict[tuple[str, Hashable], float] = {}
        _shown.add(self)

    @property
    def engines(self) -> list[E]:
        """The engines of all providers, in the order in which they are asked."""
        return [provider.engine for provider in self._all]

    @property
    def peer(self) -> Peer | None:
        """The service behind the first choice; each stream says of itself who has given it."""
        return peer_of(self._all[0].engine)

    def __iter__(self) -> Iterator[Provider[E]]:
        return iter(self._all)

    def __len__(self) -> int:
        return len(self._all)

    def now(self) -> float:
        """The time in seconds of a monotonic clock, which breakers count by."""
        return self._clock.now()

    def called(self, provider: Provider[E]) -> str:
        """A provider with the setting that chose it, for people who read of a failure."""
        return ": ".join(filter(None, (self.setting, provider.name)))

    def in_order(self) -> Iterator[Provider[E]]:
        """All, in the order in which they are asked, until one answers: last those whose breaker is open. Where no
        other is left, one that may be down is better than none."""
        yield from self._admitted_first(list(self._all))

    def for_streams(self, whose: Hashable) -> Iterator[Provider[E]]:
        """The order in which providers are asked for a stream: first those that have not just failed `whose`."""
        yield from self._admitted_first(sorted(self._all, key=lambda each: self._failed_lately(each, whose)))

    def _admitted_first(self, providers: list[Provider[E]]) -> Iterator[Provider[E]]:
        refused = []
        for provider in providers:
            if provider.breaker.admit(self.now()):
                yield provider
            else:
                refused.append(provider)
        for provider in refused:
            provider.breaker.ask_anyway(self.now())
            yield provider

    def answered(self, provider: Provider[E], failure: ProviderError | None) -> None:
        """Leave a line where another provider than the first choice has given what was asked for.

        `failure`: why the one before it has not; None if that was not asked.
        """
        if provider is not self._all[0]:
            cause, line = failure or "it has failed lately, and is not asked", "fallback in use: %s in place of %s: %s"
            name, first = provider.name, self._all[0].name
            report_failure(Failure.FALLBACK, log, line, name, first, cause, provider=name)

    def failed_stream(self, provider: Provider[E], whose: Hashable, error: ProviderError) -> None:
        """Note that a stream could not be opened, or failed; who had it asks for another at once."""
        now = self.now()
        self._failed = {key: at for key, at in self._failed.items() if now - at < AGAIN_S}
        self._failed[provider.name, whose] = now
        provider.failed(now, error)

    def states(self) -> list[ProviderState]:
        """The state of each provider's circuit breaker, for operators."""
        now = self.now()
        return [
            ProviderState(p.name, p.breaker.state, p.breaker.recent_failures(now), p.breaker.opens_in_s(now))
            for p in self._all
        ]

    async def ready(self) -> str:
        """Whether those work that are somewhere else, in words; an empty text if all are here.

        Raises:
            PartlyReadyError: not all of them do, or are asked: the others take over.
            ProviderError: none does.
        """
        told = await asyncio.gather(*(self._ask(provider) for provider in self._all))
        failures = [answer for answer in told if isinstance(answer, ProviderError)]
        if len(self._all) == 1:
            if failures:
                raise failures[0]
            return str(told[0])
        if not any(told):
            return ""
        words = [answer.detail if isinstance(answer, ProviderError) else answer or "is here" for answer in told]
        in_order = zip(("", *["fallback "] * len(self._all)), self._all, words, strict=False)
        detail = "; ".join(f"{place}{provider.name}: {said}" for place, provider, said in in_order)
        if not failures:
            return detail
        error = ProviderError if len(failures) == len(told) else PartlyReadyError
        raise error(failures[0].kind, detail)

    async def _ask(self, provider: Provider[E]) -> str | ProviderError:
        engine: object = provider.engine
        task = asyncio.current_task()
        if not isinstance(engine, TellsReadiness):
            return ""
        try:
            said = await engine.ready()
        except ProviderError as error:
            return error
        except BaseException as error:
            if comes_from_outside(error, task):
                raise
            return ProviderError(ErrorKind.INTERNAL, in_one_line(error))
        if (opens_in_s := provider.breaker.opens_in_s(self.now())) > 0:
            instead = f": not asked for {opens_in_s:.0f} s" if len(self._all) > 1 else " in the last calls"
            return ProviderError(ErrorKind.UNAVAILABLE, f"failed too often{instead}")
        return said

    async def close(self) -> None:
        """Close all engines, whatever one of them raises."""
        failures: list[BaseException] = []
        task = asyncio.current_task()
        for engine in self.engines:
            try:
                await engine.close()
            except BaseException as error:
                if comes_from_outside(error, task):
                    raise
                failures.append(error)  # the others are closed all the same
        if failures:
            raise failures[0]

    def _failed_lately(self, provider: Provider[E], whose: Hashable) -> bool:
        return self.now() - self._failed.get((provider.name, whose), float("-inf")) < AGAIN_S
