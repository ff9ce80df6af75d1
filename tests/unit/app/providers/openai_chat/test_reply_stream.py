"""The stream of a reply: what it tells, how it ends, and what follows a text that was broken off."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import TextGenerated
from app.providers.openai_chat.patience import Patience
from app.providers.openai_chat.reply_stream import ReplyRequests, ReplyStream
from app.providers.openai_chat.resource import ChatResource, openai_resource
from config.settings import Settings

PATIENCE = Patience(first_token=1.0, next_token=1.0, budget=1.0, retries=1, backoff=0.0)


def words(text: str) -> dict[str, Any]:
    return {"choices": [{"delta": {"content": text}}]}


class Stream:
    """Stands for the SDK's stream; an exception among the chunks is raised."""

    def __init__(self, *chunks: object) -> None:
        self._chunks = iter(chunks)
        self.closed = 0

    def __aiter__(self) -> AsyncIterator[object]:
        return self

    async def __anext__(self) -> object:
        for chunk in self._chunks:
            if isinstance(chunk, Exception):
                raise chunk
            return chunk
        raise StopAsyncIteration

    async def close(self) -> None:
        self.closed += 1


class Sdk:
    """Stands for `SdkChat`: answers one request after the other, or raises what stands in the place of an answer."""

    def __init__(self, *answers: Stream | Exception) -> None:
        self._answers = list(answers)
        self.asked: list[dict[str, Any]] = []

    async def stream(self, _model: str, arguments: dict[str, Any]) -> Stream:
        self.asked.append(arguments)
        answer = self._answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer

    def understood(self, error: Exception, *_: object) -> ModelError:
        return error if isinstance(error, ModelError) else ModelError(ErrorKind.UNAVAILABLE, str(error))

    def may_pass(self, error: Exception) -> bool:
        return not isinstance(error, KeyError)


def stream_of(*chunks: object, said: str = "") -> ReplyStream:
    return ReplyStream(cast(Any, Stream(*chunks)), "the service", said)


def requests_of(sdk: Sdk) -> ReplyRequests:
    resource = openai_resource(Settings.read({"OPENAI_MODEL": "small", "OPENAI_API_KEY": "a-key-of-somebody"}))
    assert isinstance(resource, ChatResource)
    return ReplyRequests(cast(Any, sdk), resource, "small", PATIENCE)


async def test_a_reply_begins_with_its_first_words() -> None:
    reply = stream_of(words(""), {}, words("Good"), words(" day"))
    await reply.begin(1.0)
    assert reply.first_events == [TextGenerated("Good")]
    assert await reply.read(1.0) == [TextGenerated(" day")]


async def test_a_stream_that_ends_in_mid_reply_has_failed() -> None:
    reply = stream_of(words("Good"))
    await reply.read(1.0)
    with pytest.raises(ModelError, match="the service: the stream ended in mid-reply"):
        await reply.read(1.0)


async def test_only_the_first_text_is_put_behind_what_was_said() -> None:
    reply = stream_of(words("at"), words("nine"), said="Come")
    assert [await reply.read(1.0), await reply.read(1.0)] == [[TextGenerated(" at")], [TextGenerated("nine")]]


async def test_what_follows_a_complete_reply_may_fail() -> None:
    reply = stream_of({"choices": [], "usage": {"prompt_tokens": 7, "completion_tokens": 3}}, ValueError("broken"))
    await reply.read_rest(1.0)
    assert reply.reader.ended().prompt_tokens == 7


async def test_a_request_is_repeated_where_that_may_help_and_its_stream_is_closed() -> None:
    broken, whole = Stream(words(""), ValueError("broken")), Stream(words("Good"))
    sdk = Sdk(broken, whole)
    reply = await requests_of(sdk).begin({"messages": []})
    assert reply.first_events == [TextGenerated("Good")]
    assert (len(sdk.asked), broken.closed, whole.closed) == (2, 1, 0)


@pytest.mark.parametrize(
    ("answers", "asked"), [((KeyError("refused"),), 1), ((ValueError("one"), ValueError("another")), 2)]
)
async def test_a_request_that_cannot_be_met_fails(answers: tuple[Exception, ...], asked: int) -> None:
    sdk = Sdk(*answers)
    with pytest.raises(ModelError):
        await requests_of(sdk).begin({"messages": []})
    assert len(sdk.asked) == asked


async def test_the_rest_is_asked_for_behind_what_was_said() -> None:
    sdk = Sdk(Stream(words("at nine")))
    asked = {"messages": [{"role": "user", "content": "when?"}]}
    reply = await requests_of(sdk).begin_rest(asked, "Come")
    assert reply.first_events == [TextGenerated(" at nine")]
    (sent,) = sdk.asked
    assert sent["messages"][:1] == asked["messages"]
    assert any(message["content"] == "Come" for message in sent["messages"])
