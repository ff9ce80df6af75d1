"""How a model is asked again, in whole sessions on virtual time: each trouble has its own way on, and its own words."""

from collections.abc import AsyncIterator, Sequence
from functools import partial

import msgspec
import pytest

from actors.agent import Agent, Limits, Model
from actors.conversation import Ending, Role
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import TextEntered
from actors.messages.output import ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.session.replies.model_asking import NO_MORE_TOOLS, SAID_NOTHING
from actors.tools import tool
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Ear, Stage, stage

QUIET: Agent = msgspec.structs.replace(AGENT, greeting="", limits=Limits(no_input_s=60, filler_after_ms=60_000))
PHRASES = QUIET.phrases
FINE: list[ModelEvent | float] = [TextGenerated("All is well."), ReplyGenerated()]
Step = ModelError | Sequence[ModelEvent | float]


class Scripted(FakeModel):
    """Fails or answers, one step a request; the last step is repeated."""

    def __init__(self, *steps: Step) -> None:
        super().__init__()
        self._steps = list(steps)

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        step = self._steps.pop(0) if len(self._steps) > 1 else self._steps[0]
        if isinstance(step, ModelError):
            self.requests.append(request)
            raise step
        self.script = lambda _: step
        async for event in super().reply(request):
            yield event


@tool
def look_up(name: str = "") -> str:
    """Look something up."""
    return "found"


def call(number: int) -> list[ModelEvent | float]:
    return [ToolCalled(call_id=f"c{number}", name="look_up", arguments="{}"), ReplyGenerated()]


def _has_heard(count: int, ear: Ear) -> bool:
    return len(ear.of(ReplyHeard)) >= count or ear.ended is not None


async def hear(on: Stage, *texts: str) -> list[str]:
    for count, text in enumerate(texts, len(on.ear.of(ReplyHeard)) + 1):
        on.entry.deliver(TextEntered(text))
        await on.ear.until(partial(_has_heard, count), 120)
    return [heard.text for heard in on.ear.of(ReplyHeard)]


def test_refused_words_are_not_sent_again_and_the_conversation_goes_on() -> None:
    async def main() -> None:
        model = Scripted(ModelError(ErrorKind.REFUSED, "filtered"), FINE)
        async with stage(agent=QUIET, model=model) as on:
            assert await hear(on, "something awful", "when are you open") == [PHRASES.refused, "All is well."]
            assert [m.text for m in model.requests[-1].messages if m.role is Role.USER] == ["when are you open"]
            assert "something awful" in [m.text for m in on.session.record().messages]

    run_virtual(main())


def test_if_it_is_not_these_words_that_are_refused_nothing_of_the_conversation_is_sent_again() -> None:
    async def main() -> None:
        refused = ModelError(ErrorKind.REFUSED, "filtered")
        model = Scripted(FINE, refused, refused, FINE)
        async with stage(agent=QUIET, model=model) as on:
            heard = await hear(on, "one thing", "another thing", "a third one", "a fourth one")
            assert heard == ["All is well.", PHRASES.refused, PHRASES.refused, "All is well."]
            assert [m.text for m in model.requests[-1].messages if m.role is Role.USER] == ["a fourth one"]

    run_virtual(main())


def test_a_conversation_that_is_too_long_is_sent_in_part_and_nobody_notices() -> None:
    async def main() -> None:
        too_long = ModelError(ErrorKind.TOO_LONG, "too long")
        model = Scripted(FINE, FINE, FINE, FINE, FINE, too_long, FINE)
        stories = ["and so it was, " * 60 + number for number in "abcdef"]
        agent = msgspec.structs.replace(QUIET, limits=Limits(no_input_s=600, max_session_s=3_600))
        async with stage(agent=agent, model=model) as on:
            assert (await hear(on, *stories))[-1] == "All is well."
            before, after = [each for each in model.requests if not each.is_aside][-2:]
            assert sum(len(m.text) for m in after.messages) <= sum(len(m.text) for m in before.messages) / 2
            assert after.omitted
            assert after.messages[-1].text == stories[-1]

    run_virtual(main())


def test_what_cannot_be_shortened_has_no_answer() -> None:
    async def main() -> None:
        async with stage(agent=QUIET, model=Scripted(ModelError(ErrorKind.TOO_LONG, "too long"))) as on:
            assert await hear(on, "hello") == [PHRASES.no_answer]

    run_virtual(main())


