"""The language model on an emulated service of its own, which starts with the first request."""

import asyncio
from collections.abc import AsyncIterator

from actors.ports.llm import ModelEvent, ModelRequest
from app.providers.openai_chat.model import ChatModel
from app.providers.openai_chat.resource import ChatResource
from config.secret import Secret
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Call, Reply


class EmulatedModel:
    """Implements `LanguageModel` by chat completions, on Azure or on a compatible server."""

    def __init__(self, *, azure: bool) -> None:
        self._azure = azure
        self._chat = ChatEmulator()
        self._chat.answer("appointment", Reply("Let me see.", calls=(Call("book", {"day": "friday"}), Call("book"))))
        self._starting: asyncio.Task[ChatModel] | None = None

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """See `LanguageModel`."""
        if self._starting is None:
            self._starting = asyncio.create_task(self._start())
        async for event in (await self._starting).reply(request):
            yield event

    async def close(self) -> None:
        """Of the emulator, too."""
        if self._starting is not None:
            await (await self._starting).close()
            await self._chat.__aexit__()

    async def _start(self) -> ChatModel:
        chat = await self._chat.__aenter__()
        address = chat.endpoint if self._azure else chat.base_url
        return ChatModel(ChatResource(self._azure, address, "gpt-4o", Secret(chat.key), "2024-10-21"))
