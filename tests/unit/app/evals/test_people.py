"""Callers and judges that a language model plays, on virtual time with a model that says what it is told to."""

import asyncio
from collections.abc import AsyncIterator

import pytest

from actors.conversation import Role
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from actors.runtime.clock import run_virtual
from actors.tools import end_conversation
from app.evals.conversation import Outcome, hold
from app.evals.people import BEGIN, WITHIN_S, People
from app.evals.scenario import Persona, Scenario, Step
from app.evals.scripted_model import ScriptedModel
from tests.kit.session_kit import AGENT


class Player:
    """Says one of its lines each time it is asked; an error is raised, a number of seconds is waited."""

    def __init__(self, *lines: str | Exception | float) -> None:
        self.lines = list(lines)
        self.requests: list[ModelRequest] = []

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        line = self.lines.pop(0) if self.lines else "Well. HANG UP"
        if isinstance(line, Exception):
            raise line
        if isinstance(line, float):
            await asyncio.sleep(line)
            return
        for word in line.split(" "):
            yield TextGenerated(f"{word} ")
        yield ReplyGenerated()

    async def close(self) -> None:
        return


class Echo(ScriptedModel):
    """The agent: repeats what it is told."""

    def __init__(self) -> None:
        super().__init__(())

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        yield TextGenerated(f"You said {request.messages[-1].text}")
        yield ReplyGenerated()


def held(player: Player, *steps: Step, persona: Persona | None = None) -> Outcome:
    scenario = Scenario(name="s", agent=AGENT.name, persona=persona, steps=steps)
    tools = {"end_conversation": end_conversation}

    async def main() -> Outcome:
        return await hold(scenario, {AGENT.name: AGENT}, tools, Echo(), People(player))

    return run_virtual(main())


ADA = Persona(who="You are Ada, who wants a table.", max_turns=5)


def test_a_persona_talks_until_they_have_what_they_want() -> None:
    player = Player('"A table for two."', "On Monday.\n", "Thank you, goodbye. HANG UP")
    steps = (Step(expect="You said A table for two"), Step(expect="On Monday"), Step(absent="HANG"))
    outcome = held(player, *steps, persona=ADA)
    assert outcome.failed is None, outcome.timeline
    said = [moment.what for moment in outcome.timeline if moment.who == "caller"]
    assert said == ["A table for two.", "On Monday.", "Thank you, goodbye."]
    first, second, _ = player.requests
    assert "You are Ada, who wants a table." in first.agent.instructions
    assert first.is_aside
    assert [(message.role, message.text) for message in second.messages] == [
        (Role.USER, AGENT.greeting),
        (Role.ASSISTANT, "A table for two."),
        (Role.USER, "You said A table for two."),
    ]


def test_one_who_never_has_enough_hangs_up_in_the_end() -> None:
    player = Player(*["And what else?"] * 20)
    assert held(player, Step(expect="what else"), persona=ADA).failed is None
    assert len(player.requests) == 5


def test_a_persona_may_say_what_is_written() -> None:
    player = Player()
    outcome = held(player, Step(expect="You said two"), persona=Persona(says=("one", "two")))
    assert (outcome.failed, player.requests) == (None, [])


@pytest.mark.parametrize(
    ("answer", "instead"),
    [
        ('{"passed": true, "reason": "it was kind"}', ""),
        ('```json\n{"passed": true}\n```', ""),
        ('{"passed": false, "reason": "it was rude"}', "they do not: it was rude"),
        ("I think so", "the judge gives no verdict, but 'I think so"),
        (ModelError(ErrorKind.UNAVAILABLE, "away"), "the model of EVAL_MODEL failed"),
        (2 * WITHIN_S, "has not answered within 60 s"),
    ],
)
def test_a_judge_finds_whether_something_is_true(answer: str | Exception | float, instead: str) -> None:
    player = Player(answer)
    outcome = held(player, Step(say="hello"), Step(expect="You said"), Step(judge="The agent was kind."))
    (request,) = player.requests
    assert request.agent.instructions.endswith("The agent was kind.")
    assert "caller: hello" in request.messages[0].text
    if instead:
        assert outcome.failed is not None
        assert (outcome.failed.step, instead in outcome.failed.instead) == (3, True), outcome.failed
    else:
        assert outcome.failed is None, outcome.failed
        assert outcome.timeline[-1].who == "judge"


def test_a_caller_whose_model_is_away_fails_the_scenario() -> None:
    outcome = held(Player(ModelError(ErrorKind.UNAVAILABLE, "away")), Step(expect="x"), persona=ADA)
    assert outcome.failed is not None
    assert "the model of EVAL_MODEL failed" in outcome.failed.instead


def test_an_agent_that_waits_is_spoken_to() -> None:
    player = Player("Hello. HANG UP")

    async def main() -> None:
        words, hangs_up = await People(player).next_words(ADA, [])
        assert (words, hangs_up, player.requests[0].messages[0].text) == ("Hello.", True, BEGIN)

    run_virtual(main())
