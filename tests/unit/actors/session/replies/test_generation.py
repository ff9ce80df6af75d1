"""A reply in the making: the model's stream as a task, what is told of it, and what becomes of one that fails."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import msgspec
import pytest

from actors.agent import Agent, Model
from actors.errors import ErrorKind, ModelError
from actors.messages.model import ModelFailed
from actors.ports.llm import MemoryUpdated, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.text.sentences import PAUSE_S
from actors.runtime.clock import run_virtual
from actors.runtime.supervised_actor import SupervisedActor, actor_of
from actors.session.engine_events import ConversationSummarized, ModelPaused, ModelReported
from actors.session.replies.generation import MAX_MEMORY_BYTES, Generation, usage
from tests.kit.fakes import FakeModel

AGENT = Agent(name="a", label="A", model=Model(first_token_s=2.0, wait_s=5.0))
REQUEST = ModelRequest(session_id="s", turn=4, agent=AGENT, messages=[])
REPLY: list[ModelEvent] = [TextGenerated("Good "), TextGenerated("morning."), ReplyGenerated(3, 2)]


class Asking(SupervisedActor):
    """An actor whose generation tells it what the model says."""

    def __init__(self) -> None:
        super().__init__("asking", None)
        self.told: list[Any] = []

    def on_receive(self, message: Any) -> None:
        self.told.append(message)

    def events(self, stream: int) -> list[ModelEvent]:
        """What was told of one stream, without pauses."""
        reports = (each for each in self.told if isinstance(each, ModelReported))
        return [each.event for each in reports if each.stream == stream]


class Script(FakeModel):
    """Says what it is given, attempt by attempt; an exception among the events is raised there."""

    def __init__(self, *attempts: list[Any]) -> None:
        super().__init__()
        self.attempts = list(attempts)
        self.open = 0

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        self.open += 1
        try:
            for event in self.attempts.pop(0):
                if isinstance(event, int | float):
                    await asyncio.sleep(event)
                elif isinstance(event, BaseException):
                    raise event
                else:
                    yield event
        finally:
            self.open -= 1


def generating(model: FakeModel, act: Callable[[Generation, Asking], Any]) -> None:
    async def main() -> None:
        actor = actor_of(Asking.start())
        assert actor is not None
        await act(Generation(actor, model), actor)
        actor.actor_ref.stop(block=False)
        await asyncio.sleep(0.1)

    run_virtual(main())


def test_a_reply_is_told_event_by_event_under_the_number_of_its_stream() -> None:
    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(1)
        assert actor.told == [ModelReported(4, event, 1) for event in REPLY]
        generation.start(REQUEST)
        await asyncio.sleep(1)
        assert (generation.stream, actor.events(2)) == (2, REPLY)

    generating(Script(REPLY, REPLY), act)


def test_a_pause_in_mid_reply_is_told_once_and_again_after_more_text() -> None:
    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(30)
        pauses = [type(each) for each in actor.told]
        assert pauses == [ModelReported, ModelPaused, ModelReported, ModelPaused, ModelReported]

    long_s = 3 * PAUSE_S
    generating(Script([REPLY[0], long_s, REPLY[1], long_s, REPLY[2]]), act)


def test_a_reply_that_is_cancelled_closes_its_stream_and_wants_no_tools() -> None:
    model = Script([TextGenerated("Good "), 60.0, *REPLY])

    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(0.1)
        generation.tool_calls.append(ToolCalled(call_id="c", name="n", arguments="{}"))
        generation.cancel()
        await asyncio.sleep(0.1)
        assert (model.open, generation.tool_calls) == (0, [])
        assert actor.events(1) == [TextGenerated("Good ")]
        generation.cancel()

    generating(model, act)


@pytest.mark.parametrize(
    ("attempt", "kind"),
    [
        ([ModelError(ErrorKind.REFUSED, "a filter")], ErrorKind.REFUSED),
        ([TextGenerated("Good "), ValueError("what was said")], ErrorKind.INTERNAL),
        ([TextGenerated("Good ")], ErrorKind.INTERNAL),
        ([10.0, *REPLY], ErrorKind.TIMEOUT),
    ],
)
def test_a_failure_is_told_with_its_kind_and_without_words(attempt: list[Any], kind: ErrorKind) -> None:
    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(20)
        failure = actor.told[-1]
        assert isinstance(failure, ModelFailed)
        assert (failure.turn, failure.kind, failure.stream) == (4, kind, 1)
        assert "said" not in failure.detail

    generating(Script(attempt), act)


@pytest.mark.parametrize(
    ("before", "wait_s", "asked"),
    [([], 3.0, 2), ([], 60.0, 1), ([], None, 1), ([TextGenerated("Good ")], 3.0, 1)],
)
def test_a_busy_model_is_waited_for_if_it_says_how_long_and_has_said_nothing_else(
    before: list[ModelEvent], wait_s: float | None, asked: int
) -> None:
    model = Script([*before, ModelError(ErrorKind.THROTTLED, "busy", retry_after_s=wait_s)], REPLY)

    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(90)
        assert len(model.requests) == asked
        if asked == 2:
            assert actor.events(1) == REPLY
        else:
            assert isinstance(actor.told[-1], ModelFailed)

    generating(model, act)


def test_a_reply_that_does_not_end_is_cut_and_what_there_is_of_it_stands() -> None:
    endless = [TextGenerated("word " * 100)] * 1_000

    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(5)
        *texts, last = actor.events(1)
        assert last == ReplyGenerated(cut=True)
        assert 0 < sum(len(event.text) for event in texts if isinstance(event, TextGenerated)) <= 6_000

    generating(Script(endless), act)


def test_what_is_no_event_of_a_model_says_nothing() -> None:
    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(1)
        said = [event for event in actor.events(1) if event != TextGenerated("")]
        assert said == [TextGenerated("Good \ufffd"), ReplyGenerated(0, 2)]

    odd = msgspec.structs.replace(ReplyGenerated(0, 2), prompt_tokens=-5)
    generating(Script(["what?", TextGenerated("Good \ud83d"), None, odd]), act)


def test_a_summary_is_made_beside_the_reply() -> None:
    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        assert generation.summarize(msgspec.structs.replace(REQUEST, turn=2))
        await asyncio.sleep(2)
        summaries = [each for each in actor.told if isinstance(each, ConversationSummarized)]
        assert len(summaries) == 1
        assert actor.events(1) == REPLY

    generating(Script(REPLY, REPLY), act)


def test_what_a_reply_cost_stands_in_its_span() -> None:
    assert usage(ReplyGenerated(3, 2)) == {"gen_ai.usage.input_tokens": 3, "gen_ai.usage.output_tokens": 2}


@pytest.mark.parametrize(
    "memory", [{"a": "x" * MAX_MEMORY_BYTES}, {str(n): n for n in range(20_000)}, {"a": ["🙂" * 100] * 200}]
)
def test_notes_that_are_too_long_are_passed_over_and_the_reply_goes_on(memory: dict[str, Any]) -> None:
    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(1)
        assert actor.events(1) == [MemoryUpdated({"kept": 1}), TextGenerated(""), *REPLY]

    generating(Script([MemoryUpdated({"kept": 1}), MemoryUpdated(memory), *REPLY]), act)


def test_notes_up_to_the_bound_are_kept() -> None:
    notes = MemoryUpdated({"a": "x" * (MAX_MEMORY_BYTES - len('{"a":""}'))})

    async def act(generation: Generation, actor: Asking) -> None:
        generation.start(REQUEST)
        await asyncio.sleep(1)
        assert actor.events(1) == [notes, *REPLY]

    generating(Script([notes, *REPLY]), act)
