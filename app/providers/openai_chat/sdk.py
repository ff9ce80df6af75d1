"""The SDK's client. To import this takes half a second: `model.py` has it done in a thread."""

import logging
from collections import OrderedDict
from collections.abc import Awaitable, Callable
from typing import Any

import httpx2
import openai
from openai import AsyncStream

from actors.errors import ErrorKind, ModelError
from actors.runtime.session_trace import trace_headers
from app.providers.azure.credential import SharedCredential
from app.providers.openai_chat.bounded_stream import UNCOMPRESSED, bound_events
from app.providers.openai_chat.failures import may_pass, understood
from app.providers.openai_chat.resource import ChatResource

SCOPE = "https://cognitiveservices.azure.com/.default"
COMPLETIONS = "/chat/completions"
CONNECT_TIMEOUT_S = 2.0
KEPT_S = 240.0
"""Seconds for which a connection is kept for the next reply: the SDK's own five are shorter than most turns."""
SPARED = {
    "max_tokens": "max_completion_tokens",
    "temperature": "",
    "top_p": "",
    "stream_options": "",
    "parallel_tool_calls": "",
    "reasoning_effort": "",
}
"""Parameters that some models and servers refuse, and what is sent instead."""
MOST_MODELS = 100
"""The most models whose refused parameters are remembered; of more, the one that was asked longest ago is forgotten."""
QUIET_LOGGERS = ("openai", "httpx2", "httpcore2", "azure", "msal")


class SdkChat:
    """A client of one resource, which raises the SDK's exceptions; `understood` says what they mean."""

    understood = staticmethod(understood)
    may_pass = staticmethod(may_pass)

    def __init__(self, resource: ChatResource) -> None:
        _be_quiet()
        self._credential: SharedCredential | None = None
        self._client = self._made(resource)
        self._refused: OrderedDict[str, set[str]] = OrderedDict()

    async def stream(self, model: str, arguments: dict[str, Any]) -> AsyncStream[object]:
        """Ask for a completion, whose chunks come as the JSON that they are.

        What this model has refused is left out, from the second request on. The SDK's own method makes typed objects
        of request and chunks: three quarters of what a reply costs (docs/performance.md).
        """
        refused = self._refused_by(model)
        while True:
            try:
                given = _without(refused, arguments)
                own = given.pop("extra_body", {})
                stream: AsyncStream[object] = await self._client.post(
                    COMPLETIONS,
                    cast_to=object,
                    body={"model": model, "stream": True, **given, **own},
                    options={"headers": trace_headers()},
                    stream=True,
                    stream_cls=AsyncStream[object],
                )
            except openai.BadRequestError as error:
                name = str(error.param)
                if name not in SPARED or name not in arguments or name in refused:
                    raise
                refused.add(name)
            else:
                return stream

    def _refused_by(self, model: str) -> set[str]:
        refused = self._refused.setdefault(model, set())
        self._refused.move_to_end(model)
        if len(self._refused) > MOST_MODELS:
            self._refused.popitem(last=False)
        return refused

    async def check(self) -> None:
        """Ask for something that costs nothing. The connection is kept for the next reply."""
        try:
            await self._client.models.with_raw_response.list()
        except openai.NotFoundError:
            return  # a server that lists nothing answers all the same

    async def close(self) -> None:
        """Close the connections, and those of the credential."""
        try:
            await self._client.close()
        finally:
            if self._credential is not None:
                await self._credential.close()

    def _made(self, resource: ChatResource) -> openai.AsyncOpenAI:
        common: dict[str, Any] = {
            "max_retries": 0,
            "timeout": httpx2.Timeout(60.0, connect=CONNECT_TIMEOUT_S),
            "http_client": openai.DefaultAsyncHttpxClient(
                limits=httpx2.Limits(max_connections=1000, max_keepalive_connections=200, keepalive_expiry=KEPT_S),
                headers=UNCOMPRESSED,
                event_hooks={"response": [bound_events]},
            ),
        }
        if not resource.azure:
            key = resource.key.reveal() if resource.key else "none"
            return openai.AsyncOpenAI(base_url=resource.address, api_key=key, **common)
        common |= {"azure_endpoint": resource.address, "api_version": resource.api_version}
        if resource.key is not None:
            return openai.AsyncAzureOpenAI(api_key=resource.key.reveal(), **common)
        return openai.AsyncAzureOpenAI(azure_ad_token_provider=self._identity(), **common)

    def _identity(self) -> Callable[[], Awaitable[str]]:
        from azure.core.exceptions import AzureError
        from azure.identity.aio import get_bearer_token_provider

        self._credential = SharedCredential()
        provider = get_bearer_token_provider(self._credential, SCOPE)

        async def token() -> str:
            """The identity's token, which is asked for before each request, and so is renewed before it ends."""
            try:
                return await provider()
            except AzureError as error:
                # The text of the exception names every credential that was tried, over many lines.
                detail = f"no token for Azure OpenAI: {type(error).__name__}; set AZURE_OPENAI_KEY or an identity"
                raise ModelError(ErrorKind.AUTHENTICATION, detail) from None

        return token


def _without(refused: set[str], arguments: dict[str, Any]) -> dict[str, Any]:
    kept = {name: value for name, value in arguments.items() if name not in refused}
    return kept | {instead: arguments[name] for name in refused if (instead := SPARED[name])}


def _be_quiet() -> None:
    """Keep the SDK and its HTTP client from logging each request, and at DEBUG what was said in it."""
    for name in QUIET_LOGGERS:
        logger = logging.getLogger(name)
        logger.setLevel(max(logger.level, logging.WARNING))
