"""What providers show of themselves: the state of their breakers, and the service behind the first of them."""

import pytest
from opentelemetry.metrics import CallbackOptions

from actors.errors import ErrorKind, ProviderError
from actors.runtime.clock import run_virtual
from actors.runtime.session_trace import Peer
from app.providers.failover.circuit_breaker import BreakerPolicy
from app.providers.failover.providers import PartlyReadyError, breaker_observations
from tests.kit.failover_kit import providers
from tests.kit.fakes import FakeRecognizer


def test_each_breaker_is_measured_by_setting_and_provider() -> None:
    async def main() -> dict[object, int | float]:
        engines = providers(FakeRecognizer(), FakeRecognizer(), policy=BreakerPolicy(failures=1))
        engines.setting = "SPEECH_RECOGNIZER of this test"
        first, _ = engines
        first.failed(engines.now(), ProviderError(ErrorKind.UNAVAILABLE, "out of luck"))
        observed = list(breaker_observations(CallbackOptions()))
        ours = [each for each in observed if each.attributes and each.attributes["setting"] == engines.setting]
        return {each.attributes["provider"]: each.value for each in ours if each.attributes}

    assert run_virtual(main()) == {"first": 2, "second": 0}


def test_the_peer_is_that_of_the_first_choice() -> None:
    class Elsewhere(FakeRecognizer):
        peer = Peer("Azure Speech")

    async def main() -> None:
        assert providers(Elsewhere(), FakeRecognizer()).peer == Peer("Azure Speech")
        assert providers(FakeRecognizer(), Elsewhere()).peer is None

    run_virtual(main())


@pytest.mark.parametrize("error", [SystemExit, RuntimeError, GeneratorExit])
def test_one_that_raises_when_it_is_asked_or_closed_is_a_failure_and_the_other_is_asked(
    error: type[BaseException],
) -> None:
    class Broken(FakeRecognizer):
        async def ready(self) -> str:
            raise error

        async def close(self) -> None:
            raise error

    class Well(FakeRecognizer):
        closed = False

        async def ready(self) -> str:
            return "all well"

        async def close(self) -> None:
            self.closed = True

    async def main() -> None:
        second = Well()
        engines = providers(Broken(), second)
        with pytest.raises(PartlyReadyError, match=error.__name__):
            await engines.ready()
        with pytest.raises(error):
            await engines.close()
        assert second.closed

    run_virtual(main())
