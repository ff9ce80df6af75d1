"""A model that does what a scenario says."""

import msgspec
import pytest

from actors.agent import Agent
from actors.conversation import ChatMessage, Role
from actors.errors import ModelError
from actors.ports.llm import ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from app.evals.scenario import Call, Reply
from app.evals.scripted_model import ScriptedModel

REQUEST = ModelRequest(
    session_id="s", turn=1, agent=Agent(name="a", label="A"), messages=[ChatMessage(role=Role.USER, text="hi")]
)


async def test_each_request_has_the_next_reply_until_there_is_none() -> None:
    model = ScriptedModel(
        [Reply(say="Hello.", after_ms=0, calls=(Call(tool="book", arguments={"day": 1}),)), Reply(after_ms=0)]
    )
    first = [event async for event in model.reply(REQUEST)]
    assert first[0] == TextGenerated("Hello.")
    assert isinstance(first[1], ToolCalled)
    assert (first[1].name, first[1].arguments) == ("book", '{"day":1}')
    assert [event async for event in model.reply(REQUEST)] == [ReplyGenerated()]
    with pytest.raises(ModelError, match="only 2 replies"):
        await anext(aiter(model.reply(REQUEST)))
    await model.close()


async def test_what_is_asked_beside_the_conversation_takes_no_reply_and_forbids_nothing() -> None:
    model, aside = ScriptedModel([Reply(say="Hello.", after_ms=0)]), msgspec.structs.replace(REQUEST, is_aside=True)
    assert [event async for event in model.reply(aside)] == [TextGenerated("0"), ReplyGenerated()]
    assert await anext(aiter(model.reply(REQUEST))) == TextGenerated("Hello.")
