"""The language model by chat completions: the port's `LanguageModel`, by the SDK in `sdk.py`."""

import asyncio
import logging
from collections.abc import AsyncIterator, Iterable
from typing import TYPE_CHECKING, Any

from opentelemetry import trace

from actors.agent import Agent
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, TextGenerated
from actors.runtime.session_trace import peer_attributes
from app.providers.openai_chat import prompt
from app.providers.openai_chat.patience import Patience
from app.providers.openai_chat.reply_stream import ReplyRequests, nothing_came
from app.providers.openai_chat.resource import ChatResource, azure_resource, openai_resource
from app.sdk_loading import LoadedSdk, SdkClosedError
from config.errors import SettingsError
from config.settings import Settings

if TYPE_CHECKING:
    from app.providers.openai_chat.sdk import SdkChat

log = logging.getLogger(__name__)

CHECKED_S = 10.0
"""Seconds after an answer of the service for which it is not checked again."""


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
                raise nothing_came(self._resource.label, self._patience.check) from None
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
        model = self._named_model(request.agent)
        _describe_span(self._resource, model)
        patience = self._patience.for_(request.agent)
        requests = ReplyRequests(await self._sdk(), self._resource, model, patience)
        arguments = _arguments(request)
        text, broke = "", False
        reply = await requests.begin(arguments)
        events = reply.first_events
        try:
            while True:
                for event in events:
                    if isinstance(event, TextGenerated):
                        text += event.text
                    yield event
                if reply.reader.overlong:
                    log.warning("%s: a call of a tool was cut", self._resource.label)
                    break
                if reply.reader.finish_reason:
                    await reply.read_rest(patience.rest)
                    break
                try:
                    events = await reply.read(patience.next_token)
                except Exception as error:  # noqa: BLE001 - a stream that cannot be read on is broken
                    if broke or not text.strip() or reply.reader.calling or not requests.may_pass(error):
                        raise requests.understood(error) from None
                    broke = True
                    await reply.close()
                    log.warning("%s broke off a reply: the rest is asked for", self._resource.label)
                    reply = await requests.begin_rest(arguments, text)
                    events = reply.first_events
        finally:
            await reply.close()
        self._answered()
        yield reply.reader.ended()

    async def close(self) -> None:
        """Close the connections to the service, after the SDK was loaded if that is under way."""
        await self._loaded.close()

    def _answered(self) -> None:
        self._answered_at = asyncio.get_running_loop().time()

    def _model(self, agent: Agent) -> str:
        return agent.model.deployment_id or self._resource.model

    def _named_model(self, agent: Agent) -> str:
        model = self._model(agent)
        if not model:
            detail = f"no model is named: set {self._resource.model_variable} or the agent's deployment_id"
            raise ModelError(ErrorKind.BAD_REQUEST, detail)
        return model

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
