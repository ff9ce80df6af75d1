"""Streams of one provider or another: who gives one, and what its breaker is told of how it fares.

A stream that fails ends as any other does: the session opens one anew and has it do again what is not settled. Here is
decided who gives it: not the provider that has just failed that session.
"""

import asyncio
from collections.abc import Callable, Hashable
from typing import ClassVar, Generic, Protocol, TypeVar

from actors.errors import ErrorKind, ProviderError
from actors.runtime.containment import comes_from_outside
from actors.runtime.session_trace import Peer, peer_of
from actors.session.engine_violations import required_stream
from app.plugins import in_one_line
from app.providers.failover.providers import E, Provider, Providers

OPEN_S = 2.0
"""Seconds within which a stream has to open if there is another provider to ask."""
SLOW_S = 3.0
"""Seconds within which it has to open if the other providers are down: a session waits for 5 s in all."""


class Stream(Protocol):
    """What the streams of all ports have in common."""

    async def close(self) -> None:
        """Close the stream at its provider."""
        ...


S = TypeVar("S", bound=Stream)


class WatchedStream(Generic[E, S]):
    """One session's stream of one provider. What the port tells and is told goes through a subclass."""

    error: ClassVar[type[ProviderError]]
    """The class of the errors that the port raises."""
    stalled_s: ClassVar[float]
    """Seconds for which a stream may owe something: one that is closed after a longer wait counts as failed."""

    def __init__(self, providers: Providers[E], provider: Provider[E], whose: Hashable) -> None:
        self.stream: S | None = None
        self.closed = False
        self._providers = providers
        self._provider = provider
        self._whose = whose
        self._settled = False

    @property
    def peer(self) -> Peer | None:
        """The service behind the provider that gave the stream."""
        return peer_of(self._provider.engine)

    async def ask(self, engine: E) -> S:
        """Open the stream at its provider, whose breaker is not told of it here.

        Raises:
            ProviderError: as the port does.
        """
        raise NotImplementedError

    @property
    def owes_since(self) -> float | None:
        """Since when the stream has owed something and sent nothing of it; None if it owes nothing."""
        raise NotImplementedError

    async def open(self, timeout_s: float | None) -> None:
        """Ask the provider for the stream; a failure counts against it.

        Raises:
            ProviderError: there is none.
        """
        task = asyncio.current_task()
        try:
            async with asyncio.timeout(timeout_s):
                self.stream = required_stream(await self.ask(self._provider.engine))
        except TimeoutError:
            failure = self.error(ErrorKind.TIMEOUT, f"{self._provider.name} opens no stream")
        except ProviderError as error:
            failure = error
        except BaseException as error:
            if comes_from_outside(error, task):
                self._provider.breaker.given_up(self._providers.now())
                raise
            # A defect of somebody's own engine is a failure like any other, whatever it raises.
            whose = self._providers.called(self._provider)
            failure = self.error(ErrorKind.INTERNAL, f"{whose} opens no stream: {in_one_line(error)}")
        else:
            return
        self.closed = True
        self.failed(failure)
        raise failure

    def worked(self) -> None:
        """Count a success of the provider: its stream has done what it is for."""
        if not self._settled:
            self._settled = True
            self._provider.breaker.succeeded(self._providers.now())

    def failed(self, error: ProviderError) -> None:
        """Note that the stream has failed; the session will ask for another."""
        self._settled = True
        self._providers.failed_stream(self._provider, self._whose, error)

    async def close(self) -> None:
        """Close the provider's stream; what it reports from then on counts for nothing."""
        if self.closed:
            return
        self.closed = True
        since = self.owes_since
        if since is not None and self._providers.now() - since >= self.stalled_s:
            self.failed(self.error(ErrorKind.TIMEOUT, "what was owed did not come"))
        elif not self._settled:
            self._settled = True
            self._provider.breaker.given_up(self._providers.now())
        if self.stream is not None:
            await self.stream.close()


W = TypeVar("W", bound=WatchedStream)  # type: ignore[type-arg]


async def first_stream(
    providers: Providers[E], whose: Hashable, watch: Callable[[Provider[E]], W], open_s: float = OPEN_S
) -> W:
    """A stream of the first provider that gives one.

    Raises:
        ProviderError: none does; what the last one said.
    """
    left = len(providers)
    slow: list[Provider[E]] = []
    failure: ProviderError | None = None
    for provider in providers.for_streams(whose):
        left -= 1
        watched = watch(provider)
        try:
            await watched.open(open_s if left else None)
        except ProviderError as error:
            failure = error
            if left and error.kind is ErrorKind.TIMEOUT:
                slow.append(provider)
        else:
            providers.answered(provider, failure)
            return watched
    # No other provider is left: one that was only slow is asked again.
    for provider in slow:
        watched = watch(provider)
        try:
            await watched.open(SLOW_S)
        except ProviderError as error:
            failure = error
        else:
            return watched
    assert failure is not None, "can't happen because there is at least one provider"
    raise failure
