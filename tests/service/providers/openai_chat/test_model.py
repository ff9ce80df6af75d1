"""The language model as sessions use it: the real SDK against the emulator, whatever goes wrong."""

import asyncio
import logging
import subprocess
import sys
from asyncio.subprocess import PIPE
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import msgspec
import pytest

from actors.agent import Agent, Model
from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.reply_bounds import MAX_ARGUMENTS_CHARS
from actors.runtime.session_trace import Stage, Trace
from actors.tools import ToolSchema
from app.providers.openai_chat.model import ChatModel
from app.providers.openai_chat.patience import Patience
from app.providers.openai_chat.resource import ChatResource
from config.errors import SettingsError
from config.secret import Secret
from tests.cloud.chat.emulator import ChatEmulator
from tests.cloud.chat.scripted import Answer, Call, Fault, Refusal, Reply, Silence, content_filtered, throttled
from tests.cloud.entra import EntraEmulator
from tests.kit.running_time import running_time
from tests.kit.source import ROOT
from tests.kit.spans import recorded_spans

AGENT = Agent(name="clinic", label="Clinic", model=Model(temperature=0.4, max_tokens=220))
SECRET_WORDS = "my number is 555 0100"
SEEN_WITHIN_S = 0.05
QUICK = Patience(first_token=1.0, next_token=1.0, budget=6.0, backoff=0.05, rest=0.1, check=1.0)
GOOD = Reply("All is well.")


def resource(chat: ChatEmulator, *, azure: bool = True, model: str = "gpt-4o", key: str = "") -> ChatResource:
    address = chat.endpoint if azure else chat.base_url
    return ChatResource(azure, address, model, Secret(key or chat.key), "2024-10-21")


@asynccontextmanager
async def closing(model: ChatModel) -> AsyncIterator[ChatModel]:
    try:
        yield model
    finally:
        await model.close()


@pytest.fixture
async def chat() -> AsyncIterator[ChatEmulator]:
    async with ChatEmulator(deployments=("gpt-4o", "o4-mini"), reasoning=("o4-mini",)) as emulator:
        yield emulator


@pytest.fixture
async def model(chat: ChatEmulator) -> AsyncIterator[ChatModel]:
    async with closing(ChatModel(resource(chat), QUICK)) as loaded:
        await loaded.ready()
        yield loaded


def asked(agent: Agent = AGENT, **more: Any) -> ModelRequest:
    more.setdefault("messages", (ChatMessage(role=Role.USER, text=SECRET_WORDS),))
    return ModelRequest(session_id="session", turn=1, agent=agent, **more)


async def told(model: LanguageModel, request: ModelRequest | None = None) -> list[ModelEvent]:
    return [event async for event in model.reply(request or asked())]


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextGenerated))


async def failure(model: LanguageModel, request: ModelRequest | None = None) -> tuple[ModelError, list[ModelEvent]]:
    """The error, and what was told before it. Neither it nor what it came from shows content or a key."""
    events: list[ModelEvent] = []

    async def listen() -> None:
        async for event in model.reply(request or asked()):
            events.append(event)

    with pytest.raises(ModelError) as raised:
        await listen()
    error = raised.value
    assert error.__cause__ is None
    assert error.__suppress_context__ or error.__context__ is None
    assert "555" not in str(error)
    return error, events


async def until_over(chat: ChatEmulator) -> None:
    await chat.ended.until(lambda _: len(chat.ended) == len(chat.requests), 1.0)


@pytest.mark.parametrize("azure", [True, False])
async def test_a_reply_comes_as_it_is_made(chat: ChatEmulator, azure: bool) -> None:
    chat.script(Reply("From nine to five."))
    schema = ToolSchema("book", "Book.", {"type": "object", "properties": {}})
    async with closing(ChatModel(resource(chat, azure=azure), QUICK)) as model:
        events = await told(model, asked(tools=(schema,)))
    assert events[:-1] == [TextGenerated(piece) for piece in ("From", " nine", " to", " five.")]
    assert isinstance(events[-1], ReplyGenerated)
    assert events[-1].prompt_tokens > 0
    assert events[-1].completion_tokens == 4
    body = chat.requests[0].body
    sent = {name: body.get(name) for name in ("model", "temperature", "top_p", "max_tokens", "stream")}
    assert sent == {"model": "gpt-4o", "temperature": 0.4, "top_p": 1.0, "max_tokens": 220, "stream": True}
    assert body["tools"][0]["function"]["name"] == "book"


