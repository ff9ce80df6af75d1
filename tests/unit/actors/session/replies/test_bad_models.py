"""Conversations with a model that does everything wrong: all end well, none hangs, nothing unspeakable is spoken.

Each has a seed, which a failure names. `python -m tests.unit.actors.session.replies.test_bad_models` holds 200 of them.
"""

import asyncio
import random
from functools import partial

import msgspec
import pytest

from actors.agent import Agent, Guardrail, GuardrailModel, Limits, OnFailure
from actors.conversation import Ending, UtteranceKind
from actors.messages.caller import EndSession, TextEntered
from actors.messages.output import ReplyText
from actors.runtime.clock import run_virtual
from actors.tools import end_conversation, tool
from tests.kit.bad_models import NEVER_SPOKEN, BadModel
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Ear, stage

SHORT = 12
LONG = 200
TURNS = 6
LONGEST_TURN_S = 120.0
"""Of the caller's waiting for anything at all to be said, fillers apart: all time-outs and retries are within it."""
ENDINGS = {None, Ending.ERROR, Ending.IDLE_TIMEOUT, Ending.NORMAL}


@tool
async def look_up(count: int) -> str:
    """Look something up."""
    return "found"


@tool
async def fail() -> str:
    """Fail."""
    raise ValueError("ZXQ")


@tool(timeout_s=5)
async def hang() -> str:
    """Hang."""
    await asyncio.sleep(3_600)
    return "never"


TOOLS = {each.name: each for each in (look_up, fail, hang, end_conversation)}
TALKER: Agent = msgspec.structs.replace(
    AGENT, greeting="Good day to you.", limits=Limits(no_input_s=300, max_session_s=3_600)
)


def guarded(on_failure: OnFailure) -> Agent:
    """The agent with a guardrail by which a model judges what it says."""
    rail = Guardrail(name="weather", topic="The weather.", say="I may not talk about that.")
    return msgspec.structs.replace(TALKER, guardrails=(rail,), guardrail_model=GuardrailModel(on_failure=on_failure))


SAY_AGAIN = TALKER.phrases.say_again


class Model(FakeModel):
    """The bad model as the stage wants it."""

    def __init__(self, seed: int) -> None:
        super().__init__()
        self.bad = BadModel(seed)
        self.reply = self.bad.reply  # type: ignore[method-assign]  # all of it is the other's


def _said(ear: Ear) -> int:
    """How many pieces of text the caller has begun to hear, fillers apart."""
    return sum(text.kind is not UtteranceKind.FILLER for text in ear.of(ReplyText))


def _is_answered(said: int, ear: Ear) -> bool:
    return _said(ear) > said or ear.ended is not None


async def _converse(seed: int, agent: Agent = TALKER) -> None:
    chance, model = random.Random(seed), Model(seed)
    async with stage(agent=agent, model=model, tools=TOOLS) as on:
        for turn in range(TURNS):
            if on.ear.ended is not None:
                break
            said = _said(on.ear)
            on.entry.deliver(TextEntered(f"question number {turn}"))
            await on.ear.until(partial(_is_answered, said), LONGEST_TURN_S)
            # Not every caller waits until all is said.
            await asyncio.sleep(chance.choice([0.0, 0.5, 3.0]))
        on.entry.deliver(EndSession(Ending.NORMAL, politely=True))
        await on.ear.until(lambda ear: ear.ended is not None, LONGEST_TURN_S)
        spoken = " ".join(text.text for text in on.ear.of(ReplyText))
        assert on.ear.ended in ENDINGS
        assert [what for what in NEVER_SPOKEN if what in spoken] == [], model.bad.done
        assert SAY_AGAIN not in spoken, model.bad.done


@pytest.mark.parametrize("seed", range(SHORT))
def test_a_conversation_with_a_bad_model_ends_well(seed: int) -> None:
    run_virtual(_converse(seed))


@pytest.mark.parametrize("on_failure", OnFailure)
@pytest.mark.parametrize("seed", range(SHORT // 2))
def test_one_that_is_judged_by_a_bad_model_ends_well_too(seed: int, on_failure: OnFailure) -> None:
    run_virtual(_converse(seed, guarded(on_failure)))


if __name__ == "__main__":
    for number in range(LONG):
        print(number, flush=True)
        run_virtual(_converse(number))
        run_virtual(_converse(number, guarded(OnFailure(list(OnFailure)[number % 2]))))
