"""A model behind another: who answers, and what is told of one that failed."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec
import pytest

from actors.agent import Agent
from actors.conversation import ChatMessage, Role
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import (
    LanguageModel,
    MemoryUpdated,
    ModelEvent,
    ModelRequest,
    ReplyGenerated,
    TextGenerated,
    ToolCalled,
)
from actors.runtime.clock import run_virtual
from app.providers.failover.circuit_breaker import BreakerState
from app.providers.failover.model import PATIENCE_S, FailoverModel
from tests.kit.failover_kit import providers
from tests.kit.fakes import FakeModel

REQUEST = ModelRequest(
    session_id="session",
    turn=1,
    agent=Agent(name="a", label="A"),
    messages=[ChatMessage(role=Role.USER, text="Hello?")],
)
GOOD: list[ModelEvent] = [TextGenerated("Good "), TextGenerated("morning."), ReplyGenerated(3, 2)]


class Model(FakeModel):
    """Says what it is given; an exception among the events is raised there. `closed` counts streams that ended."""

    def __init__(self, *events: ModelEvent | float | BaseException) -> None:
        super().__init__()
        self.events: Sequence[ModelEvent | float | BaseException] = events
        self.closed = 0

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        try:
            for event in self.events:
                match event:
                    case BaseException():
                        raise event
                    case int() | float():
                        await asyncio.sleep(event)
                    case _:
                        yield event
        finally:
            self.closed += 1


def down(kind: ErrorKind = ErrorKind.UNAVAILABLE) -> ModelError:
    return ModelError(kind, "out of luck")


async def told(model: LanguageModel) -> list[ModelEvent]:
    return [event async for event in model.reply(REQUEST)]


def pair(first: Model, second: Model) -> FailoverModel:
    engines: tuple[LanguageModel, LanguageModel] = (first, second)
    return FailoverModel(providers(*engines))


def lone(model: LanguageModel) -> FailoverModel:
    return FailoverModel(providers(model))


@pytest.mark.parametrize("kind", list(ErrorKind))
def test_a_reply_that_fails_before_its_first_word_is_asked_of_the_other(kind: ErrorKind) -> None:
    async def main() -> None:
        first, second = Model(0.1, down(kind)), Model(*GOOD)
        assert await told(pair(first, second)) == GOOD
        assert (first.closed, second.closed) == (1, 1)
        assert second.requests == [REQUEST]

    run_virtual(main())


@pytest.mark.parametrize("broken", [RuntimeError("a defect"), SystemExit(1), GeneratorExit(), None])
def test_so_is_one_with_a_defect_or_without_an_end(broken: BaseException | None) -> None:
    async def main() -> None:
        assert await told(pair(Model(*([broken] if broken else [])), Model(*GOOD))) == GOOD

    run_virtual(main())


NOTHING = ReplyGenerated(7, 0)
NOTES = MemoryUpdated({"asked": 1})


@pytest.mark.parametrize("silent", [(NOTHING,), (NOTES, NOTHING)], ids=["nothing", "notes alone"])
def test_so_is_one_that_ends_without_a_word(silent: tuple[ModelEvent, ...]) -> None:
    async def main() -> None:
        first, second = Model(*silent), Model(*GOOD)
        both = pair(first, second)
        assert await told(both) == GOOD
        assert [provider.breaker.recent_failures(both.providers.now()) for provider in both.providers] == [1, 0]

    run_virtual(main())


@pytest.mark.parametrize("second", [(NOTHING,), (down(),)], ids=["nothing", "down"])
def test_where_no_other_has_a_word_either_the_empty_reply_is_told(second: tuple[ModelEvent | BaseException]) -> None:
    async def main() -> None:
        assert await told(pair(Model(NOTHING), Model(*second))) == [NOTHING]

    run_virtual(main())


@pytest.mark.parametrize("role", [Role.TOOL, Role.NOTE, Role.USER])
def test_what_may_be_silent_is_asked_of_nobody_else(role: Role) -> None:
    """A model has nothing to say behind a tool that has ended the call, nor to a request that nobody hears."""

    async def main() -> None:
        first, second = Model(NOTHING), Model(*GOOD)
        said = [*REQUEST.messages, ChatMessage(role=role, text="done", call_id="c")]
        request = msgspec.structs.replace(REQUEST, messages=said, is_aside=role is Role.USER)
        assert [event async for event in pair(first, second).reply(request)] == [NOTHING]
        called = ToolCalled(call_id="c", name="work", arguments="{}")
        assert await told(pair(Model(called, NOTHING), second)) == [called, NOTHING]
        assert second.requests == []

    run_virtual(main())


def test_a_model_that_says_nothing_is_waited_for_so_long() -> None:
    async def main() -> None:
        began = asyncio.get_running_loop().time()
        first = Model(60.0, *GOOD)
        assert await told(pair(first, Model(*GOOD))) == GOOD
        assert asyncio.get_running_loop().time() - began == pytest.approx(PATIENCE_S)
        assert first.closed == 1

    run_virtual(main())


def test_one_without_another_behind_it_has_all_the_time() -> None:
    async def main() -> None:
        alone = lone(Model(6.0, *GOOD))
        assert await told(alone) == GOOD

    run_virtual(main())


def test_notes_and_calls_of_one_that_fails_are_not_told() -> None:
    async def main() -> None:
        first = Model(MemoryUpdated({"a": 1}), ToolCalled(call_id="1", name="book", arguments="{}"), down())
        assert await told(pair(first, Model(*GOOD))) == GOOD

    run_virtual(main())


def test_calls_are_told_in_order_at_the_latest_with_the_end() -> None:
    async def main() -> None:
        events: list[ModelEvent] = [
            MemoryUpdated({"a": 1}),
            ToolCalled(call_id="1", name="book", arguments="{}"),
            ReplyGenerated(),
        ]
        assert await told(pair(Model(*events), Model())) == events
        spoken: list[ModelEvent] = [TextGenerated("Let me see."), *events]
        assert await told(pair(Model(*spoken), Model())) == spoken

    run_virtual(main())


def test_in_mid_reply_it_is_the_end_of_it() -> None:
    async def main() -> None:
        second = Model(*GOOD)
        model = pair(Model(TextGenerated("Good "), down()), second)
        events = []
        with pytest.raises(ModelError):  # noqa: PT012 - what was told before it counts
            async for event in model.reply(REQUEST):
                events.append(event)
        assert (events, second.requests) == ([TextGenerated("Good ")], [])

    run_virtual(main())


def test_one_that_failed_too_often_is_not_asked_until_its_time_is_over() -> None:
    async def main() -> None:
        first, second = Model(down()), Model(*GOOD)
        model = pair(first, second)
        for _ in range(5):
            assert await told(model) == GOOD
        assert (len(first.requests), len(second.requests)) == (3, 5)
        states = model.providers.states()
        assert [(state.name, state.breaker) for state in states] == [
            ("first", BreakerState.OPEN),
            ("second", BreakerState.CLOSED),
        ]
        await asyncio.sleep(states[0].opens_in_s)
        first.events = GOOD
        assert await told(model) == GOOD
        assert len(first.requests) == 4
        assert model.providers.states()[0].breaker is BreakerState.CLOSED

    run_virtual(main())


def test_one_that_failed_too_often_is_asked_where_the_other_says_nothing() -> None:
    """It may be up again, while the caller waits for one that hangs."""

    async def main() -> None:
        first, second = Model(down()), Model(*GOOD)
        model = pair(first, second)
        for _ in range(3):
            assert await told(model) == GOOD
        assert model.providers.states()[0].breaker is BreakerState.OPEN
        first.events, second.events = GOOD, (600.0, *GOOD)
        began = asyncio.get_running_loop().time()
        assert await told(model) == GOOD
        assert asyncio.get_running_loop().time() - began == pytest.approx(PATIENCE_S)
        assert (len(first.requests), second.closed) == (4, 4)
        assert model.providers.states()[0].breaker is BreakerState.CLOSED

    run_virtual(main())


@pytest.mark.parametrize("count", [1, 2])
def test_nobody_is_refused_because_others_had_no_luck(count: int) -> None:
    """Whoever has nobody else to ask is asked, however often it failed."""

    async def main() -> None:
        models = [Model(down()) for _ in range(count)]
        engines: list[LanguageModel] = [*models]
        model = FailoverModel(providers(*engines))
        for _ in range(6):
            with pytest.raises(ModelError, match="out of luck"):
                await told(model)
        assert [len(each.requests) for each in models] == [6] * count
        assert {state.breaker for state in model.providers.states()} == {BreakerState.OPEN}
        models[-1].events = GOOD
        assert await told(model) == GOOD
        assert model.providers.states()[-1].breaker is BreakerState.CLOSED

    run_virtual(main())


def test_several_at_once_are_asked_while_one_is_trying() -> None:
    async def main() -> None:
        slow = Model(down())
        model = lone(slow)
        for _ in range(3):
            with pytest.raises(ModelError):
                await told(model)
        slow.events = (1.0, *GOOD)
        assert await asyncio.gather(*(told(model) for _ in range(5))) == [GOOD] * 5

    run_virtual(main())


def test_requests_that_are_at_fault_themselves_do_not_count() -> None:
    async def main() -> None:
        first = Model(down(ErrorKind.BAD_REQUEST))
        model = pair(first, Model(*GOOD))
        for _ in range(5):
            await told(model)
        assert len(first.requests) == 5

    run_virtual(main())


def test_replies_that_the_user_interrupts_do_not_count_unless_they_were_silent() -> None:
    async def main() -> None:
        first = Model(60.0)
        model = lone(first)
        for patience_s in (1.0, 1.0, 1.0, 1.0, 7.0, 7.0, 7.0):
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(told(model), patience_s)
        (state,) = model.providers.states()
        assert (state.breaker, len(first.requests), first.closed) == (BreakerState.OPEN, 7, 7)

    run_virtual(main())


def test_a_reply_given_up_closes_the_stream_of_who_answers() -> None:
    async def main() -> None:
        first, second = Model(down()), Model(TextGenerated("Well"), 60.0)
        reply = pair(first, second).reply(REQUEST)
        assert await anext(reply) == TextGenerated("Well")
        await reply.aclose()  # type: ignore[attr-defined]
        assert second.closed == 1

    run_virtual(main())


def test_all_are_closed_whatever_one_says() -> None:
    class Stuck(Model):
        async def close(self) -> None:
            raise RuntimeError("stuck")

    class Closing(Model):
        async def close(self) -> None:
            self.closed += 1

    async def main() -> None:
        second = Closing()
        with pytest.raises(RuntimeError, match="stuck"):
            await pair(Stuck(), second).close()
        assert second.closed == 1

    run_virtual(main())


LATE = ModelError(ErrorKind.THROTTLED, "busy", retry_after_s=4.0)


@pytest.mark.parametrize(
    ("failures", "told"),
    [
        ((down(ErrorKind.REFUSED), down()), ErrorKind.REFUSED),
        ((down(), down(ErrorKind.REFUSED)), ErrorKind.REFUSED),
        ((down(ErrorKind.TOO_LONG), LATE), ErrorKind.TOO_LONG),
        ((LATE, down()), ErrorKind.THROTTLED),
        ((down(), LATE), ErrorKind.THROTTLED),
        ((down(ErrorKind.THROTTLED), down()), ErrorKind.UNAVAILABLE),
        ((down(ErrorKind.BAD_REQUEST), down(ErrorKind.TIMEOUT)), ErrorKind.TIMEOUT),
    ],
)
def test_of_all_failures_the_one_is_told_after_which_most_can_be_done(
    failures: Sequence[ModelError], told: ErrorKind
) -> None:
    async def main() -> ModelError:
        model = FailoverModel(providers(*map(Model, failures)))
        with pytest.raises(ModelError) as raised:
            async for _ in model.reply(REQUEST):
                pass
        return raised.value

    failure = run_virtual(main())
    assert failure.kind is told
    assert failure.retry_after_s == (4.0 if told is ErrorKind.THROTTLED else None)
