"""The short answer of a model that is asked beside the conversation: how far it is read, and what it costs."""

from collections.abc import AsyncIterator
from typing import Any, cast

import pytest

from actors.agent import Agent
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.session.replies.aside_answer import AsideAnswer
from actors.session.replies.spending import CHARS_PER_TOKEN

REQUEST = ModelRequest(session_id="s", turn=1, agent=Agent(name="a", label="A"), messages=(), is_aside=True)


class Model:
    """Tells the given events, or raises; notes whether its stream was closed."""

    def __init__(self, *events: ModelEvent | ModelError) -> None:
        self._events = events
        self.told = 0
        self.is_closed = False

    async def reply(self, _request: ModelRequest) -> AsyncIterator[ModelEvent]:
        try:
            for event in self._events:
                if isinstance(event, ModelError):
                    raise event
                self.told += 1
                yield event
        finally:
            self.is_closed = True


async def read(model: Model, most_chars: int = 100) -> AsideAnswer:
    answer = AsideAnswer()
    await answer.read(cast(Any, model), REQUEST, most_chars)
    return answer


async def test_an_answer_is_read_to_its_end() -> None:
    model = Model(TextGenerated("All"), TextGenerated(" well."), ReplyGenerated(7, 3), TextGenerated("never read"))
    answer = await read(model)
    assert (answer.text, answer.is_complete, answer.cost(1_000)) == ("All well.", True, 10)
    assert (model.told, model.is_closed) == (3, True)


async def test_an_answer_that_is_too_long_is_read_no_further() -> None:
    model = Model(TextGenerated("four"), TextGenerated("four"), TextGenerated("never read"), ReplyGenerated(7, 3))
    answer = await read(model, most_chars=7)
    assert (answer.text, answer.is_complete, model.told, model.is_closed) == ("fourfour", False, 2, True)
    assert answer.cost(92) == 100 // CHARS_PER_TOKEN


async def test_what_has_come_of_an_answer_that_breaks_off_is_kept() -> None:
    answer, model = AsideAnswer(), Model(TextGenerated("All"), ModelError(ErrorKind.UNAVAILABLE, "gone"))
    with pytest.raises(ModelError):
        await answer.read(cast(Any, model), REQUEST, 100)
    assert (answer.text, answer.is_complete, model.is_closed) == ("All", False, True)