async def test_calls_in_parallel_are_told_each(chat: ChatEmulator, model: ChatModel) -> None:
    chat.script(Reply("Let me see.", calls=(Call("free_times", {"day": "friday"}), Call("prices", {"of": "cleaning"}))))
    events = await told(model)
    calls = [event for event in events if isinstance(event, ToolCalled)]
    assert [(call.name, call.arguments) for call in calls] == [
        ("free_times", '{"day":"friday"}'),
        ("prices", '{"of":"cleaning"}'),
    ]
    assert len({call.call_id for call in calls}) == 2
    assert text_of(events) == "Let me see."


async def test_the_agent_may_name_its_own_model(chat: ChatEmulator, model: ChatModel) -> None:
    agent = msgspec.structs.replace(AGENT, model=Model(deployment_id="o4-mini", max_tokens=50))
    assert text_of(await told(model, asked(agent))) == chat.default.text
    # What that model refused is left out, and from then on at once.
    assert text_of(await told(model, asked(agent))) == chat.default.text
    assert [request.body.get("max_completion_tokens") for request in chat.requests] == [50, 50]
    assert list(chat.refused) == [400, 400]  # max_tokens, then temperature
    assert text_of(await told(model)) == chat.default.text
    assert chat.requests[-1].body["temperature"] == 0.4


@pytest.mark.parametrize(
    "fault",
    [
        throttled(),
        throttled(0.1),
        Refusal(500),
        Refusal(503),
        Refusal(408),
        Silence(),
        Silence(after_headers=True),
        Reply("One two.", fault=Fault.RESET),
        Reply("One two.", fault=Fault.TRUNCATED),
        Reply("One two.", fault=Fault.STALL),
        Reply("One two.", fault=Fault.ERROR),
        Reply("One two.", fault=Fault.MALFORMED),
        Reply("One two.", fault=Fault.OVERLONG),
    ],
)
async def test_before_the_first_token_it_is_tried_again(chat: ChatEmulator, model: ChatModel, fault: Answer) -> None:
    chat.script(fault, GOOD)
    async with running_time() as took:
        assert text_of(await told(model)) == GOOD.text
        assert len(chat.requests) == 2
        assert took.s < 2.0


BREAKS = [Fault.RESET, Fault.TRUNCATED, Fault.STALL, Fault.ERROR, Fault.MALFORMED, Fault.OVERLONG]


@pytest.mark.parametrize("fault", BREAKS)
async def test_in_mid_reply_the_rest_is_asked_for(chat: ChatEmulator, model: ChatModel, fault: Fault) -> None:
    chat.script(Reply("One two three four.", fault=fault, fault_after=2), Reply("three four."))
    async with running_time() as took:
        assert text_of(await told(model)) == "One two three four."
        assert took.s < 2.0
    first, second = chat.requests
    assert second.messages[:-2] == first.messages
    assert second.messages[-2] == {"role": "assistant", "content": "One two"}
    assert second.messages[-1]["role"] == "system"


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.RESET, ErrorKind.UNAVAILABLE),
        (Fault.TRUNCATED, ErrorKind.UNAVAILABLE),
        (Fault.STALL, ErrorKind.TIMEOUT),
        (Fault.ERROR, ErrorKind.UNAVAILABLE),
        (Fault.MALFORMED, ErrorKind.INTERNAL),
        (Fault.OVERLONG, ErrorKind.UNAVAILABLE),
    ],
)
async def test_the_rest_is_asked_for_once(chat: ChatEmulator, model: ChatModel, fault: Fault, kind: ErrorKind) -> None:
    chat.script(*[Reply("One two three.", fault=fault, fault_after=2)] * 2)
    error, events = await failure(model)
    assert (error.kind, text_of(events)) == (kind, "One two One two")
    assert len(chat.requests) == 2
    assert text_of(await told(model)) == chat.default.text


