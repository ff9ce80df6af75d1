"""One model's attempt at a reply beside others: what it has made ahead, and how it ends whatever its model does."""

import asyncio
from collections.abc import AsyncIterator
from typing import Any

import pytest

from actors.errors import ModelError
from actors.ports.llm import LanguageModel, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from app.providers.failover.circuit_breaker import BreakerState
from app.providers.failover.model import PATIENCE_S, FailoverModel
from app.providers.failover.model_attempt import AHEAD, ModelAttempt
from tests.kit.failover_kit import providers
from tests.unit.app.providers.failover.test_failover_model import GOOD, REQUEST, Model, down, told


def attempt(model: LanguageModel) -> ModelAttempt:
    of = providers(model)
    return ModelAttempt(of, next(of.in_order()), REQUEST)


def test_events_that_wait_to_be_read_are_bounded_and_none_is_lost() -> None:
    async def main() -> None:
        words: list[ModelEvent] = [TextGenerated(f"{number} ") for number in range(3 * AHEAD)]
        it = attempt(Model(*words, ReplyGenerated()))
        it.start()
        await asyncio.sleep(1)
        assert it.is_speaking
        assert len(it._made) == AHEAD
        assert [await it.next_event() for _ in range(3 * AHEAD + 1)] == [*words, ReplyGenerated()]
        await it.close()

    run_virtual(main())


class Closes(Model):
    """Fails again when it is closed."""

    def __init__(self, error: BaseException, *events: Any) -> None:
        super().__init__(*events)
        self.error = error

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        try:
            async for event in super().reply(request):
                yield event
        finally:
            raise self.error


@pytest.mark.parametrize("error", [ValueError("x"), SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError()])
@pytest.mark.parametrize("events", [(down(),), (TextGenerated("Well"), down()), (60.0,)])
def test_whatever_a_model_raises_when_it_ends_neither_hangs_its_caller_nor_ends_the_worker(
    error: BaseException, events: Any
) -> None:
    async def main() -> None:
        engines: tuple[LanguageModel, LanguageModel] = (Closes(error, *events), Model(*GOOD))
        reply = FailoverModel(providers(*engines)).reply(REQUEST)
        said = []
        async with asyncio.timeout(30):
            try:
                async for event in reply:
                    said.append(event)
            except ModelError:
                assert said == [TextGenerated("Well")]
            else:
                assert said == GOOD

    run_virtual(main())


def test_whoever_was_slow_speaks_if_the_other_says_nothing_either() -> None:
    async def main() -> None:
        loop = asyncio.get_running_loop()
        slow: list[Any] = [PATIENCE_S + 1.0, *GOOD]
        engines: tuple[LanguageModel, LanguageModel] = (Model(*slow), Model(60.0))
        model = FailoverModel(providers(*engines))
        began = loop.time()
        assert await told(model) == GOOD
        assert loop.time() - began == pytest.approx(PATIENCE_S + 1.0)
        assert [each.closed for each in engines if isinstance(each, Model)] == [1, 1]

    run_virtual(main())


def test_whoever_is_overtaken_has_failed_once_and_is_closed() -> None:
    async def main() -> None:
        first, second = Model(60.0), Model(3.0, *GOOD)
        engines: tuple[LanguageModel, LanguageModel] = (first, second)
        model = FailoverModel(providers(*engines))
        for number in range(1, 4):
            assert await told(model) == GOOD
            assert first.closed == number
        states = model.providers.states()
        assert [(state.breaker, state.recent_failures) for state in states] == [
            (BreakerState.OPEN, 0),
            (BreakerState.CLOSED, 0),
        ]

    run_virtual(main())


def test_a_caller_who_gives_up_leaves_no_attempt_behind() -> None:
    async def main() -> None:
        first, second = Model(60.0), Model(60.0)
        engines: tuple[LanguageModel, LanguageModel] = (first, second)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(told(FailoverModel(providers(*engines))), 2 * PATIENCE_S)
        assert (first.closed, second.closed) == (1, 1)
        assert [task.get_name() for task in asyncio.all_tasks() if task.get_name() == "model.attempt"] == []

    run_virtual(main())
