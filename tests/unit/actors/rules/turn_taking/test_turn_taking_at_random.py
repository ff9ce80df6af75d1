"""Turn-taking in random conversations: whatever comes in whatever order, the invariants hold and somebody moves on."""

import random
from collections.abc import Sequence

import msgspec
import pytest

from actors.agent import Agent, Limits, VoicemailAction
from actors.rules.turn_taking.machine import TurnTaking
from actors.turn_taking_settings import BargeIn, PhasePolicy, PreemptiveGeneration
from tests.kit.repeating import times
from tests.unit.actors.rules.turn_taking.conversation_at_random import World

AGENT = Agent(name="tester", label="Tester", greeting="Hello, how can I help?", limits=Limits(max_session_s=600))
AGENTS = {
    "default": AGENT,
    "short": msgspec.structs.replace(AGENT, limits=Limits(max_session_s=20)),
    "immediate": msgspec.structs.replace(
        AGENT, barge_in=BargeIn(speaking=PhasePolicy(immediate=True), thinking=PhasePolicy(immediate=True))
    ),
    "protected": msgspec.structs.replace(AGENT, barge_in=BargeIn(greeting=PhasePolicy(protected=True))),
    "hangs up on machines": msgspec.structs.replace(AGENT, voicemail=VoicemailAction.HANG_UP),
    "leaves messages": msgspec.structs.replace(AGENT, voicemail=VoicemailAction.LEAVE_MESSAGE),
    "certain": msgspec.structs.replace(AGENT, preemptive_generation=PreemptiveGeneration(enabled=False)),
    "german": msgspec.structs.replace(AGENT, languages=("de-DE",)),
}
TEAM = (
    msgspec.structs.replace(AGENT, name="sales", greeting="", introduction="You are talking with sales."),
    msgspec.structs.replace(AGENTS["immediate"], name="support", greeting=""),
    msgspec.structs.replace(AGENTS["german"], name="german", introduction="Guten Tag."),
)
"""Agents to which the conversation may be handed off: with an introduction and without."""
WALKS = times(200)


def walk(name: str, seed: int, steps: int, team: Sequence[Agent] = ()) -> World:
    dice = random.Random(f"{name} {seed}")
    world = World(AGENTS[name], dice, team=team, holdable=dice.random() < 0.7, transcribes=dice.random() < 0.9)
    try:
        for _ in range(steps):
            if world.ended is not None:
                break
            world.step()
    except AssertionError as error:
        raise AssertionError(f"{error}; seed {seed} of {name}\n" + "\n".join(world.log[-40:])) from error
    return world


def concluded(world: World, *conclusions: str) -> None:
    try:
        for conclusion in conclusions:
            getattr(world, conclusion)()
    except AssertionError as error:
        raise AssertionError(f"{error}\n" + "\n".join(world.log[-60:])) from error


def test_replies_that_are_begun_ahead_are_used_and_thrown_away_in_the_walks() -> None:
    worlds = [walk("default", seed, steps=150) for seed in range(WALKS)]
    used = sum(world.used for world in worlds)
    thrown_away = sum("DiscardPreemptiveReply" in line for world in worlds for line in world.log)
    assert used > WALKS // 20
    assert thrown_away > WALKS // 5


def test_none_is_begun_ahead_where_the_agent_does_not_want_it() -> None:
    for seed in range(WALKS // 4):
        world = walk("certain", seed, steps=100)
        assert not any("BeginPreemptiveReply" in line for line in world.log)


@pytest.mark.parametrize("name", AGENTS)
def test_all_that_is_said_is_answered_and_every_session_ends(name: str) -> None:
    for seed in range(WALKS):
        concluded(walk(name, seed, steps=random.Random(seed).randrange(5, 200)), "let_it_settle", "let_it_end")


def test_wherever_a_conversation_is_handed_off_the_next_agent_goes_on_with_it() -> None:
    handoffs = 0
    for seed in range(5 * WALKS):
        name = random.Random(seed).choice(list(AGENTS))
        world = walk(name, seed, steps=random.Random(seed).randrange(20, 200), team=TEAM)
        concluded(world, "let_it_settle", "let_it_end")
        handoffs += len(world.handed_off)
    assert handoffs > WALKS, "hardly anybody was handed off: this says nothing"


def test_a_copy_goes_on_where_the_original_was() -> None:
    for seed in range(WALKS):
        world = walk("default", seed, steps=random.Random(seed).randrange(5, 100))
        if world.ended is not None:
            continue
        world.turn = TurnTaking(AGENTS["default"], state=msgspec.structs.replace(world.turn.state), strict=True)
        world.timers.clear()
        world.writing, world.tools, world.preempted = None, False, None
        world.talking, world.finals_owed = False, 0
        world.carry_out(world.turn.resume(world.at, 600.0))
        concluded(world, "let_it_settle", "let_it_end")
