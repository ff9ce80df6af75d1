"""What is done with engines as a whole is done with each of a pair: to prepare it, to ask how it is, to close it."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from typing import Any

import pytest

from actors.agent import Agent
from actors.errors import ErrorKind, ProviderError
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock, run_virtual
from actors.runtime.play_clock import PlayClock
from actors.session.plan import Engines
from app.engines.preparation import prepare_model, prepare_recognizer
from app.engines.provider_states import provider_states
from app.providers.failover.circuit_breaker import BreakerPolicy
from app.providers.failover.model import FailoverModel
from app.providers.failover.providers import PartlyReadyError, Providers
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.synthesizer import FailoverSynthesizer
from tests.kit.failover_kit import providers
from tests.kit.fakes import EnergyActivity, FakeModel, FakeRecognizer, FakeStore, FakeSynthesizer
from tests.kit.session_kit import AGENT

DOWN = ProviderError(ErrorKind.UNAVAILABLE, "out of luck")


class Remote:
    """An engine that is somewhere else, and notes what it is asked."""

    def __init__(self, failure: ProviderError | None = None, *, refuses_to_close: bool = False) -> None:
        self.failure = failure
        self.refuses_to_close = refuses_to_close
        self.prepared: list[Any] = []
        self.closed = 0

    async def ready(self) -> str:
        if self.failure is not None:
            raise self.failure
        return "it answers"

    async def prepare(self, for_whom: Iterable[Any]) -> None:
        self.prepared += for_whom

    async def close(self) -> None:
        self.closed += 1
        if self.refuses_to_close:
            raise RuntimeError("not now")


class RemoteRecognizer(Remote, FakeRecognizer):
    """Of the three kinds of engine, this one."""

    def __init__(self, failure: ProviderError | None = None, **how: bool) -> None:
        FakeRecognizer.__init__(self)
        Remote.__init__(self, failure, **how)


class RemoteSynthesizer(Remote, FakeSynthesizer):
    """Of the three kinds of engine, this one."""

    def __init__(self, failure: ProviderError | None = None, **how: bool) -> None:
        FakeSynthesizer.__init__(self)
        Remote.__init__(self, failure, **how)


class RemoteModel(Remote):
    """Of the three kinds of engine, this one."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        yield ReplyGenerated()


Made = FailoverRecognizer | FailoverSynthesizer | FailoverModel

KINDS: Sequence[tuple[type[Made], type[Remote], Callable[[], Any]]] = (
    (FailoverRecognizer, RemoteRecognizer, FakeRecognizer),
    (FailoverSynthesizer, RemoteSynthesizer, FakeSynthesizer),
    (FailoverModel, RemoteModel, FakeModel),
)


def pair(wrapper: Any, *engines: Any) -> Any:
    chosen: Providers[Any] = providers(*engines, policy=BreakerPolicy(failures=1))
    return wrapper(chosen)


@pytest.mark.parametrize(("wrapper", "remote", "local"), KINDS)
def test_readiness_is_that_of_all(wrapper: type[Made], remote: type[Remote], local: Callable[[], Any]) -> None:
    async def main() -> None:
        assert await pair(wrapper, local(), local()).ready() == ""
        assert await pair(wrapper, remote()).ready() == "it answers"
        assert await pair(wrapper, remote(), local()).ready() == "first: it answers; fallback second: is here"
        assert await pair(wrapper, local(), remote()).ready() == "first: is here; fallback second: it answers"
        for engines, failing in (((remote(DOWN), local()), "first"), ((remote(), remote(DOWN)), "second")):
            with pytest.raises(PartlyReadyError, match=f"{failing}: out of luck"):
                await pair(wrapper, *engines).ready()
        with pytest.raises(ProviderError) as none_works:
            await pair(wrapper, remote(DOWN), remote(DOWN)).ready()
        assert not isinstance(none_works.value, PartlyReadyError)
        with pytest.raises(ProviderError) as alone:
            await pair(wrapper, remote(DOWN)).ready()
        assert alone.value is DOWN

    run_virtual(main())


@pytest.mark.parametrize(("wrapper", "remote", "local"), KINDS)
def test_one_whose_breaker_is_open_does_not_work(
    wrapper: type[Made], remote: type[Remote], local: Callable[[], Any]
) -> None:
    async def main() -> None:
        engine = pair(wrapper, remote(), local())
        first = next(iter(engine.providers))
        first.failed(engine.providers.now(), DOWN)
        with pytest.raises(PartlyReadyError, match="first: failed too often: not asked for"):
            await engine.ready()

    run_virtual(main())


@pytest.mark.parametrize(("wrapper", "remote", "local"), KINDS)
def test_all_are_closed_whatever_one_says(wrapper: type[Made], remote: type[Remote], local: Callable[[], Any]) -> None:
    async def main() -> None:
        first, second = remote(refuses_to_close=True), remote()
        with pytest.raises(RuntimeError, match="not now"):
            await pair(wrapper, first, second).close()
        assert (first.closed, second.closed) == (1, 1)

    run_virtual(main())


def test_all_get_ready_and_all_are_shown() -> None:
    async def main() -> None:
        ears, models = [RemoteRecognizer(), RemoteRecognizer()], [RemoteModel(), RemoteModel()]
        loop = asyncio.get_running_loop()
        engines = Engines(
            recognizer=pair(FailoverRecognizer, *ears),
            synthesizer=pair(FailoverSynthesizer, FakeSynthesizer(), RemoteSynthesizer()),
            model=pair(FailoverModel, *models),
            voice_activity=EnergyActivity,
            store=FakeStore(),
            play_clock=PlayClock(loop.time, loop.call_at),
            clock=LoopClock(),
            background=BackgroundTasks(),
        )
        agents: list[Agent] = [AGENT]
        await prepare_recognizer(engines, iter(["hello"]), lambda part, cause: None)
        await prepare_model(engines, iter(agents), lambda part, cause: None)
        assert [ear.prepared for ear in ears] == [["hello"]] * 2
        assert [model.prepared for model in models] == [agents] * 2
        shown = provider_states(engines)
        assert list(shown) == ["speech_recognizer", "speech_synthesizer", "language_model"]
        assert all([state.name for state in states] == ["first", "second"] for states in shown.values())

    run_virtual(main())
