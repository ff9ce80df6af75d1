"""The port's side of the scripted model: streaming, memory first, one script for all who ask."""

import asyncio
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pytest

from actors.agent import Agent
from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import MemoryUpdated, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from app.agents.agent_files import load_agents
from app.dialogue.model import ScriptModel, create
from app.dialogue.schema import dialogue_of
from app.tools import load_tools

AGENTS = load_agents(Path(__file__).parents[4] / "config" / "agents", load_tools())
HOTEL = AGENTS["hotel"]


def asked(text: str, agent: Agent = HOTEL) -> ModelRequest:
    return ModelRequest(
        session_id="s",
        turn=1,
        agent=agent,
        messages=(ChatMessage(role=Role.USER, text=text, turn=1, at=1_780_477_200.0),),
    )


async def events(model: ScriptModel, request: ModelRequest) -> list[ModelEvent]:
    return [event async for event in model.reply(request)]


def text_of(told: Sequence[ModelEvent]) -> str:
    return "".join(event.text for event in told if isinstance(event, TextGenerated))


async def test_a_reply_streams_after_its_memory() -> None:
    told = await events(create(), asked("when is breakfast"))
    assert isinstance(told[0], MemoryUpdated)
    assert isinstance(told[-1], ReplyGenerated)
    assert sum(isinstance(event, TextGenerated) for event in told) > 2
    assert text_of(told) == "Breakfast is from seven to ten, in the garden room."


async def test_a_tool_is_called_after_the_text() -> None:
    told = await events(create(), asked("goodbye"))
    assert isinstance(told[-2], ToolCalled)
    assert told[-2].name == "end_conversation"


async def test_many_sessions_share_one_script() -> None:
    model = ScriptModel()
    await model.prepare([HOTEL])
    replies = await asyncio.gather(*(events(model, asked("is there internet")) for _ in range(20)))
    assert len({text_of(reply) for reply in replies}) == 1


async def test_one_who_leaves_early_does_not_take_the_script_from_the_others() -> None:
    model = ScriptModel()
    leaving = asyncio.ensure_future(events(model, asked("hello")))
    staying = asyncio.ensure_future(events(model, asked("when is breakfast")))
    await asyncio.sleep(0)
    leaving.cancel()
    assert text_of(await staying).startswith("Breakfast")


async def test_a_changed_dialogue_takes_effect() -> None:
    model = ScriptModel()
    await model.prepare([HOTEL])
    dialogue = dialogue_of(HOTEL)
    assert dialogue
    silent = msgspec.structs.replace(dialogue.fallback, reply=("What?",))
    changed = msgspec.structs.replace(HOTEL, dialogue=msgspec.structs.replace(dialogue, fallback=silent))
    assert text_of(await events(model, asked("zorblax quux", changed))) == "What?"


@pytest.mark.parametrize(
    "request_",
    [
        asked("hello", msgspec.structs.replace(HOTEL, dialogue=None)),
        ModelRequest(session_id="s", turn=1, agent=HOTEL, messages=()),
    ],
)
async def test_what_cannot_be_answered_is_an_error(request_: ModelRequest) -> None:
    with pytest.raises(ModelError) as caught:
        await events(create(), request_)
    assert caught.value.kind is ErrorKind.BAD_REQUEST


async def test_closing() -> None:
    model = ScriptModel()
    await model.prepare(AGENTS.values())
    await model.close()
