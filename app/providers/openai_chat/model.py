"""The language model by chat completions: the port's `LanguageModel`, by the SDK in `sdk.py`."""

import asyncio
import logging
import random
from collections.abc import AsyncIterator, Iterable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import msgspec
from opentelemetry import metrics, trace

from actors.agent import Agent, Model
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, TextGenerated
from actors.rules.text.sentences import following
from actors.runtime.session_trace import peer_attributes
from app.providers.openai_chat import prompt
from app.providers.openai_chat.chunks import ReplyReader
from app.providers.openai_chat.resource import ChatResource, azure_resource, openai_resource
from app.sdk_loading import LoadedSdk, SdkClosedError
from config.errors import SettingsError
from config.settings import Settings

if TYPE_CHECKING:
    from openai import AsyncStream

    from app.providers.openai_chat.sdk import SdkChat

_retries = metrics.get_meter("earshot").create_counter(
    "earshot.model.retries", unit="{retry}", description="Requests to the language model that were tried again, by kind"
)

log = logging.getLogger(__name__)

CHECKED_S = 10.0
"""Seconds after an answer of the service for which it is not checked again."""


USUAL = Model()


class Patience(msgspec.Struct, frozen=True):
    """How long things may take, in seconds."""

    first_token: float = 4.0
    """Seconds from a request to the first words or tool call."""
    next_token: float = 2.5
    """Seconds between two pieces of a reply. If it breaks off or falls silent, the rest of it is asked for, once."""
    budget: float = 7.0
    """Seconds from the first request to the first words, retries included; the session gives up after 8 s."""
    retries: int = 2
    backoff: float = 0.25
    """Seconds before the first retry, doubled for each further one; the wait is a random part of it, at least half."""
    rest: float = 0.3
    """Seconds for what follows a complete reply: the usage, and the end of the stream."""
    check: float = 2.0

    def for_(self, agent: Agent) -> "Patience":
        """This patience with a model of `agent`: as much longer or shorter as the agent's times are than usual."""
        first, following_s = (
            agent.model.first_token_s / USUAL.first_token_s,
            agent.model.next_token_s / USUAL.next_token_s,
        )
        return msgspec.structs.replace(
            self,
            first_token=self.first_token * first,
            budget=self.budget * first,
            next_token=self.next_token * following_s,
            retries=agent.model.retries,
        )


