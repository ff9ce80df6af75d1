"""A little language for tables of examples: events with their times, and the effects they must have."""

from collections.abc import Sequence
from typing import Any

import msgspec

from actors.agent import Agent, BargeIn, Limits, PhasePolicy, Phrases
from actors.rules.turn_taking.effects import CancelTimer, Effect, SetTimer, ShowFloor, TurnEvent
from actors.rules.turn_taking.machine import TurnTaking

AGENT = Agent(
    name="tester",
    label="Tester",
    greeting="Hello.",
    phrases=Phrases(no_input=("Are you there?", "Still there?")),
    limits=Limits(no_input_s=10, filler_after_ms=1500, max_turn_s=30, max_session_s=600),
)


def agent_with(**phases: PhasePolicy) -> Agent:
    """The tester with other policies."""
    return Agent(
        name="tester",
        label="Tester",
        greeting="Hello.",
        phrases=AGENT.phrases,
        barge_in=msgspec.structs.replace(BargeIn(), **phases),
    )


def play(turn: TurnTaking, *events: TurnEvent) -> list[Effect]:
    """The effects of the last of `events`."""
    effects: list[Effect] = []
    for event in events:
        effects = turn.handle(event)
    return effects


def acts(effects: Sequence[Effect]) -> list[Effect]:
    """Effects that the user can notice: without timers and floor."""
    return [effect for effect in effects if not isinstance(effect, SetTimer | CancelTimer | ShowFloor)]


def names(effects: Sequence[Any]) -> list[str]:
    """The kinds of the noticeable effects, in order."""
    return [type(effect).__name__ for effect in acts(effects)]


def timers(effects: Sequence[Effect]) -> dict[str, float | None]:
    """Timers set (seconds) and cancelled (None) by the effects, the last word counting."""
    result: dict[str, float | None] = {}
    for effect in effects:
        if isinstance(effect, SetTimer):
            result[effect.timer.value] = effect.delay_s
        elif isinstance(effect, CancelTimer):
            result[effect.timer.value] = None
    return result
