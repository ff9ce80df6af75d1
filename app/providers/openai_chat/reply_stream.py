"""The stream of one reply of a chat service: asked for again where that may help, and read chunk by chunk."""

import asyncio
import random
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from opentelemetry import metrics

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, TextGenerated
from actors.rules.text.sentences import following
from app.providers.openai_chat import prompt
from app.providers.openai_chat.chunks import ReplyReader
from app.providers.openai_chat.patience import Patience
from app.providers.openai_chat.resource import ChatResource

if TYPE_CHECKING:
    from openai import AsyncStream

    from app.providers.openai_chat.sdk import SdkChat

_retries = metrics.get_meter("earshot").create_counter(
    "earshot.model.retries", unit="{retry}", description="Requests to the language model that were tried again, by kind"
)


class ReplyStream:
    """The chunks of one reply, as they come from the service.

    Args:
        stream: the SDK's.
        label: what the service is called in errors.
        said: the text that the reply goes on from, empty for a reply from its beginning.
    """

    def __init__(self, stream: "AsyncStream[object]", label: str, said: str = "") -> None:
        self.reader = ReplyReader()
        self.first_events: list[ModelEvent] = []
        """The events of the chunk with which the reply has begun."""
        self._stream = stream
        self._label = label
        self._said = said

    async def begin(self, allowed_s: float) -> None:
        """Read until there is any word, or a piece of a call."""
        while not self.reader.begun:
            self.first_events = await self.read(allowed_s)

    async def read(self, allowed_s: float) -> list[ModelEvent]:
        """Read the next chunk; returns its events.

        Raises:
            ModelError: nothing comes for `allowed_s` seconds, the stream ends in mid-reply, or as `ReplyReader.read`.
        """
        try:
            async with asyncio.timeout(allowed_s):
                chunk = await anext(self._stream)
                if self.reader.count_chunk():
                    await asyncio.sleep(0)
                events = self.reader.read(chunk)
        except StopAsyncIteration:
            detail = f"{self._label}: the stream ended in mid-reply"
            raise ModelError(ErrorKind.UNAVAILABLE, detail) from None
        except TimeoutError:
            raise nothing_came(self._label, allowed_s) from None
        return self._joined(events) if self._said else events

    def _joined(self, events: list[ModelEvent]) -> list[ModelEvent]:
        """`events`, of which the first text is put behind what was said before."""
        for at, event in enumerate(events):
            if isinstance(event, TextGenerated):
                events[at] = TextGenerated(following(self._said, event.text))
                self._said = ""
                break
        return events

    async def read_rest(self, allowed_s: float) -> None:
        """Read on to the end, without which the connection could not be used again. The reply itself is complete."""
        with suppress(Exception):
            async with asyncio.timeout(allowed_s):
                async for chunk in self._stream:
                    self.reader.read(chunk)

    async def close(self) -> None:
        """Close the stream; harmless if it is closed."""
        await self._stream.close()


class ReplyRequests:
    """The requests for one reply of one model.

    Args:
        sdk: asks the service.
        resource: the service.
        model: the name of the model.
        patience: how long the model may take, and how often it is asked again.
    """

    def __init__(self, sdk: "SdkChat", resource: ChatResource, model: str, patience: Patience) -> None:
        self._sdk = sdk
        self._resource = resource
        self._model = model
        self._patience = patience

    async def begin(self, arguments: dict[str, Any]) -> ReplyStream:
        """A reply that has begun to speak; tried again, within the budget, if that may help.

        Raises:
            ModelError: there is none.
        """
        return await self._begin(arguments, self._patience.budget)

    async def begin_rest(self, arguments: dict[str, Any], said: str) -> ReplyStream:
        """The rest of a reply that broke off after the text `said`, within the time for the first words of a reply.

        Raises:
            ModelError: there is none.
        """
        rest = arguments | {"messages": prompt.broken_off(arguments["messages"], said)}
        return await self._begin(rest, self._patience.first_token, said)

    def may_pass(self, error: Exception) -> bool:
        """Whether the same request, sent once more, may succeed."""
        return self._sdk.may_pass(error)

    def understood(self, error: Exception) -> ModelError:
        """What an error of the SDK means."""
        return self._sdk.understood(error, self._resource, self._model)

    async def _begin(self, arguments: dict[str, Any], budget_s: float, said: str = "") -> ReplyStream:
        patience, time = self._patience, asyncio.get_running_loop().time
        deadline = time() + budget_s
        for retry in range(patience.retries + 1):
            try:
                return await self._attempt(arguments, min(patience.first_token, deadline - time()), said)
            except Exception as error:  # noqa: BLE001 - whatever it is, there is no reply
                failure = self.understood(error)
                pause_s = failure.retry_after_s
                if pause_s is None:
                    pause_s = patience.backoff * 2**retry * random.uniform(0.5, 1.0)
                if not self.may_pass(error) or retry == patience.retries or time() + pause_s >= deadline:
                    raise failure from None
            _retries.add(1, {"kind": failure.kind.value})
            await asyncio.sleep(pause_s)
        raise AssertionError("can't happen because the last retry returns or raises")

    async def _attempt(self, arguments: dict[str, Any], allowed_s: float, said: str) -> ReplyStream:
        reply: ReplyStream | None = None
        try:
            async with asyncio.timeout(allowed_s):
                reply = ReplyStream(await self._sdk.stream(self._model, arguments), self._resource.label, said)
                await reply.begin(allowed_s)
        except BaseException as error:
            if reply is not None:
                await reply.close()
            if isinstance(error, TimeoutError):
                raise nothing_came(self._resource.label, allowed_s) from None
            raise
        return reply


def nothing_came(label: str, allowed_s: float) -> ModelError:
    """The failure of a service, called `label`, that has told nothing for `allowed_s` seconds."""
    return ModelError(ErrorKind.TIMEOUT, f"{label}: nothing came for {allowed_s:.1f} s")