class ChatModel:
    """See `LanguageModel`. One per worker; belongs to its loop. The SDK is loaded in a thread when first needed."""

    def __init__(self, resource: ChatResource, patience: Patience | None = None) -> None:
        self._resource = resource
        self._patience = patience or Patience()
        self._loaded = LoadedSdk(lambda: _load(resource))
        self._answered_at = float("-inf")

    async def prepare(self, agents: Iterable[Agent]) -> None:
        """Load the SDK and open a connection, so that the first reply need not wait for either.

        Raises:
            SettingsError: there is an agent for whom no model is named.
        """
        for agent in agents:
            if not self._model(agent):
                raise SettingsError(f"{self._resource.model_variable} is unset, and the agent {agent.name} names none")
        try:
            await self.ready()
        except ModelError as error:
            log.warning("the language model does not answer yet: %s", error)

    async def ready(self) -> str:
        """Ask whether the service answers and accepts who we are; returns what service it is, for people.

        Raises:
            ModelError: it does not.
        """
        if asyncio.get_running_loop().time() - self._answered_at > CHECKED_S:
            sdk = await self._sdk()
            try:
                async with asyncio.timeout(self._patience.check):
                    await sdk.check()
            except TimeoutError:
                raise self._late(self._patience.check) from None
            except Exception as error:  # noqa: BLE001 - whatever it is, there is no answer
                raise sdk.understood(error, self._resource, self._resource.model) from None
            self._answered()
        return f"{self._resource.label} answers"

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream the next reply; of one that breaks off in its text the rest is asked for, once.

        What caused an error is not chained to it: its text may hold what was said.

        Raises:
            ModelError: as in `LanguageModel`.
        """
        model = self._model(request.agent)
        if not model:
            detail = f"no model is named: set {self._resource.model_variable} or the agent's deployment_id"
            raise ModelError(ErrorKind.BAD_REQUEST, detail)
        _describe_span(self._resource, model)
        sdk = await self._sdk()
        arguments = _arguments(request)
        patience = self._patience.for_(request.agent)
        text, said, broke = "", "", False
        stream, reader, events = await self._begin(sdk, model, arguments, patience)
        try:
            while True:
                for event in events:
                    if isinstance(event, TextGenerated):
                        if said:
                            event, said = TextGenerated(following(said, event.text)), ""
                        text += event.text
                    yield event
                if reader.overlong:
                    log.warning("%s: a call of a tool was cut", self._resource.label)
                    break
                if reader.finish_reason:
                    await self._rest(stream, reader)
                    break
                try:
                    events = await self._read(stream, reader, patience.next_token)
                except Exception as error:  # noqa: BLE001 - a stream that cannot be read on is broken
                    if broke or not text.strip() or reader.calling or not sdk.may_pass(error):
                        raise sdk.understood(error, self._resource, model) from None
                    broke, said = True, text
                    await stream.close()
                    log.warning("%s broke off a reply: the rest is asked for", self._resource.label)
                    rest = arguments | {"messages": prompt.broken_off(arguments["messages"], text)}
                    hasty = msgspec.structs.replace(patience, budget=patience.first_token)
                    stream, reader, events = await self._begin(sdk, model, rest, hasty)
        finally:
            await stream.close()
        self._answered()
        yield reader.ended()

    async def close(self) -> None:
        """Close the connections to the service, after the SDK was loaded if that is under way."""
        await self._loaded.close()

    # a reply

    async def _begin(
        self, sdk: "SdkChat", model: str, arguments: dict[str, Any], patience: Patience
    ) -> "tuple[AsyncStream[object], ReplyReader, list[ModelEvent]]":
        """A stream that has begun to speak; tried again, within the budget, if that may help."""
        time = asyncio.get_running_loop().time
        deadline = time() + patience.budget
        for retry in range(patience.retries + 1):
            try:
                allowed_s = min(patience.first_token, deadline - time())
                return await self._attempt(sdk, model, arguments, allowed_s)
            except Exception as error:  # noqa: BLE001 - whatever it is, there is no reply
                failure = sdk.understood(error, self._resource, model)
                pause_s = failure.retry_after_s
                if pause_s is None:
                    pause_s = patience.backoff * 2**retry * random.uniform(0.5, 1.0)
                if not sdk.may_pass(error) or retry == patience.retries or time() + pause_s >= deadline:
                    raise failure from None
            _retries.add(1, {"kind": failure.kind.value})
            await asyncio.sleep(pause_s)
        raise AssertionError("can't happen because the last retry returns or raises")

    async def _attempt(
        self, sdk: "SdkChat", model: str, arguments: dict[str, Any], allowed_s: float
    ) -> "tuple[AsyncStream[object], ReplyReader, list[ModelEvent]]":
        stream, reader = None, ReplyReader()
        try:
            async with asyncio.timeout(allowed_s):
                stream = await sdk.stream(model, arguments)
                events: list[ModelEvent] = []
                while not reader.begun:
                    events = await self._read(stream, reader, allowed_s)
        except BaseException as error:
            if stream is not None:
                await stream.close()
            if isinstance(error, TimeoutError):
                raise self._late(allowed_s) from None
            raise
        return stream, reader, events

    async def _read(self, stream: "AsyncStream[object]", reader: ReplyReader, allowed_s: float) -> list[ModelEvent]:
        try:
            async with asyncio.timeout(allowed_s):
                chunk = await anext(stream)
                if reader.count_chunk():
                    await asyncio.sleep(0)
                return reader.read(chunk)
        except StopAsyncIteration:
            detail = f"{self._resource.label}: the stream ended in mid-reply"
            raise ModelError(ErrorKind.UNAVAILABLE, detail) from None
        except TimeoutError:
            raise self._late(allowed_s) from None

    async def _rest(self, stream: "AsyncStream[object]", reader: ReplyReader) -> None:
        """Read on to the end, without which the connection could not be used again. The reply itself is complete."""
        with suppress(Exception):
            async with asyncio.timeout(self._patience.rest):
                async for chunk in stream:
                    reader.read(chunk)

    def _late(self, allowed_s: float) -> ModelError:
        return ModelError(ErrorKind.TIMEOUT, f"{self._resource.label}: nothing came for {allowed_s:.1f} s")

    def _answered(self) -> None:
        self._answered_at = asyncio.get_running_loop().time()

    def _model(self, agent: Agent) -> str:
        return agent.model.deployment_id or self._resource.model

    async def _sdk(self) -> "SdkChat":
        try:
            return await self._loaded.client()
        except SdkClosedError as error:
            raise ModelError(ErrorKind.UNAVAILABLE, str(error)) from None
        except ValueError:
            raise ModelError(ErrorKind.AUTHENTICATION, "the AZURE_* variables name no identity") from None


def _load(resource: ChatResource) -> "SdkChat":
    from app.providers.openai_chat.sdk import SdkChat

    return SdkChat(resource)


def _describe_span(resource: ChatResource, model: str) -> None:
    """Say on the span of the request, if it is traced, which service is asked and for which model."""
    span = trace.get_current_span()
    if span.is_recording():
        span.update_name(f"chat {model}")
        provider = "azure.ai.openai" if resource.azure else "openai"
        span.set_attributes(
            {"gen_ai.provider.name": provider, "gen_ai.request.model": model, **peer_attributes(resource.peer)}
        )


def _arguments(request: ModelRequest) -> dict[str, Any]:
    settings = request.agent.model
    arguments: dict[str, Any] = {
        "messages": prompt.messages(request),
        "max_tokens": settings.max_tokens,
        "temperature": settings.temperature,
        "top_p": settings.top_p,
        "stream_options": {"include_usage": True},
    }
    if request.tools:  # services refuse an empty list
        arguments["tools"] = prompt.tools(request.tools)
        if not request.may_call_tools:
            arguments["tool_choice"] = "none"
        if not settings.parallel_tools:
            arguments["parallel_tool_calls"] = False
    if settings.reasoning_effort:
        arguments["reasoning_effort"] = settings.reasoning_effort
    if settings.extra_body:
        arguments["extra_body"] = settings.extra_body
    return arguments


def create_azure(settings: Settings) -> ChatModel:
    """The factory that `LANGUAGE_MODEL=azure` names.

    Raises:
        SettingsError: no resource is configured.
    """
    return ChatModel(_required(azure_resource(settings), "AZURE_OPENAI_ENDPOINT"))


def create_openai(settings: Settings) -> ChatModel:
    """The factory that `LANGUAGE_MODEL=openai` names.

    Raises:
        SettingsError: no model is configured.
    """
    return ChatModel(_required(openai_resource(settings), "OPENAI_MODEL"))


def _required(resource: ChatResource | None, variable: str) -> ChatResource:
    if resource is None:
        raise SettingsError(f"{variable} is unset")
    return resource
