"""Whole conversations with a model that cannot read so much, is busy or slow, or has no words, wherever it is (C9)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from typing import Any

import msgspec
import pytest

from actors.agent import Agent, Limits, Model, Phrases
from actors.conversation import KeyPattern, UtteranceKind
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import KeyPressed
from actors.messages.output import ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.session.replies.model_asking import SAID_NOTHING
from actors.tools import ToolOutcome, tool
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, heard, stage
from tests.unit.actors.session.conversation_cases.case_kit import (
    FINE,
    ask,
    before_one_that_is_down,
    behind_one_that_is_down,
    given,
    said,
)
from tests.unit.actors.session.tools.test_handoffs import BILLING, DESK, team, tools_of

STORY = "and so it was, " * 100
PATIENT = Limits(no_input_s=120, max_session_s=3_600, filler_after_ms=60_000)
QUIET: Agent = msgspec.structs.replace(AGENT, greeting="", limits=PATIENT)
GERMAN = msgspec.structs.replace(
    QUIET, languages=("de-DE",), phrases=Phrases(no_answer="Dazu finde ich nichts.", busy="Das dauert leider.")
)
SPANISH = msgspec.structs.replace(
    QUIET, languages=("es-ES",), phrases=Phrases(no_answer="No encuentro nada.", busy="Esto tarda demasiado.")
)

Step = ModelError | Sequence[ModelEvent | float]
TOO_LONG = ModelError(ErrorKind.TOO_LONG, "too long")
BUSY = ModelError(ErrorKind.THROTTLED, "429", retry_after_s=9.0)
WELL: list[ModelEvent | float] = [TextGenerated(FINE), ReplyGenerated()]
NOTHING: Step = [ReplyGenerated()]
A_THOUGHT: Step = [TextGenerated("<think>hm</think>\U0001f642"), ReplyGenerated()]


def work_after(text: str, gap_s: float = 0.1) -> Step:
    """Says `text`, and calls the tool `work` after a pause."""
    said = [TextGenerated(text)] if text else []
    return [*said, gap_s, ToolCalled(call_id="c", name="work", arguments="{}"), ReplyGenerated()]


class Steps(FakeModel):
    """Does one of its steps for each request, those beside the conversation apart; the last one again and again."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self._steps = list(steps)

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        if request.is_aside:
            yield ReplyGenerated()
            return
        self.requests.append(request)
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, ModelError):
            raise step
        for event in step:
            if isinstance(event, int | float):
                await asyncio.sleep(event)
            else:
                yield event


@tool
def work() -> str:
    """Do something."""
    return "done"


@pytest.mark.parametrize("spoken", [False, True], ids=["typed", "spoken"])
@pytest.mark.parametrize("agent", [QUIET, GERMAN, SPANISH], ids=["en", "de", "es"])
@pytest.mark.parametrize(
    ("steps", "answer"),
    [
        ([work_after("One moment. "), TOO_LONG, WELL], "One moment. All is well."),
        ([work_after(""), TOO_LONG, WELL], FINE),
        ([work_after("One moment. "), BUSY, WELL], "One moment. All is well."),
        ([work_after("One moment. "), NOTHING, WELL], "One moment. All is well."),
        ([work_after("One moment. "), A_THOUGHT, WELL], "One moment. All is well."),
        ([work_after(""), NOTHING, WELL], FINE),
        ([work_after("One moment. ", 3.0), WELL], "One moment. All is well."),
        (
            [work_after("One moment. "), work_after("Nearly done. "), NOTHING, WELL],
            "One moment. Nearly done. All is well.",
        ),
        ([BUSY, TOO_LONG, NOTHING, WELL], FINE),
        ([[5.0, *WELL]], FINE),
    ],
)
def test_a_trouble_that_can_be_mended_is_not_heard(
    steps: list[Step], answer: str, agent: Agent, *, spoken: bool
) -> None:
    async def main() -> None:
        model = Steps(*[WELL] * 4, *steps)
        async with stage(agent=agent, model=model, tools={"work": work}) as on:
            for number in range(4):
                await ask(on, f"{number} {STORY}")
            await ask(on, "what do you say", spoken=spoken)
            assert said(on) == [*[FINE] * 4, answer]
            assert given(on)[-1] == "what do you say"

    run_virtual(main())