async def test_a_call_that_breaks_off_is_not_made_up(chat: ChatEmulator, model: ChatModel) -> None:
    calling = Reply("Let me see.", calls=(Call("book", {"day": "friday"}),), fault=Fault.RESET, fault_after=5)
    chat.script(calling)
    error, events = await failure(model)
    assert (error.kind, text_of(events)) == (ErrorKind.UNAVAILABLE, "Let me see.")
    assert not any(isinstance(event, ToolCalled) for event in events)
    assert len(chat.requests) == 1


@pytest.mark.parametrize(
    ("refusal", "kind", "says"),
    [
        (Refusal(401, "401"), ErrorKind.AUTHENTICATION, "check AZURE_OPENAI_KEY"),
        (Refusal(403), ErrorKind.AUTHENTICATION, "check AZURE_OPENAI_KEY"),
        (Refusal(404, "DeploymentNotFound"), ErrorKind.UNAVAILABLE, "AZURE_OPENAI_CHAT_DEPLOYMENT_ID"),
        (content_filtered(), ErrorKind.REFUSED, "the content filter refuses the prompt"),
        (Refusal(400, "context_length_exceeded", SECRET_WORDS), ErrorKind.TOO_LONG, "longer than the model can read"),
        (Refusal(400, SECRET_WORDS, param="555"), ErrorKind.BAD_REQUEST, "status 400"),
        (Refusal(429, "insufficient_quota"), ErrorKind.THROTTLED, "insufficient_quota"),
        (throttled(60), ErrorKind.THROTTLED, "status 429"),
    ],
)
async def test_what_no_retry_helps_is_told_at_once(
    chat: ChatEmulator, model: ChatModel, refusal: Refusal, kind: ErrorKind, says: str
) -> None:
    chat.script(refusal)
    async with running_time() as took:
        error, events = await failure(model)
        assert took.s < QUICK.first_token
    assert (error.kind, events) == (kind, [])
    assert says in error.detail
    assert error.retry_after_s == (60 if "Retry-After" in refusal.headers else None)
    assert len(chat.requests) == 1


async def test_what_an_agent_sets_for_its_model_is_sent(chat: ChatEmulator, model: ChatModel) -> None:
    settings = Model(parallel_tools=False, reasoning_effort="minimal", extra_body={"top_k": 20})
    agent = msgspec.structs.replace(AGENT, model=settings)
    schema = ToolSchema("book", "Book.", {"type": "object", "properties": {}})
    chat.script(GOOD)
    await told(model, asked(agent, tools=(schema,), may_call_tools=False))
    body = chat.requests[0].body
    assert (body["parallel_tool_calls"], body["reasoning_effort"], body["top_k"]) == (False, "minimal", 20)
    assert body["tool_choice"] == "none"


async def test_an_agent_says_how_long_its_model_is_waited_for(chat: ChatEmulator, model: ChatModel) -> None:
    hasty = msgspec.structs.replace(AGENT, model=Model(first_token_s=2.4, retries=0))
    chat.script(Silence(), GOOD)
    async with running_time() as took:
        assert (await failure(model, asked(hasty)))[0].kind is ErrorKind.TIMEOUT
        assert took.s < QUICK.first_token / 2
    assert len(chat.requests) == 1


async def test_retries_end_with_their_number_and_with_the_budget(chat: ChatEmulator, model: ChatModel) -> None:
    chat.script(*[Refusal(500)] * 3)
    assert (await failure(model))[0].kind is ErrorKind.UNAVAILABLE
    assert len(chat.requests) == 3
    chat.script(*[Silence()] * 3)
    short = msgspec.structs.replace(QUICK, first_token=0.3, budget=0.5)
    async with closing(ChatModel(resource(chat), short)) as hasty:
        await hasty.ready()
        async with running_time() as took:
            assert (await failure(hasty))[0].kind is ErrorKind.TIMEOUT
            assert took.wall_s > 0.4
            assert took.s < 0.7


