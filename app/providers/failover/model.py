"""A language model with another behind it: a reply of which no word comes is asked of that one, too, at once."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator, Sequence

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest, ReplyGenerated
from app.providers.failover.model_attempt import ModelAttempt
from app.providers.failover.providers import Providers

log = logging.getLogger(__name__)

PATIENCE_S = 3.5
"""Seconds for which a model may be silent before another one is asked as well, which has the rest of the 8 s for its
first word."""


class FailoverModel:
    """Implements `LanguageModel` over others."""

    def __init__(self, providers: Providers[LanguageModel], patience_s: float = PATIENCE_S) -> None:
        self.providers = providers
        self._patience_s = patience_s

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream the reply of the first model that says a word. A model that is slow is not given up until another
        says one: the other may be down. One that ends without a word or a call has failed like any other.

        Raises:
            ModelError: none did, or it failed in mid-reply.
        """
        if len(self.providers) == 1:
            events = ModelAttempt(self.providers, next(self.providers.in_order()), request).events()
        else:
            events = self._of_whoever_is_first(request)
        try:
            async for event in events:
                yield event
        finally:
            await events.aclose()

    async def ready(self) -> str:
        """Ask all models whether they are ready; see `Providers.ready`."""
        return await self.providers.ready()

    async def close(self) -> None:
        """Close all language models, side by side."""
        await self.providers.close()

    async def _of_whoever_is_first(self, request: ModelRequest) -> AsyncGenerator[ModelEvent, None]:
        attempts: list[ModelAttempt] = []
        failure: ModelError | None = None
        speaking: ModelAttempt | None = None
        try:
            for provider in self.providers.in_order():
                attempts.append(ModelAttempt(self.providers, provider, request, has_fallback=True))
                attempts[-1].start()
                # One whose breaker is open may be up again: where nobody else says a word it is asked, too.
                speaking = await self._speaking(
                    attempts, self._patience_s if len(attempts) < len(self.providers) else None
                )
                failure = most_telling(attempts)
                if speaking is not None:
                    break
            if speaking is None:
                if nothing := next((each.nothing for each in attempts if each.nothing is not None), None):
                    yield nothing  # whoever asked may ask once more, in other words
                    return
                raise failure or ModelError(ErrorKind.UNAVAILABLE, "there is no model")
            for attempt in attempts:
                if attempt is not speaking and attempt.failure is None:
                    failure = attempt.overtake()
            self.providers.answered(speaking.provider, failure)
            while True:
                event = await speaking.next_event()
                yield event
                if isinstance(event, ReplyGenerated):
                    return
        finally:
            await asyncio.gather(*(attempt.close() for attempt in attempts))

    async def _speaking(self, attempts: list[ModelAttempt], patience_s: float | None) -> ModelAttempt | None:
        """The first that says a word. None if all have failed, or another is to be asked: the latest has failed, or has
        said nothing for `patience_s`."""
        newest = attempts[-1]
        has_next = len(attempts) < len(self.providers)
        until = None if patience_s is None else asyncio.get_running_loop().time() + patience_s
        while silent := [attempt.begun for attempt in attempts if not attempt.begun.done()]:
            left_s = None if until is None else max(0.0, until - asyncio.get_running_loop().time())
            await asyncio.wait(silent, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
            if speaking := next((each for each in attempts if each.is_speaking), None):
                return speaking
            if has_next and (newest.failure is not None or left_s == 0.0):
                return None
        return None


def most_telling(attempts: Sequence[ModelAttempt]) -> ModelError | None:
    """Why none of these models answers: of all that failed, the reason after which most can be done.

    Words that one refuses, or a conversation that one cannot read, are the same in the next request; and who says when
    there will be an answer can be waited for. Else it is the reason of the last that was asked.
    """
    failures = [each.failure for each in reversed(attempts) if each.failure is not None]
    of_request = (each for each in failures if each.kind in (ErrorKind.REFUSED, ErrorKind.TOO_LONG))
    patient = (each for each in failures if each.retry_after_s is not None)
    return next(of_request, None) or next(patient, None) or next(iter(failures), None)