def test_a_busy_model_is_waited_for_as_long_as_it_says() -> None:
    async def main() -> None:
        busy = ModelError(ErrorKind.THROTTLED, "429", retry_after_s=15.0)
        async with stage(agent=QUIET, model=Scripted(busy, FINE)) as on:
            assert await hear(on, "hello") == ["All is well."]
            assert on.ear.times(ReplyHeard)[0] > 15

    run_virtual(main())


@pytest.mark.parametrize(
    ("failure", "said"),
    [
        (ModelError(ErrorKind.THROTTLED, "429", retry_after_s=90.0), PHRASES.busy),
        (ModelError(ErrorKind.THROTTLED, "429"), PHRASES.busy),
        (ModelError(ErrorKind.TIMEOUT, "late"), PHRASES.busy),
        (ModelError(ErrorKind.UNAVAILABLE, "down"), PHRASES.no_answer),
        (ModelError(ErrorKind.INTERNAL, "broken"), PHRASES.no_answer),
    ],
)
def test_each_trouble_has_its_own_words_and_the_question_is_kept(failure: ModelError, said: str) -> None:
    async def main() -> None:
        model = Scripted(failure, FINE)
        async with stage(agent=QUIET, model=model) as on:
            assert await hear(on, "when are you open", "yes please") == [said, "All is well."]
            assert model.requests[-1].messages[-1].text == "when are you open yes please"

    run_virtual(main())


@pytest.mark.parametrize(
    "first", [[ReplyGenerated()], [TextGenerated("<think>hm</think>\U0001f642"), ReplyGenerated()]]
)
def test_a_reply_without_words_is_asked_for_once_more(first: Sequence[ModelEvent | float]) -> None:
    async def main() -> None:
        model = Scripted(first, FINE)
        async with stage(agent=QUIET, model=model) as on:
            assert await hear(on, "hello") == ["All is well."]
            assert model.requests[-1].messages[-1].text == SAID_NOTHING
            assert SAID_NOTHING not in [m.text for m in on.session.record().messages]

    run_virtual(main())


def test_a_model_that_never_has_words_is_asked_twice_and_no_more() -> None:
    async def main() -> None:
        model = Scripted([ReplyGenerated()])
        async with stage(agent=QUIET, model=model) as on:
            assert await hear(on, "hello") == [PHRASES.no_answer]
            assert len(model.requests) == 2

    run_virtual(main())


def test_a_model_that_calls_tools_too_often_is_asked_to_answer_without() -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, model=Model(max_tool_rounds=3))
        model = Scripted(*map(call, range(4)), FINE)
        async with stage(agent=agent, model=model, tools={"look_up": look_up}) as on:
            assert await hear(on, "hello") == ["All is well."]
            assert [request.may_call_tools for request in model.requests] == [True] * 4 + [False]
            assert model.requests[-1].messages[-1].text == NO_MORE_TOOLS
            assert await hear(on, "and now") == ["All is well."] * 2
            assert model.requests[-1].may_call_tools

    run_virtual(main())


def test_one_that_calls_them_all_the_same_has_no_answer() -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, model=Model(max_tool_rounds=2))
        async with stage(agent=agent, model=Scripted(*map(call, range(9))), tools={"look_up": look_up}) as on:
            assert await hear(on, "hello") == [PHRASES.no_answer]

    run_virtual(main())


@pytest.mark.parametrize("first_token_s", [2.0, 20.0])
def test_a_slow_model_has_the_time_that_its_agent_gives_it(first_token_s: float) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, model=Model(first_token_s=first_token_s))
        async with stage(agent=agent, model=Scripted([12.0, *FINE])) as on:
            assert await hear(on, "hello") == [PHRASES.busy if first_token_s < 12 else "All is well."]

    run_virtual(main())


@pytest.mark.parametrize("limits", [Limits(max_tokens=1_000), Limits(max_tool_calls=2)])
def test_a_session_that_has_cost_enough_ends_politely(limits: Limits) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, limits=limits)
        said: list[ModelEvent | float] = [TextGenerated("All is well."), ReplyGenerated(400, 200)]
        model = Scripted(call(1), said, call(2), said)
        async with stage(agent=agent, model=model, tools={"look_up": look_up}) as on:
            await hear(on, "hello", "and now")
            await on.ear.until(lambda ear: ear.ended, 30)
            heard = [each.text for each in on.ear.of(ReplyHeard)]
            assert heard == ["All is well.", "All is well.", PHRASES.goodbye]
            assert on.ear.ended is Ending.NORMAL

    run_virtual(main())
