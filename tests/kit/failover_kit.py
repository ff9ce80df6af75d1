"""Providers of fakes, on the clock of the loop that runs."""

from collections.abc import Sequence
from typing import TypeVar

from actors.ports.llm import LanguageModel
from actors.ports.stt import SpeechRecognizer
from actors.ports.tts import SpeechSynthesizer
from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SeededRandom
from app.providers.failover.circuit_breaker import BreakerPolicy
from app.providers.failover.model import FailoverModel
from app.providers.failover.providers import Closable, Providers
from app.providers.failover.recognizer import FailoverRecognizer
from app.providers.failover.synthesizer import FailoverSynthesizer
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeSynthesizer
from tests.kit.faults import Fault, Faults, Plan

E = TypeVar("E", bound=Closable)

EVER = 10**6
"""A fault that never ends strikes so many times."""


def providers(*engines: E, policy: BreakerPolicy | None = None) -> Providers[E]:
    """The first is `first`, and so on."""
    names = ("first", "second", "third")
    return Providers(list(zip(names, engines, strict=False)), LoopClock(), SeededRandom(1), policy)


def recognizer(utterances: Sequence[str] = ()) -> FailoverRecognizer:
    """One whose first choice cannot be had."""
    down = Faults(Plan("recognizer.open", Fault.FAIL, times=EVER))
    engines: list[SpeechRecognizer] = [FakeRecognizer(faults=down), FakeRecognizer(utterances)]
    return FailoverRecognizer(providers(*engines))


def synthesizer() -> FailoverSynthesizer:
    """One whose first choice cannot be had."""
    down = Faults(Plan("synthesizer.open", Fault.FAIL, times=EVER))
    engines: list[SpeechSynthesizer] = [FakeSynthesizer(faults=down), FakeSynthesizer()]
    return FailoverSynthesizer(providers(*engines))


def model() -> FailoverModel:
    """One whose first choice cannot be had."""
    down = Faults(Plan("model.reply", Fault.FAIL, times=EVER))
    engines: list[LanguageModel] = [FakeModel(faults=down), FakeModel()]
    return FailoverModel(providers(*engines))
