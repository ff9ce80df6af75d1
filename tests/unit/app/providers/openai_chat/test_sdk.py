"""The SDK's client: what it remembers of models."""

import asyncio

from app.providers.openai_chat.resource import ChatResource
from app.providers.openai_chat.sdk import MOST_MODELS, SdkChat


def test_what_models_refuse_is_remembered_of_those_that_were_asked_last() -> None:
    async def main() -> None:
        chat = SdkChat(ChatResource(azure=False, address="http://127.0.0.1:9/v1"))
        chat._refused_by("first").add("temperature")
        for number in range(MOST_MODELS - 1):
            chat._refused_by(f"model-{number}")
        assert chat._refused_by("first") == {"temperature"}
        for number in range(MOST_MODELS):
            chat._refused_by(f"other-{number}")
        assert len(chat._refused) == MOST_MODELS
        assert chat._refused_by("first") == set()
        await chat.close()

    asyncio.run(main())
