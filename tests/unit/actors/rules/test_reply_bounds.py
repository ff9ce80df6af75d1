"""A model that does not end, calls too much or says too much costs its own reply's end, and nothing else."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.conversation import Role
from actors.messages.caller import TextEntered
from actors.messages.model import ToolFinished
from actors.messages.output import ReplyHeard
from actors.ports.llm import MemoryUpdated, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.reply_bounds import (
    MAX_ARGUMENTS_CHARS,
    MAX_EVENTS,
    MAX_REPLY_CHARS,
    MAX_REPLY_S,
    MAX_TOOL_CALLS,
    MOST_AUDIO_MS,
    SLOWEST_MS_PER_CHAR,
    SPARE_AUDIO_MS,
    TOO_LONG,
    ReplyBounds,
    most_audio_ms,
)
from actors.runtime.clock import run_virtual
from actors.tool_outcome import MAX_RESULT_CHARS
from actors.tools import tool
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import stage


class TestTheRule:
    def test_what_is_within_passes_as_it_is(self) -> None:
        bounds = ReplyBounds(0.0)
        events: list[ModelEvent] = [
            TextGenerated("a" * MAX_REPLY_CHARS),
            ToolCalled(call_id="1", name="book", arguments="{}"),
            MemoryUpdated({"a": 1}),
        ]
        assert [bounds.admit(event, 1.0) for event in (*events, ReplyGenerated())] == [*events, ReplyGenerated()]
        assert bounds.exceeded == ""

    def test_text_is_cut_to_the_character(self) -> None:
        bounds = ReplyBounds(0.0)
        bounds.admit(TextGenerated("a" * (MAX_REPLY_CHARS - 2)), 0.0)
        assert bounds.admit(TextGenerated("bcdef"), 0.0) == TextGenerated("bc")
        assert bounds.exceeded == "6000 characters"

    def test_a_reply_takes_no_longer_than_it_may(self) -> None:
        bounds = ReplyBounds(10.0)
        assert bounds.admit(TextGenerated("a"), 9.9 + MAX_REPLY_S) is not None
        assert bounds.admit(TextGenerated("b"), 10.0 + MAX_REPLY_S) is None
        assert bounds.exceeded == "180 s"

    def test_pieces_without_text_count(self) -> None:
        bounds = ReplyBounds(0.0)
        assert all(bounds.admit(TextGenerated(""), 0.0) for _ in range(MAX_EVENTS))
        assert bounds.admit(TextGenerated(""), 0.0) is None
        assert bounds.exceeded

    def test_so_many_calls_and_no_more(self) -> None:
        bounds = ReplyBounds(0.0)
        assert all(
            bounds.admit(ToolCalled(call_id=str(n), name="book", arguments="{}"), 0.0) for n in range(MAX_TOOL_CALLS)
        )
        assert bounds.exceeded == ""
        assert bounds.admit(ToolCalled(call_id="more", name="book", arguments="{}"), 0.0) is None
        assert bounds.exceeded == "8 calls of tools"

    def test_a_call_with_too_much_is_refused_and_not_run(self) -> None:
        bounds = ReplyBounds(0.0)
        call = bounds.admit(
            ToolCalled(call_id="i" * 9_999, name="n" * 9_999, arguments="a" * (MAX_ARGUMENTS_CHARS + 1)), 0.0
        )
        assert call == ToolCalled(call_id="i" * 200, name="n" * 200, arguments="{}", refusal=TOO_LONG)
        assert bounds.exceeded == ""


class Endless(FakeModel):
    """Goes on for ever, without ever giving anybody else a turn, until it is closed."""

    def __init__(self, *events: ModelEvent) -> None:
        super().__init__()
        self.events = events
        self.told = 0
        self.closed = False

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        if len(self.requests) > 1:
            yield TextGenerated("Now I am brief.")
            yield ReplyGenerated()
            return
        try:
            while True:
                for event in self.events:
                    self.told += 1
                    yield event
        finally:
            self.closed = True


def test_a_reply_without_end_is_cut_at_a_sentence_and_the_conversation_goes_on(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("actors.rules.reply_bounds.MAX_REPLY_CHARS", 1_000)

    async def main() -> None:
        model = Endless(TextGenerated("This is a sentence of mine, "), TextGenerated("which ends here. "))
        async with stage(model=model) as on:
            await asyncio.sleep(2)
            on.entry.deliver(TextEntered("hello"))
            await asyncio.sleep(1)
            assert model.closed
            await on.ear.until_count(ReplyHeard, 2, 100)
            heard = on.ear.of(ReplyHeard)[-1].text
            assert 900 < len(heard) <= 1_000
            assert heard.endswith("which ends here.")
            on.entry.deliver(TextEntered("and now?"))
            await on.ear.until(lambda ear: ear.of(ReplyHeard)[-1].text == "Now I am brief.", 60)
        cuts = [record for record in caplog.records if "a reply was cut" in record.getMessage()]
        assert len(cuts) == 1

    run_virtual(main())


@pytest.mark.parametrize(
    "event", [TextGenerated(""), ToolCalled(call_id="1", name="look_up", arguments="{}"), MemoryUpdated({})]
)
def test_a_flood_leaves_others_their_turns(event: ModelEvent) -> None:
    async def main() -> None:
        model = Endless(event)
        async with stage(model=model, caller=False) as on:
            await asyncio.sleep(2)
            turns = 0

            async def other() -> None:
                nonlocal turns
                while not model.closed:
                    turns += 1
                    await asyncio.sleep(0)

            on.entry.deliver(TextEntered("hello"))
            await asyncio.wait_for(other(), 30)
            assert model.told <= MAX_EVENTS + 1
            assert turns >= model.told / 20
            assert on.ear.ended is None

    run_virtual(main())


def test_the_model_is_told_that_its_arguments_were_too_long() -> None:
    runs: list[str] = []

    @tool
    async def book(name: str = "") -> str:
        """Book."""
        runs.append(name)
        return "booked"

    def script(request: ModelRequest) -> list[ModelEvent | float]:
        if any(message.role is Role.TOOL for message in request.messages):
            return [TextGenerated("That did not work."), ReplyGenerated()]
        return [
            ToolCalled(call_id="c", name="book", arguments='{"name": "' + "a" * 10_000_000 + '"}'),
            ReplyGenerated(),
        ]

    async def main() -> None:
        model = FakeModel(script)
        async with stage(model=model, tools={"book": book}) as on:
            await asyncio.sleep(2)
            on.entry.deliver(TextEntered("hello"))
            await on.ear.until_count(ReplyHeard, 2, 30)
            assert on.ear.of(ReplyHeard)[-1].text == "That did not work."
        assert runs == []
        read = model.requests[-1].messages
        assert TOO_LONG in read[-1].text
        assert sum(len(request.arguments) for message in read for request in message.tool_requests) < 100

    run_virtual(main())


def test_of_a_huge_result_the_model_reads_the_beginning_and_a_note(caplog: pytest.LogCaptureFixture) -> None:
    @tool
    async def look_up() -> str:
        """Look up."""
        return "word " * 200_000

    def script(request: ModelRequest) -> list[ModelEvent | float]:
        if request.messages[-1].role is Role.TOOL:
            return [TextGenerated("That is much."), ReplyGenerated()]
        return [ToolCalled(call_id="c", name="look_up", arguments="{}"), ReplyGenerated()]

    async def main() -> None:
        model = FakeModel(script)
        async with stage(model=model, tools={"look_up": look_up}) as on:
            await asyncio.sleep(2)
            on.entry.deliver(TextEntered("hello"))
            await on.ear.until_count(ReplyHeard, 2, 30)
            assert on.ear.of(ReplyHeard)[-1].text == "That is much."
            (shown,) = on.ear.of(ToolFinished)
            assert not shown.outcome.failed
        read = model.requests[-1].messages[-1].text
        assert len(read) < MAX_RESULT_CHARS + 200
        assert "it has 1000002 characters" in read
        assert "word word" in read

    run_virtual(main())
    assert any("result of tool look_up was cut" in record.getMessage() for record in caplog.records)


def test_a_reply_has_its_time_from_its_beginning() -> None:
    bounds = ReplyBounds(10.0)
    assert bounds.until == 10.0 + MAX_REPLY_S
    assert bounds.admit(TextGenerated("a"), bounds.until - 0.1) == TextGenerated("a")
    assert bounds.admit(TextGenerated("b"), bounds.until) is None
    assert bounds.exceeded


def test_audio_is_bounded_by_its_text_and_by_that_of_the_longest_reply() -> None:
    assert most_audio_ms(0) == SPARE_AUDIO_MS
    assert most_audio_ms(10) == SPARE_AUDIO_MS + 10 * SLOWEST_MS_PER_CHAR
    assert most_audio_ms(10**6) == MOST_AUDIO_MS
