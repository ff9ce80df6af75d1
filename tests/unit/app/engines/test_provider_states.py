"""Which engines are shown with the state of their circuit breakers."""

import asyncio
from typing import Any, cast
from unittest.mock import Mock

from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SystemRandom
from app.engines.ports import TRANSCRIBER
from app.engines.provider_states import provider_states
from app.providers.failover.providers import Providers
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.synthesizer import FailoverSynthesizer


def test_engines_without_a_circuit_breaker_are_left_out() -> None:
    async def main() -> None:
        def providers(*names: str) -> Providers[Any]:
            return Providers([(name, Mock()) for name in names], LoopClock(), SystemRandom(), setting="X")

        engines = Mock(
            recognizer=Mock(),
            synthesizer=FailoverSynthesizer(providers("azure", "hibari")),
            model=Mock(),
            transcriber=FailoverRecognizer(providers("azure")),
        )
        states = provider_states(cast(Any, engines))
        shown = {setting: [state.name for state in each] for setting, each in states.items()}
        assert shown == {"speech_synthesizer": ["azure", "hibari"], TRANSCRIBER: ["azure"]}

    asyncio.run(main())
