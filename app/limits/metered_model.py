"""A language model that one client may ask so often, and for so many tokens a minute."""

import asyncio
import logging
from collections.abc import AsyncGenerator, AsyncIterator

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest, ReplyGenerated
from app.limits.client_limits import Client, Rate
from app.limits.clients import Clients

log = logging.getLogger(__name__)

LONGEST_WAIT_S = 6.0
"""The most seconds that a reply waits for its turn, while the user hears a filler; one that would wait longer fails,
since the session gives up after 8 s."""

CHARS_PER_TOKEN = 4
"""About how many characters of English text are a token."""


class MeteredModel:
    """Implements `LanguageModel`. A request that is superseded while it waits costs nothing: a client that interrupts
    itself again and again is answered once."""

    def __init__(self, model: LanguageModel, clients: Clients, client: Client) -> None:
        self._model = model
        self._clients = clients
        self._client = client

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """See `LanguageModel`.

        Raises:
            ModelError: the client has asked for too much in the last minute; and as the model itself.
        """
        clients, client = self._clients, self._client
        left_s = LONGEST_WAIT_S
        while wait_s := max(clients.wait_s(client, rate) for rate in (Rate.MODEL_REQUESTS, Rate.MODEL_TOKENS)):
            if wait_s > left_s:
                log.warning("a client asked for more answers in a minute than it may have")
                raise ModelError(ErrorKind.THROTTLED, "the client is over its limit of answers")
            left_s -= wait_s
            await asyncio.sleep(wait_s)
        clients.spend(client, Rate.MODEL_REQUESTS, 1)
        # A reply that is interrupted never says what it cost, and costs all the same.
        estimated = sum(len(message.text) for message in request.messages) // CHARS_PER_TOKEN
        clients.spend(client, Rate.MODEL_TOKENS, estimated)
        events = aiter(self._model.reply(request))
        try:
            async for event in events:
                if isinstance(event, ReplyGenerated):
                    told = event.prompt_tokens + event.completion_tokens
                    clients.spend(client, Rate.MODEL_TOKENS, max(0, told - estimated))
                yield event
        finally:
            if isinstance(events, AsyncGenerator):
                await events.aclose()

    async def close(self) -> None:
        """Do nothing: the model is shared by all sessions of the worker, which closes it."""
