"""The emulated chat completions, asked by the real SDK as Microsoft's and OpenAI's own examples do it."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import openai
import pytest
from openai.types.chat import ChatCompletionChunk

from tests.cloud.chat.emulator import AUDIENCE, ChatEmulator
from tests.cloud.chat.scripted import Answer, Call, Fault, Refusal, Reply, Silence, content_filtered, throttled
from tests.cloud.tokens import TokenIssuer
from tests.kit.running_time import running_time

USER: list[Any] = [{"role": "user", "content": "What are your opening hours?"}]
SEEN_WITHIN_S = 0.05


@pytest.fixture
async def chat() -> AsyncIterator[ChatEmulator]:
    async with ChatEmulator(deployments=("gpt-4o", "o4-mini"), reasoning=("o4-mini",)) as emulator:
        yield emulator


@pytest.fixture(params=["azure", "compatible"])
async def client(request: pytest.FixtureRequest, chat: ChatEmulator) -> AsyncIterator[openai.AsyncOpenAI]:
    async with azure(chat) if request.param == "azure" else compatible(chat) as real:
        yield real


def azure(chat: ChatEmulator, **proof: Any) -> openai.AsyncAzureOpenAI:
    proof = proof or {"api_key": chat.key}
    return openai.AsyncAzureOpenAI(azure_endpoint=chat.endpoint, api_version="2024-10-21", max_retries=0, **proof)


def compatible(chat: ChatEmulator, key: str = "") -> openai.AsyncOpenAI:
    return openai.AsyncOpenAI(base_url=chat.base_url, api_key=key or chat.key, max_retries=0)


async def asked(client: openai.AsyncOpenAI, model: str = "gpt-4o", **more: Any) -> list[ChatCompletionChunk]:
    more.setdefault("messages", USER)
    stream = await client.chat.completions.create(
        model=model, stream=True, stream_options={"include_usage": True}, **more
    )
    return [chunk async for chunk in stream]


def text_of(chunks: list[ChatCompletionChunk]) -> str:
    return "".join(choice.delta.content or "" for chunk in chunks for choice in chunk.choices)


async def test_a_reply_is_streamed_with_its_usage(chat: ChatEmulator, client: openai.AsyncOpenAI) -> None:
    chat.script(Reply("From nine to five,  on weekdays."))
    chunks = await asked(client)
    spoken = [chunk for chunk in chunks if chunk.choices]
    assert text_of(chunks) == "From nine to five,  on weekdays."
    assert [piece.number for piece in chat.pieces] == [0] * 6
    assert spoken[0].choices[0].delta.role == "assistant"
    assert [chunk.choices[0].finish_reason for chunk in spoken][-1] == "stop"
    usage = chunks[-1].usage
    assert usage is not None
    assert (chunks[-1].choices, usage.completion_tokens) == ([], 6)
    assert usage.prompt_tokens > 0


async def test_azure_tells_first_what_its_filter_found(chat: ChatEmulator) -> None:
    async with azure(chat) as client:
        chunks = await asked(client)
    assert (chunks[0].choices, chunks[0].id) == ([], "")
    assert "prompt_filter_results" in chunks[0].model_dump()


async def test_calls_come_in_parallel_and_in_pieces(chat: ChatEmulator, client: openai.AsyncOpenAI) -> None:
    chat.script(Reply("Let me see.", calls=(Call("free_times", {"day": "2026-11-23"}), Call("prices", {}))))
    chunks = await asked(client)
    deltas = [call for chunk in chunks for choice in chunk.choices for call in choice.delta.tool_calls or ()]
    arguments = {index: "" for index in (0, 1)}
    for delta in deltas:
        assert delta.function is not None
        arguments[delta.index] += delta.function.arguments or ""
    assert arguments == {0: '{"day":"2026-11-23"}', 1: "{}"}
    assert len([delta for delta in deltas if delta.index == 0]) > 2
    named = [delta for delta in deltas if delta.id]
    assert [delta.function.name for delta in named if delta.function] == ["free_times", "prices"]
    assert chunks[-2].choices[0].finish_reason == "tool_calls"


async def test_answers_go_by_order_then_by_what_was_said(chat: ChatEmulator, client: openai.AsyncOpenAI) -> None:
    chat.answer("hours", Reply("By match."))
    chat.answer("OPENING hours", Reply("By the latest match."))
    chat.script(Reply("By order."))
    assert text_of(await asked(client)) == "By order."
    assert text_of(await asked(client)) == "By the latest match."
    assert text_of(await asked(client, messages=[{"role": "user", "content": "Hello"}])) == chat.default.text
    assert [request.messages[-1]["content"] for request in chat.requests][-1] == "Hello"


async def test_tokens_come_at_their_rate(chat: ChatEmulator, client: openai.AsyncOpenAI) -> None:
    chat.script(Reply("one two three four", first_token_s=0.1, tokens_per_s=20))
    async with running_time() as took:
        await asked(client)
        assert took.wall_s >= 0.25
        assert took.s < 1.0


@pytest.mark.parametrize("whose", ["key", "token", "nothing"])
async def test_who_brings_no_proof_is_refused(chat: ChatEmulator, whose: str) -> None:
    wrong = {"key": {"api_key": "wrong"}, "token": {"azure_ad_token": "no.token"}, "nothing": {"api_key": "-"}}
    async with azure(chat, **wrong[whose]) as client, compatible(chat, "wrong") as other:
        for refused in (client, other):
            with pytest.raises(openai.AuthenticationError):
                await asked(refused)
    assert len(chat.requests) == 0


async def test_a_token_of_an_identity_is_taken_until_it_ends() -> None:
    entra = TokenIssuer("https://sts.windows.net/tenant/", AUDIENCE)
    async with ChatEmulator(entra=entra) as chat, azure(chat, azure_ad_token=entra.issue()) as client:
        assert text_of(await asked(client)) == chat.default.text
    async with ChatEmulator(entra=entra) as chat, azure(chat, azure_ad_token=entra.issue(ttl_s=-5)) as client:
        with pytest.raises(openai.AuthenticationError):
            await asked(client)


@pytest.mark.parametrize(
    ("answer", "raised"),
    [
        (throttled(3), openai.RateLimitError),
        (Refusal(500), openai.InternalServerError),
        (Refusal(503), openai.InternalServerError),
        (Refusal(401), openai.AuthenticationError),
        (content_filtered(), openai.BadRequestError),
        (Reply("One two three.", fault=Fault.RESET, fault_after=2), openai.APIConnectionError),
        (Reply("One two three.", fault=Fault.ERROR, fault_after=2), openai.APIError),
        (Reply("One two three.", fault=Fault.MALFORMED, fault_after=2), ValueError),
    ],
)
async def test_a_fault_is_what_the_sdk_sees(
    chat: ChatEmulator, client: openai.AsyncOpenAI, answer: Answer, raised: type[Exception]
) -> None:
    chat.script(answer)
    with pytest.raises(raised) as failure:
        await asked(client)
    if isinstance(failure.value, openai.RateLimitError):
        assert failure.value.response.headers["Retry-After"] == "3"
    assert text_of(await asked(client)) == chat.default.text


async def test_a_truncated_stream_just_ends(chat: ChatEmulator, client: openai.AsyncOpenAI) -> None:
    chat.script(Reply("One two three.", fault=Fault.TRUNCATED, fault_after=2))
    chunks = await asked(client)
    assert text_of(chunks) == "One two"
    assert not any(choice.finish_reason for chunk in chunks for choice in chunk.choices)


@pytest.mark.parametrize(
    "answer",
    [
        Silence(),
        Silence(after_headers=True),
        Reply("One two.", fault=Fault.STALL, fault_after=1),
        Reply("One two.", tokens_per_s=0.1),
        Refusal(500, after_s=60),
    ],
)
async def test_a_client_that_goes_away_is_seen(chat: ChatEmulator, client: openai.AsyncOpenAI, answer: Answer) -> None:
    chat.script(answer)
    asking = asyncio.create_task(asked(client))
    await chat.requests.until(lambda _: True)
    await asyncio.sleep(0.05)
    assert not asking.done()
    async with running_time() as took:
        asking.cancel()
        ended = await chat.ended.until(lambda _: True)
        assert not ended.complete
        assert took.s < SEEN_WITHIN_S


async def test_what_the_service_itself_refuses(chat: ChatEmulator) -> None:
    call = {"id": "call_1", "type": "function", "function": {"name": "book", "arguments": "{}"}}
    result = {"role": "tool", "tool_call_id": "call_1", "content": "{}"}
    calling: dict[str, Any] = {"role": "assistant", "content": None, "tool_calls": [call]}
    async with azure(chat) as client:
        assert text_of(await asked(client, messages=[*USER, calling, result])) == chat.default.text
        for messages in ([], [*USER, calling], [*USER, calling, *USER, result], [*USER, result]):
            with pytest.raises(openai.BadRequestError):
                await asked(client, messages=messages)
        with pytest.raises(openai.BadRequestError):
            await asked(client, tools=[])
        with pytest.raises(openai.BadRequestError, match="only streams"):
            await client.chat.completions.create(model="gpt-4o", messages=USER)
        with pytest.raises(openai.NotFoundError):
            await asked(client, model="no-such-deployment")


async def test_a_reasoning_model_knows_fewer_parameters(chat: ChatEmulator) -> None:
    async with azure(chat) as client:
        for unknown in ({"max_tokens": 5}, {"temperature": 0.2}):
            with pytest.raises(openai.BadRequestError) as refused:
                await asked(client, model="o4-mini", **unknown)
            assert refused.value.param == next(iter(unknown))
        assert text_of(await asked(client, model="o4-mini", max_completion_tokens=5)) == chat.default.text


async def test_models_are_listed_to_who_may_ask(chat: ChatEmulator) -> None:
    async with azure(chat) as client, compatible(chat) as other, compatible(chat, "wrong") as stranger:
        for real in (client, other):
            assert [model.id async for model in real.models.list()] == ["gpt-4o"]
        with pytest.raises(openai.AuthenticationError):
            await stranger.models.list()