async def test_the_word_about_when_to_come_back_is_kept(chat: ChatEmulator, model: ChatModel) -> None:
    chat.script(throttled(0.4), GOOD)
    async with running_time() as took:
        await told(model)
        assert took.s < 0.8
    first, second = chat.requests
    assert second.at - first.at >= 0.4


@pytest.mark.parametrize("where", ["waiting", "speaking"])
@pytest.mark.parametrize("way", ["cancelled", "closed"])
async def test_giving_up_closes_the_stream_at_once(chat: ChatEmulator, model: ChatModel, where: str, way: str) -> None:
    patient = msgspec.structs.replace(QUICK, first_token=9.0, next_token=9.0)
    chat.script(
        Silence(after_headers=True) if where == "waiting" else Reply("One two.", fault=Fault.STALL, fault_after=1)
    )
    async with closing(ChatModel(resource(chat), patient)) as waiting:
        reply = waiting.reply(asked())
        if where == "speaking":
            assert await anext(reply) == TextGenerated("One")
        asking = None
        if way == "cancelled" or where == "waiting":
            asking = asyncio.ensure_future(anext(reply))
            await chat.requests.until(lambda _: True)
            await asyncio.sleep(0.05)
        async with running_time() as took:
            if asking is None:
                await reply.aclose()  # type: ignore[attr-defined]
            else:
                asking.cancel()
            ended = await chat.ended.until(lambda _: True)
            assert not ended.complete
            assert took.s < SEEN_WITHIN_S


async def test_one_connection_serves_reply_after_reply(chat: ChatEmulator, model: ChatModel) -> None:
    for _ in range(5):
        await told(model)
    assert chat.connections == 1


async def test_a_server_that_closed_an_idle_connection_costs_no_reply(chat: ChatEmulator, model: ChatModel) -> None:
    await told(model)
    for transport in list(chat._seen):
        transport.close()  # type: ignore[attr-defined]
    await asyncio.sleep(0.02)
    assert text_of(await told(model)) == chat.default.text


async def test_getting_ready_opens_a_connection_and_survives_a_service_that_is_down(
    chat: ChatEmulator, caplog: pytest.LogCaptureFixture
) -> None:
    chat.down = Refusal(503)
    async with closing(ChatModel(resource(chat), QUICK)) as model:
        await model.prepare([AGENT])
        assert "does not answer yet" in caplog.text
        with pytest.raises(ModelError):
            await model.ready()
        chat.down = None
        assert await model.ready() == "Azure OpenAI answers"
        asked_so_far = len(chat.listings)
        await told(model)
        assert await model.ready() == "Azure OpenAI answers"
        assert (len(chat.listings), chat.connections) == (asked_so_far, 1)


async def test_a_wrong_key_is_found_before_the_first_call(chat: ChatEmulator) -> None:
    async with closing(ChatModel(resource(chat, key="wrong-key"), QUICK)) as model:
        with pytest.raises(ModelError, match="check AZURE_OPENAI_KEY") as refused:
            await model.ready()
        assert "wrong-key" not in str(refused.value)


async def test_an_agent_without_a_model_is_named(chat: ChatEmulator) -> None:
    async with closing(ChatModel(resource(chat, model=""), QUICK)) as model:
        with pytest.raises(SettingsError, match="AZURE_OPENAI_CHAT_DEPLOYMENT_ID is unset, and the agent clinic"):
            await model.prepare([AGENT])
        assert (await failure(model))[0].kind is ErrorKind.BAD_REQUEST


