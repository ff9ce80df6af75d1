"""A reply with tools in it, as it is spoken and as it is remembered."""

import asyncio
from collections.abc import Sequence

import pytest

from actors.conversation import Role
from actors.messages.caller import CallOrderFailed
from actors.messages.output import ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.tools import tool
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import stage

Script = tuple[Sequence[str], ...]
"""What the model says, round by round; after each but the last it calls a tool."""


@tool(timeout_s=1)
def look_up() -> str:
    """Look something up."""
    return "nine"


def model(rounds: Script) -> FakeModel:
    def script(request: ModelRequest) -> list[ModelEvent | float]:
        number = sum(message.role is Role.TOOL for message in request.messages)
        said: list[ModelEvent | float] = [TextGenerated(text) for text in rounds[number]]
        called = (
            [ToolCalled(call_id=f"call-{number}", name="look_up", arguments="{}")] if number < len(rounds) - 1 else []
        )
        return [*said, *called, ReplyGenerated()]

    return FakeModel(script)


@pytest.mark.parametrize(
    ("rounds", "heard"),
    [
        ((["One moment."], ["Nine", " is free."]), "One moment. Nine is free."),
        ((["One moment. "], ["Nine is free."]), "One moment. Nine is free."),
        ((["One moment"], [", nine is free."]), "One moment, nine is free."),
        ((["One moment."], ["", "Nine is free."]), "One moment. Nine is free."),
        ((["One moment."], [], ["Nine is free."]), "One moment. Nine is free."),
        ((["One moment."], ["And another."], ["Nine is free."]), "One moment. And another. Nine is free."),
        (([], ["Nine is free."]), "Nine is free."),
        ((["请稍等。"], ["九点有空。"]), "请稍等。九点有空。"),
    ],
)
def test_words_before_and_after_a_tool_are_kept_apart(rounds: Script, heard: str) -> None:
    async def main() -> None:
        answering = model(rounds)
        async with stage(utterances=["what is free"], model=answering, tools={"look_up": look_up}) as on:
            await asyncio.sleep(2)
            await on.talk(900)
            await on.ear.until(lambda ear: len(ear.of(ReplyHeard)) >= 2, 20)
            assert on.ear.of(ReplyHeard)[-1].text == heard
            remembered = [m.text for m in on.session.record().messages if m.role is Role.ASSISTANT and m.text]
            assert remembered[-1] == heard
        asked_again = answering.requests[-1].messages
        before = [message.text for message in asked_again if message.tool_requests][-1]
        assert heard.startswith(before)

    run_virtual(main())


def test_an_order_that_fails_after_its_tool_returned_is_known_to_the_next_request_and_not_spoken_of() -> None:
    async def main() -> None:
        answering = model((["Done."],))
        async with stage(utterances=["press one"], model=answering) as on:
            await asyncio.sleep(2)
            heard_before = len(on.ear.of(ReplyHeard))
            on.entry.deliver(CallOrderFailed("the keys were not sent: busy (486)"))
            await asyncio.sleep(2)
            assert len(on.ear.of(ReplyHeard)) == heard_before
            await on.talk(900)
            await on.ear.until(lambda ear: len(ear.of(ReplyHeard)) > heard_before, 20)
            (note,) = [m for m in answering.requests[-1].messages if m.role is Role.NOTE]
            assert "the keys were not sent: busy (486)" in note.text
            assert answering.requests[-1].messages[-1].role is Role.USER

    run_virtual(main())
