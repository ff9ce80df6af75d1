"""Whole conversations in which a content filter refuses what was said, found or written, wherever that stands (C8)."""

import asyncio
from collections.abc import AsyncIterator, Callable, Sequence
from functools import partial
from typing import Any

import msgspec
import pytest

from actors.agent import Agent, Limits, Phrases
from actors.conversation import ChatMessage, Role, UtteranceKind
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import TextEntered
from actors.messages.output import AudioFrame
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.summary import Summary
from actors.runtime.clock import run_virtual
from actors.tools import tool
from actors.turn_taking_settings import PreemptiveGeneration
from app.providers.failover.model import FailoverModel
from tests.kit.failover_kit import providers
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, heard, stage
from tests.unit.actors.session.conversation_cases.case_kit import (
    FINE,
    alone,
    before_one_that_is_down,
    behind_one_that_is_busy,
    behind_one_that_is_down,
)
from tests.unit.actors.session.conversation_cases.case_kit import ask as asked_and_heard
from tests.unit.actors.session.tools.test_handoffs import BILLING, DESK, team, tools_of

BAD = "awful"
QUIET: Agent = msgspec.structs.replace(AGENT, greeting="", limits=Limits(no_input_s=120, max_session_s=3_600))


ask = partial(asked_and_heard, silent_s=4.0)
"""Say or type something, and wait until the agent is silent again."""


def speaking(language: str, refused: str) -> Agent:
    """The agent with its own words for what is refused, in another language."""
    return msgspec.structs.replace(QUIET, languages=(language,), phrases=Phrases(refused=refused))