async def test_an_identity_is_enough_and_its_token_is_renewed(monkeypatch: pytest.MonkeyPatch) -> None:
    async with EntraEmulator(ttl_s=1, leeway_s=60) as entra, ChatEmulator(entra=entra.tokens) as chat:
        for name, value in entra.app_service().items():
            monkeypatch.setenv(name, value)
        monkeypatch.setenv("AZURE_TOKEN_CREDENTIALS", "ManagedIdentityCredential")
        monkeypatch.delenv("AZURE_CLIENT_ID", raising=False)
        by_identity = ChatResource(True, chat.endpoint, "gpt-4o", None, "2024-10-21")
        async with closing(ChatModel(by_identity, QUICK)) as model:
            for _ in range(2):
                assert text_of(await told(model)) == chat.default.text
            await asyncio.sleep(1.1)  # the emulator's tokens are of this long a life
            assert text_of(await told(model)) == chat.default.text
            entra.refusals, entra.refusal_status = 99, 400
            await asyncio.sleep(1.1)
            error, _ = await failure(model)
            assert error.kind is ErrorKind.AUTHENTICATION
        assert len({request.proof for request in chat.requests}) >= 2


async def test_nothing_is_asked_of_a_closed_model(chat: ChatEmulator, model: ChatModel) -> None:
    await model.close()
    await model.close()
    assert (await failure(model))[0].kind is ErrorKind.UNAVAILABLE


async def test_logs_show_nothing_that_was_said(
    chat: ChatEmulator, model: ChatModel, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    await told(model)
    chat.script(Refusal(400, message=SECRET_WORDS))
    await failure(model)
    assert "555" not in caplog.text
    assert chat.key not in caplog.text


def test_the_sdk_is_not_loaded_until_it_is_used() -> None:
    code = "import sys, app.providers.openai_chat.model, app.engines.making; sys.exit('openai' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=ROOT, check=False, timeout=60).returncode == 0


FIRST_REPLY = """
import asyncio, sys
import msgspec
from actors.ports.llm import ModelRequest
from app.providers.openai_chat.model import create_azure
from config.settings import read_settings

async def main(request):
    model = create_azure(read_settings())
    await model.prepare([request.agent])
    prepared = set(sys.modules)
    async for _ in model.reply(request):
        pass
    print(*(name for name in sys.modules.keys() - prepared if name.startswith("openai")))
    await model.close()

asyncio.run(main(msgspec.json.decode(sys.stdin.buffer.read(), type=ModelRequest)))
"""


async def test_the_first_reply_loads_nothing_more_of_the_sdk(chat: ChatEmulator) -> None:
    """The loop of all sessions would stand still for it."""
    process = await asyncio.create_subprocess_exec(
        sys.executable, "-c", FIRST_REPLY, cwd=ROOT, env=chat.environment(), stdin=PIPE, stdout=PIPE
    )
    loaded, _ = await process.communicate(msgspec.json.encode(asked()))
    assert (process.returncode, loaded.decode().split()) == (0, [])


async def test_endless_arguments_are_not_read_to_their_end(chat: ChatEmulator) -> None:
    chat.script(Reply("Let me see.", calls=(Call("book", '{"day": "' + "friday " * 20_000 + '"}'),)))
    async with closing(ChatModel(resource(chat))) as model:
        events = await told(model)
    (call,) = [event for event in events if isinstance(event, ToolCalled)]
    assert call.name == "book"
    assert MAX_ARGUMENTS_CHARS < len(call.arguments) < 3 * MAX_ARGUMENTS_CHARS
    assert isinstance(events[-1], ReplyGenerated)


async def test_a_traced_request_names_its_service_and_model_and_sends_the_trace_along(
    chat: ChatEmulator, model: ChatModel
) -> None:
    chat.script(GOOD)
    with recorded_spans("actors.runtime.session_trace") as spans:
        trace = Trace()
        trace.session_started("session-1", "media", "clinic")
        trace.begin(Stage.MODEL)
        with trace.inside(Stage.MODEL):
            await told(model)
        trace.session_ended("NORMAL")
        span = spans.get_finished_spans()[0]
    assert span.name == "chat gpt-4o"
    assert dict(span.attributes or {}) == {
        "gen_ai.provider.name": "azure.ai.openai",
        "gen_ai.request.model": "gpt-4o",
        "peer.service": "Azure OpenAI",
        "server.address": "127.0.0.1",
    }
    assert span.context is not None
    (sent,) = [each.traceparent for each in chat.requests if each.traceparent]
    assert sent.startswith(f"00-{span.context.trace_id:032x}-{span.context.span_id:016x}-")
