"""What every language model does, whatever it says."""

import asyncio
from collections.abc import AsyncIterator

import msgspec
import pytest

from actors.conversation import ChatMessage, Memory, Role, ToolRequest
from actors.ports.llm import (
    LanguageModel,
    MemoryUpdated,
    ModelEvent,
    ModelRequest,
    ReplyGenerated,
    TextGenerated,
    ToolCalled,
)
from actors.tools import ToolSchema
from app.dialogue.schema import AskStep, CallStep, Choice, ChoiceSlot, Dialogue, Intent, ResultCase, ScriptedAgent
from tests.service.contract.adapters import LANGUAGE_MODELS, Generating

WITHIN_S = 20.0
NOON = 1_780_000_000.0
"""Some time, in seconds since the epoch."""


AGENT = ScriptedAgent(
    name="clinic",
    label="Clinic",
    greeting="Hello, this is the clinic.",
    instructions="You book appointments. Ask for the day, then call the tool.",
    tools=("book",),
    dialogue=Dialogue(
        intents=(
            Intent(
                "hours",
                examples=("what are your opening hours", "when are you open"),
                reply=("We are open from nine to five.",),
            ),
            Intent(
                "book",
                examples=("i would like to book an appointment", "i need an appointment"),
                steps=(
                    AskStep("day"),
                    CallStep("book", {"day": "{day}"}, say=("Let me see.",), results=(ResultCase(say=("Booked.",)),)),
                ),
            ),
        ),
        slots={"day": ChoiceSlot(choices=(Choice("monday"), Choice("friday")), prompt=("Monday or Friday?",))},
    ),
)


@pytest.fixture(params=LANGUAGE_MODELS, ids=lambda case: case.name)
async def model(request: pytest.FixtureRequest) -> AsyncIterator[LanguageModel]:
    case: Generating = request.param
    engine = case.create()
    yield engine
    await engine.close()


def asked(*lines: str, memory: Memory | None = None) -> ModelRequest:
    """A request after the user and the agent said `lines` in turn, the user first."""
    roles = (Role.USER, Role.ASSISTANT)
    messages = [
        ChatMessage(role=roles[at % 2], text=line, turn=1 + at // 2, at=NOON + at * 10.0)
        for at, line in enumerate(lines)
    ]
    schemas = [ToolSchema(name, "A tool.", {"type": "object"}) for name in AGENT.tools]
    return ModelRequest(
        session_id="session",
        turn=1 + len(lines) // 2,
        agent=AGENT,
        messages=messages,
        tools=schemas,
        memory=memory or {},
    )


async def answer(model: LanguageModel, request: ModelRequest) -> list[ModelEvent]:
    async with asyncio.timeout(WITHIN_S):
        return [event async for event in model.reply(request)]


def text_of(events: list[ModelEvent]) -> str:
    return "".join(event.text for event in events if isinstance(event, TextGenerated))


async def test_a_reply_is_text_and_ends_once(model: LanguageModel) -> None:
    events = await answer(model, asked("Hello, what can you do for me?"))
    assert text_of(events).strip()
    assert all(event.text for event in events if isinstance(event, TextGenerated))
    assert isinstance(events[-1], ReplyGenerated)
    assert sum(isinstance(event, ReplyGenerated) for event in events) == 1


async def test_memory_is_json_and_comes_back(model: LanguageModel) -> None:
    memory: Memory = {}
    lines: list[str] = []
    for line in ("I would like to book an appointment.", "What was the question?", "On Friday."):
        lines.append(line)
        events = await answer(model, asked(*lines, memory=memory))
        for event in events:
            if isinstance(event, MemoryUpdated):
                memory = msgspec.json.decode(msgspec.json.encode(event.memory))
                assert memory == event.memory
        assert isinstance(events[-1], ReplyGenerated)
        lines.append(text_of(events) or "One moment.")


async def test_a_tool_that_is_called_is_one_of_the_agent(model: LanguageModel) -> None:
    """A conversation that may call tools; each call gets a result that says that it failed."""
    messages: list[ChatMessage] = []
    memory: Memory = {}
    for turn, line in enumerate(("I need an appointment", "On Friday", "Yes", "Thank you"), 1):
        messages.append(ChatMessage(role=Role.USER, text=line, turn=turn, at=NOON + turn))
        for _ in range(4):
            request = msgspec.structs.replace(asked(line), turn=turn, messages=tuple(messages), memory=memory)
            events = await answer(model, request)
            memory = next((event.memory for event in events if isinstance(event, MemoryUpdated)), memory)
            calls = [event for event in events if isinstance(event, ToolCalled)]
            for call in calls:
                assert call.name in AGENT.tools
                assert isinstance(msgspec.json.decode(call.arguments), dict)
            requests = tuple(ToolRequest(call.call_id, call.name, call.arguments) for call in calls)
            messages.append(ChatMessage(role=Role.ASSISTANT, text=text_of(events), turn=turn, tool_requests=requests))
            messages += [
                ChatMessage(role=Role.TOOL, text='{"error": "the tool failed"}', turn=turn, call_id=call.call_id)
                for call in calls
            ]
            if not calls:
                break
        else:
            pytest.fail("the model calls a failing tool for ever")


async def test_a_reply_can_be_given_up(model: LanguageModel) -> None:
    reply = model.reply(asked("Hello, what can you do for me?"))
    async with asyncio.timeout(WITHIN_S):
        await anext(reply)
        assert hasattr(reply, "aclose"), "an async generator can be closed"
        await reply.aclose()
    with pytest.raises(StopAsyncIteration):
        await anext(reply)
    assert isinstance((await answer(model, asked("Hello?")))[-1], ReplyGenerated)


async def test_replies_are_made_side_by_side(model: LanguageModel) -> None:
    request = asked("What are your opening hours?")
    alone = text_of(await answer(model, request))
    together = await asyncio.gather(*(answer(model, request) for _ in range(5)))
    assert [text_of(events) for events in together] == [alone] * 5
