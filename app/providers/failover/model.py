"""A language model with another behind it: a reply that failed before its first word is asked of that one, at once."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.containment import comes_from_outside
from app.plugins import in_one_line
from app.providers.failover.providers import Provider, Providers

log = logging.getLogger(__name__)

PATIENCE_S = 3.5
"""So long a model may take to its first word if there is another; that one has what is left of the 8 s."""


SILENT_S = 6.0
"""A model that was given up after so much silence has failed."""


class FailoverModel:
    """Implements `LanguageModel` over others."""

    def __init__(self, providers: Providers[LanguageModel], patience_s: float = PATIENCE_S) -> None:
        self.providers = providers
        self._patience_s = patience_s

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream the reply of the first that gives one.

        Raises:
            ModelError: none did, or it failed in mid-reply.
        """
        failure: ModelError | None = None
        asked: list[Provider[LanguageModel]] = []
        for provider in self.providers.in_order():
            asked.append(provider)
            now = self.providers.now()
            another = any(other.breaker.opens_in_s(now) == 0 for other in self.providers if other not in asked)
            told = False
            events = self._events(provider, request, self._patience_s if another else None)
            try:
                async for event in events:
                    if not told:
                        self.providers.answered(provider, failure)
                    told = True
                    yield event
            except ModelError as error:
                if told:
                    raise
                failure = error
            else:
                return
            finally:
                await events.aclose()
        raise failure or ModelError(ErrorKind.UNAVAILABLE, "there is no model")

    async def ready(self) -> str:
        """Ask all models whether they are ready; see `Providers.ready`."""
        return await self.providers.ready()

    async def close(self) -> None:
        """Close all language models, side by side."""
        await self.providers.close()

    async def _events(
        self, provider: Provider[LanguageModel], request: ModelRequest, patience_s: float | None
    ) -> AsyncGenerator[ModelEvent, None]:
        """The events of one model, of which its breaker is told. What does nothing by itself, notes and calls of
        tools, is held back until the first word, or the end: a reply that fails before has told nothing.
        """
        task = asyncio.current_task()
        held: list[ModelEvent] = []
        spoke = complete = False
        events: AsyncIterator[ModelEvent] | None = None
        deadline = None if patience_s is None else asyncio.get_running_loop().time() + patience_s
        told_at = self.providers.now()
        try:
            events = self._asked(provider, request)
            while not complete:
                try:
                    if spoke or deadline is None:
                        event = await anext(events)
                    else:
                        async with asyncio.timeout_at(deadline):
                            event = await anext(events)
                except ModelError:
                    raise
                except BaseException as error:
                    if comes_from_outside(error, task):
                        raise
                    raise self._failure(provider, error) from error
                told_at = self.providers.now()
                complete = isinstance(event, ReplyGenerated)
                if spoke and not complete:
                    # Nearly all tokens: each costs what it costs to await it, and no call more.
                    yield event
                    continue
                held.append(event)
                if complete or isinstance(event, TextGenerated):
                    spoke = True
                    if complete:
                        provider.breaker.succeeded(self.providers.now())
                    for each in held:
                        yield each
                    held.clear()
        except ModelError as error:
            provider.failed(self.providers.now(), error)
            raise
        except (asyncio.CancelledError, GeneratorExit):
            self._left(provider, told_at, spoke=spoke, complete=complete)
            raise
        finally:
            if (aclose := getattr(events, "aclose", None)) is not None:
                await aclose()

    def _left(self, provider: Provider[LanguageModel], told_at: float, *, spoke: bool, complete: bool) -> None:
        """Nobody listens any more: the user interrupted, or who asked has lost patience."""
        now = self.providers.now()
        if complete:
            return
        if now - told_at >= SILENT_S:
            provider.failed(now, ModelError(ErrorKind.TIMEOUT, "nothing came"))
        elif spoke:
            provider.breaker.succeeded(now)
        else:
            provider.breaker.given_up(now)

    def _asked(self, provider: Provider[LanguageModel], request: ModelRequest) -> AsyncIterator[ModelEvent]:
        try:
            return aiter(provider.engine.reply(request))
        except ModelError:
            raise
        except BaseException as error:
            raise self._defect(provider, error) from error

    def _failure(self, provider: Provider[LanguageModel], error: BaseException) -> ModelError:
        """What it means that the next event of a reply did not come."""
        if isinstance(error, StopAsyncIteration):
            return ModelError(ErrorKind.INTERNAL, "the stream ended without saying that the reply is complete")
        if isinstance(error, TimeoutError):
            return ModelError(ErrorKind.TIMEOUT, "no word within the time that another needs")
        return self._defect(provider, error)

    def _defect(self, provider: Provider[LanguageModel], error: BaseException) -> ModelError:
        """A failure of an engine's own code is no reason not to ask another. Its text may hold what people said."""
        detail = f"{self.providers.called(provider)} failed: {in_one_line(error, with_text=False)}"
        log.error(detail)
        return ModelError(ErrorKind.INTERNAL, detail)