@pytest.mark.parametrize("agent", [QUIET, GERMAN, SPANISH], ids=["en", "de", "es"])
@pytest.mark.parametrize("words", ["One moment. ", ""])
@pytest.mark.parametrize("nothing", [NOTHING, A_THOUGHT], ids=["nothing", "a thought"])
def test_a_model_that_says_nothing_of_what_its_tools_found_leaves_nobody_waiting(
    agent: Agent, words: str, nothing: Step
) -> None:
    async def main() -> None:
        model = Steps(work_after(words), nothing, nothing, WELL)
        async with stage(agent=agent, model=model, tools={"work": work}) as on:
            await ask(on, "what do you say")
            await asyncio.sleep(6)
            assert said(on) == [*([words.strip()] if words else []), agent.phrases.no_answer]
            assert model.requests[2].messages[-1].text == SAID_NOTHING
            await ask(on, "yes please")
            assert said(on)[-1] == FINE

    run_virtual(main())


def test_who_is_asked_for_keys_before_a_tool_hears_no_apology_behind_it() -> None:
    @tool
    def keys() -> ToolOutcome:
        """Have something keyed in."""
        return ToolOutcome({"status": "listening"}, keys=KeyPattern(length=2))

    asking: Step = [
        TextGenerated("Please key in two digits."),
        ToolCalled(call_id="c", name="keys", arguments="{}"),
        ReplyGenerated(),
    ]

    async def main() -> None:
        model = Steps(asking, NOTHING, WELL)
        async with stage(agent=QUIET, model=model, tools={"keys": keys}) as on:
            await ask(on, "check my number")
            assert said(on) == ["Please key in two digits."]
            for key in "12":
                on.entry.deliver(KeyPressed(key))
            await on.ear.until_count(ReplyHeard, 2)
            assert said(on)[1:] == [FINE]
            assert model.requests[-1].messages[-1].text == "1 2"

    run_virtual(main())


@pytest.mark.parametrize("place", [before_one_that_is_down, behind_one_that_is_down])
@pytest.mark.parametrize("trouble", [TOO_LONG, BUSY], ids=["too long", "busy"])
def test_a_trouble_with_a_remedy_is_not_hidden_by_one_without(
    place: Callable[[Steps], Any], trouble: ModelError
) -> None:
    async def main() -> None:
        model = Steps(*[WELL] * 4, trouble, WELL)
        async with stage(agent=QUIET, model=place(model)) as on:
            for number in range(4):
                await ask(on, f"{number} {STORY}")
            await ask(on, "what do you say")
            assert said(on) == [FINE] * 5

    run_virtual(main())


@pytest.mark.parametrize("trouble", [TOO_LONG, BUSY, NOTHING], ids=["too long", "busy", "nothing"])
def test_the_agent_that_takes_over_has_its_own_way_out(trouble: Step) -> None:
    async def main() -> None:
        desk = msgspec.structs.replace(DESK, greeting="", limits=PATIENT)
        billing = msgspec.structs.replace(BILLING, limits=PATIENT, model=Model(first_token_s=30))
        handing: Step = [ToolCalled(call_id="c", name="handoff_to_billing", arguments="{}"), ReplyGenerated()]
        model = Steps(*[WELL] * 4, handing, trouble, [12.0, *WELL])
        async with stage(agent=desk, model=model, tools=tools_of(desk), team=team(desk, billing)) as on:
            for number in range(4):
                await ask(on, f"{number} {STORY}")
            await ask(on, "what do i owe")
            await on.ear.until(lambda ear: FINE in heard(ear)[4:], 60)
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())
