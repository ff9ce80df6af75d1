"""The kinds of fault of conversations in which a speech-to-speech model hears and speaks."""

from collections.abc import Mapping
from functools import partial
from random import Random

from msgspec.structs import replace

from actors.session.modes.voice_live import VOICE_LIVE
from protocol.realtime.failure_kinds import FailureKind
from tests.fault_campaign.scenario import Ask, How, Kind, Scenario, When
from tests.fault_campaign.speaking_faults import OF_CALLS, HearingFault, OpeningFault, SpeakingFault
from tests.kit.faults import Fault, Plan

ALWAYS = 1_000
"""So often means: from then on always."""
OPERATIONS = ("append", "commit", "clear", "add", "respond", "cancel", "truncate")
TEXT_ONLY = ("model: ", "the model fails ", "what the model ")
"""The beginnings of those kinds that are about a model which only writes."""


def in_voice_live(usual: Mapping[str, Kind]) -> dict[str, Kind]:
    """What can go wrong in any conversation, and what can go wrong with the model that speaks by itself."""
    kinds = {name: kind for name, kind in usual.items() if not name.startswith(TEXT_ONLY)} | _of_the_model()
    return {f"voice live: {name}": partial(_spoken, kind=kind) for name, kind in kinds.items()}


def _of_the_model() -> dict[str, Kind]:
    kinds: dict[str, Kind] = {}
    for opening in OpeningFault:
        kinds[f"the first session {opening}"] = partial(_opening, fault=opening, later=False)
        kinds[f"a later session {opening}"] = partial(_opening, fault=opening, later=True)
    for speaking in SpeakingFault:
        kinds[f"a response: {speaking}"] = partial(_speaking, fault=speaking)
    for hearing in HearingFault:
        kinds[f"the model {hearing}"] = partial(_hearing, fault=hearing)
    for kind in (FailureKind.TRANSIENT, FailureKind.EXPIRED, FailureKind.FATAL):
        kinds[f"the connection of the model is lost: {kind}"] = partial(_lost, kind=kind)
    kinds["the connection of the model stalls"] = partial(_lost, kind=None)
    kinds["the connection of the model is lost four times"] = _lost_again_and_again
    for operation in OPERATIONS:
        kinds[f"the model's {operation} raises"] = partial(_raises, operation=operation)
    for fault in (Fault.FAIL, Fault.STALL):
        kinds[f"the model's close: {fault}"] = partial(_close, fault=fault)
    return kinds


def _spoken(scenario: Scenario, rng: Random, *, kind: Kind) -> None:
    """What the kind does, in a session of the model."""
    if scenario.mode != VOICE_LIVE:
        scenario.mode = VOICE_LIVE
        scenario.mishaps = replace(
            scenario.mishaps,
            word_times=rng.random() < 0.7,
            is_overheard=rng.random() < 0.5,
            falls_back=rng.random() < 0.7,
        )
    kind(scenario, rng)


def _some(rng: Random, first: int) -> range:
    return range(first, first + rng.choice([1, 1, 1, 2, 3, ALWAYS]))


def _opening(scenario: Scenario, rng: Random, *, fault: OpeningFault, later: bool) -> None:
    scenario.mishaps = replace(scenario.mishaps, opening=fault, openings=_some(rng, 2 if later else 1))
    if later:
        _lost(scenario, rng, kind=FailureKind.TRANSIENT)


def _speaking(scenario: Scenario, rng: Random, *, fault: SpeakingFault) -> None:
    if fault in OF_CALLS:
        ask = Ask(how=How.TYPED, when=When.IN_QUIET, text=f"do book the slot t{len(scenario.asks)}")
        scenario.asks.insert(rng.randint(0, len(scenario.asks)), ask)
    scenario.mishaps = replace(scenario.mishaps, speaking=fault, responses=_some(rng, rng.randint(1, 3)))


def _hearing(scenario: Scenario, rng: Random, *, fault: HearingFault) -> None:
    scenario.mishaps = replace(scenario.mishaps, hearing=fault, turns=_some(rng, rng.randint(1, 2)))


def _lost(scenario: Scenario, rng: Random, *, kind: FailureKind | None) -> None:
    loss = (rng.uniform(0.1, 15.0), kind)
    scenario.mishaps = replace(scenario.mishaps, losses=(*scenario.mishaps.losses, loss))


def _lost_again_and_again(scenario: Scenario, rng: Random) -> None:
    for _ in range(4):
        _lost(scenario, rng, kind=rng.choice([FailureKind.TRANSIENT, FailureKind.TRANSIENT, FailureKind.EXPIRED, None]))


def _raises(scenario: Scenario, rng: Random, *, operation: str) -> None:
    first = rng.randint(1, 100 if operation == "append" else 3)
    scenario.plans.append(Plan(f"realtime.{operation}", Fault.FAIL, first, rng.choice([1, 1, 2, ALWAYS])))


def _close(scenario: Scenario, rng: Random, *, fault: Fault) -> None:
    scenario.plans.append(Plan("realtime.close", fault, 1, rng.choice([1, ALWAYS])))
