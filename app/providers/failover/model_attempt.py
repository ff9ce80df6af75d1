"""The reply of one language model of several, of which its circuit breaker is told."""

import asyncio
import logging
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from typing import Any

from actors.conversation import Role
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.containment import comes_from_outside, start_contained
from app.plugins import in_one_line
from app.providers.failover.providers import Provider, Providers

log = logging.getLogger(__name__)

SILENT_S = 6.0
"""Seconds of silence after which a model that is given up counts as failed."""
AHEAD = 64
"""The most events of a reply that wait while another reply is in use; its model waits then."""


class ModelAttempt:
    """One model's attempt at a reply. Either its `events` are read, or it is started, and made beside others.

    Args:
        providers: all of them.
        provider: the one that is asked.
        request: what it is asked.
        has_fallback: another may be asked, so that a model which says nothing to what the caller said has failed.
    """

    def __init__(
        self,
        providers: Providers[LanguageModel],
        provider: Provider[LanguageModel],
        request: ModelRequest,
        *,
        has_fallback: bool = False,
    ) -> None:
        self.provider = provider
        self.begun: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        """Done once the model has given a word, or has failed."""
        self.failure: ModelError | None = None
        """Why the model has failed before its first word; None if it has not."""
        self.nothing: ReplyGenerated | None = None
        """The end of a reply without a word or a call, with which it has failed; None if it has not failed so."""
        self._owes_words = has_fallback and not request.is_aside and request.messages[-1].role is Role.USER
        self._providers = providers
        self._request = request
        self._overtaken: ModelError | None = None
        self._making: asyncio.Task[Any] | None = None
        self._made: deque[ModelEvent | ModelError] = deque()
        self._changed = asyncio.Event()

    @property
    def is_speaking(self) -> bool:
        """Whether it has said a word."""
        return self.begun.done() and self.failure is None

    def start(self) -> None:
        """Have the reply made in a task."""
        self._making = start_contained(asyncio.get_running_loop(), self._make(), self._failed, "model.attempt")

    def overtake(self) -> ModelError:
        """Another model has said the first word: this one has failed, and is to be closed. Returns why."""
        self._overtaken = ModelError(ErrorKind.TIMEOUT, "no word within the time that another needs")
        if self._making is not None:
            self._making.cancel()
        return self._overtaken

    async def next_event(self) -> ModelEvent:
        """The next event of a reply that was started.

        Raises:
            ModelError: it has failed in mid-reply.
        """
        while not self._made:
            self._changed.clear()
            await self._changed.wait()
        event = self._made.popleft()
        self._changed.set()
        if isinstance(event, ModelError):
            raise event
        return event

    async def close(self) -> None:
        """Give the reply up, if there is more of it, and wait until its model has closed the stream."""
        if self._making is not None:
            self._making.cancel()
            await asyncio.wait([self._making])

    async def _make(self) -> None:
        events = self.events()
        try:
            async for event in events:
                while len(self._made) >= AHEAD:
                    self._changed.clear()
                    await self._changed.wait()
                self._made.append(event)
                self._changed.set()
                if not self.begun.done():
                    self.begun.set_result(None)
        finally:
            await events.aclose()

    def _failed(self, error: BaseException) -> None:
        failure = error if isinstance(error, ModelError) else self._defect(error)
        if self.begun.done():
            self._made.append(failure)
            self._changed.set()
        else:
            self.failure = failure
            self.begun.set_result(None)

    async def events(self) -> AsyncGenerator[ModelEvent, None]:
        """The events of the reply. What does nothing by itself, notes and calls of tools, is held back until the first
        word, or the end: a reply that fails before has told nothing.

        Raises:
            ModelError: it has failed.
        """
        task = asyncio.current_task()
        provider, providers = self.provider, self._providers
        held: list[ModelEvent] = []
        spoke = complete = False
        events: AsyncIterator[ModelEvent] | None = None
        told_at = providers.now()
        try:
            events = self._asked()
            while not complete:
                try:
                    event = await anext(events)
                except ModelError:
                    raise
                except BaseException as error:
                    if comes_from_outside(error, task):
                        raise
                    raise self._failure(error) from error
                told_at = providers.now()
                complete = isinstance(event, ReplyGenerated)
                if spoke and not complete:
                    # Nearly all tokens: each costs what it costs to await it, and no call more.
                    yield event
                    continue
                held.append(event)
                if complete or isinstance(event, TextGenerated):
                    if not spoke:
                        self._look_for_words(held)
                    spoke = True
                    if complete:
                        provider.breaker.succeeded(providers.now())
                    for each in held:
                        yield each
                    held.clear()
        except ModelError as error:
            provider.failed(providers.now(), error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            if not complete:
                self._left(told_at, spoke=spoke)
            raise
        finally:
            if (aclose := getattr(events, "aclose", None)) is not None:
                await aclose()

    def _look_for_words(self, told: Sequence[ModelEvent]) -> None:
        """See that a reply says or calls something where it has to, at its first word or its end.

        Raises:
            ModelError: it does not.
        """
        end = told[-1]
        if self._owes_words and isinstance(end, ReplyGenerated) and not any(type(each) is ToolCalled for each in told):
            self.nothing = end
            raise ModelError(ErrorKind.INTERNAL, "a reply without a word")

    def _left(self, told_at: float, *, spoke: bool) -> None:
        """Nobody listens any more: the caller interrupted, or another was quicker."""
        now = self._providers.now()
        if self._overtaken is not None:
            self.provider.failed(now, self._overtaken)
        elif now - told_at >= SILENT_S:
            self.provider.failed(now, ModelError(ErrorKind.TIMEOUT, "nothing came"))
        elif spoke:
            self.provider.breaker.succeeded(now)
        else:
            self.provider.breaker.given_up(now)

    def _asked(self) -> AsyncIterator[ModelEvent]:
        try:
            return aiter(self.provider.engine.reply(self._request))
        except ModelError:
            raise
        except BaseException as error:
            raise self._defect(error) from error

    def _failure(self, error: BaseException) -> ModelError:
        """What it means that the next event of a reply did not come."""
        if isinstance(error, StopAsyncIteration):
            return ModelError(ErrorKind.INTERNAL, "the stream ended without saying that the reply is complete")
        return self._defect(error)

    def _defect(self, error: BaseException) -> ModelError:
        """A failure of an engine's own code is no reason not to ask another. Its text may hold what people said."""
        detail = f"{self._providers.called(self.provider)} failed: {in_one_line(error, with_text=False)}"
        log.error(detail)
        return ModelError(ErrorKind.INTERNAL, detail)