class Filtered(FakeModel):
    """A service that refuses a request with a certain word anywhere in it, and cuts its own reply at that word."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        if any(map(_has_it, request.messages)):
            raise ModelError(ErrorKind.REFUSED, "filtered")
        for event in self.script(request):
            if isinstance(event, int | float):
                await asyncio.sleep(event)
            elif isinstance(event, TextGenerated) and BAD in event.text:
                raise ModelError(ErrorKind.REFUSED, "filtered")
            else:
                yield event


def _has_it(message: ChatMessage) -> bool:
    return BAD in message.text or any(BAD in call.arguments for call in message.tool_requests)


@tool
def find(what: str = "") -> str:
    """Find something."""
    return f"something {BAD}" if what == "bad" else "something good"


def answering(request: ModelRequest) -> Sequence[ModelEvent | float]:
    """Does what the caller names: finds something, asks for something, writes something; else all is well."""
    last = request.messages[-1]
    if last.role is not Role.USER:
        return [0.2, TextGenerated(FINE), ReplyGenerated()]
    match last.text:
        case "find it":
            say: list[ModelEvent | float] = [TextGenerated("Let me look. ")]
            return [*say, ToolCalled(call_id="c", name="find", arguments='{"what": "bad"}'), ReplyGenerated()]
        case "ask for it":
            return [ToolCalled(call_id="c", name="find", arguments=f'{{"what": "{BAD}"}}'), ReplyGenerated()]
        case "write it":
            return [TextGenerated("It is said to be. "), 0.5, TextGenerated(f"It is {BAD}."), ReplyGenerated()]
        case "billing":
            return [ToolCalled(call_id="c", name="handoff_to_billing", arguments="{}"), ReplyGenerated()]
        case _:
            return [0.2, TextGenerated(FINE), ReplyGenerated()]


def sent_later(model: FakeModel, first: int) -> list[str]:
    """What the model was sent from the request of this number on, of what it refuses."""
    return [message.text for request in model.requests[first:] for message in request.messages if _has_it(message)]


@pytest.mark.parametrize("spoken", [False, True], ids=["typed", "spoken"])
@pytest.mark.parametrize(
    ("asked", "agent"),
    [
        (f"tell me {BAD} things now", QUIET),
        (f"sag mir etwas {BAD} bitte", speaking("de-DE", "Darüber kann ich nicht sprechen.")),
        (f"dime algo {BAD} por favor", speaking("es-ES", "De eso no puedo hablar.")),
        ("find it", QUIET),
        ("ask for it", QUIET),
        ("write it", QUIET),
    ],
)
def test_whatever_is_refused_is_said_kindly_and_sent_no_more(asked: str, agent: Agent, *, spoken: bool) -> None:
    async def main() -> None:
        model = Filtered(answering)
        async with stage(agent=agent, model=model, tools={"find": find}) as on:
            await ask(on, "hello to all of you", spoken=spoken)
            await ask(on, asked, spoken=spoken)
            refused = len(model.requests)
            assert heard(on.ear, UtteranceKind.APOLOGY) == [agent.phrases.refused]
            for _ in range(3):
                await ask(on, "when are you open then", spoken=spoken)
            assert heard(on.ear)[-3:] == [FINE] * 3
            assert heard(on.ear, UtteranceKind.APOLOGY) == [agent.phrases.refused]
            assert sent_later(model, refused) == []
            assert on.ear.ended is None

    run_virtual(main())


@pytest.mark.parametrize("over", [alone, before_one_that_is_down, behind_one_that_is_down, behind_one_that_is_busy])
@pytest.mark.parametrize("text", [f"tell me {BAD} things", "find it"])
def test_that_others_have_failed_does_not_hide_what_is_refused(over: Callable[[Filtered], Any], text: str) -> None:
    async def main() -> None:
        model = Filtered(answering)
        async with stage(agent=QUIET, model=over(model), tools={"find": find}) as on:
            await ask(on, text, spoken=False)
            refused = len(model.requests)
            await ask(on, "when are you open", spoken=False)
            await ask(on, "and on sundays", spoken=False)
            assert heard(on.ear, UtteranceKind.APOLOGY) == [QUIET.phrases.refused]
            assert heard(on.ear)[-2:] == [FINE] * 2
            assert sent_later(model, refused) == []

    run_virtual(main())


def test_what_another_model_answers_is_no_trouble_for_the_caller() -> None:
    async def main() -> None:
        model, other = Filtered(answering), FakeModel(answering)
        both: Any = FailoverModel(providers(model, other))
        async with stage(agent=QUIET, model=both) as on:
            for text in (f"tell me {BAD} things", "when are you open", "and on sundays"):
                await ask(on, text, spoken=False)
            assert heard(on.ear) == [FINE] * 3
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


def test_what_was_summed_up_is_not_sent_any_more_if_all_of_it_is_refused() -> None:
    """Also a summary that was asked for before, and comes after all of it was refused."""

    async def main() -> None:
        model = Filtered(answering)
        async with stage(agent=QUIET, model=model) as on:
            for number in range(3):
                await ask(on, f"question number {number}", spoken=False)
            on.actor("orchestrator")._maker._history.summary = Summary(f"They said {BAD} things.", 1)
            for text in ("when are you open", "and on sundays", "and on mondays"):
                await ask(on, text, spoken=False)
            assert heard(on.ear, UtteranceKind.APOLOGY) == [QUIET.phrases.refused] * 2
            assert heard(on.ear)[-1] == FINE
            assert on.ear.ended is None

    run_virtual(main())


def test_words_over_a_reply_that_are_refused_cost_that_reply_alone() -> None:
    async def main() -> None:
        long = "We are open from eight until six on weekdays, and on Saturdays from nine until one in the afternoon."

        def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
            return [TextGenerated(long if request.turn == 1 else FINE), ReplyGenerated()]

        model = Filtered(script)
        async with stage(agent=QUIET, model=model, utterances=[f"no tell me {BAD} things"]) as on:
            on.entry.deliver(TextEntered("when are you open"))
            await on.ear.until_count(AudioFrame, 60)
            await on.talk(1_500)
            await on.ear.until(lambda ear: heard(ear, UtteranceKind.APOLOGY) != [], 30)
            await ask(on, "and on sundays", spoken=False)
            read = [message.text for message in model.requests[-1].messages]
            assert read[0] == "when are you open"
            assert long.startswith(read[1])
            assert read[2:] == ["and on sundays"]
            assert heard(on.ear)[-1] == FINE

    run_virtual(main())


def test_a_reply_that_is_begun_ahead_and_refused_is_no_other_trouble() -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, preemptive_generation=PreemptiveGeneration(enabled=True))
        model = Filtered(answering)
        async with stage(agent=agent, model=model) as on:
            await ask(on, f"tell me {BAD} things now please", spoken=True)
            refused = len(model.requests)
            await ask(on, "when are you open then", spoken=True)
            assert heard(on.ear, UtteranceKind.APOLOGY) == [agent.phrases.refused]
            assert heard(on.ear) == [FINE]
            assert sent_later(model, refused) == []

    run_virtual(main())


@pytest.mark.parametrize("at_hand_over", [True, False])
def test_who_was_handed_over_is_served_by_the_other_agent_though_words_are_refused(*, at_hand_over: bool) -> None:
    async def main() -> None:
        desk = msgspec.structs.replace(DESK, greeting="")
        model, first = Filtered(answering), f"{BAD} things" if at_hand_over else "hello"
        members = team(desk, BILLING)
        async with stage(agent=desk, model=model, tools=tools_of(desk), team=members) as on:
            await ask(on, first, spoken=False)
            await ask(on, "billing", spoken=False)
            if not at_hand_over:
                await ask(on, f"{BAD} things", spoken=False)
            await ask(on, "what do i owe", spoken=False)
            assert on.entry.checkpoint.agent == "billing"
            assert heard(on.ear, UtteranceKind.APOLOGY) == [desk.phrases.refused]
            assert heard(on.ear)[-1] == FINE
            assert not any(map(_has_it, model.requests[-1].messages))

    run_virtual(main())
