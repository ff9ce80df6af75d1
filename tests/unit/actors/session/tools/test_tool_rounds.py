"""Rounds of tools: what is run together, what is kept back or refused, and when the model goes on."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.agent import Handoff
from actors.conversation import ChatMessage, Ending, HandoffMade, KeyPattern, Role
from actors.messages.model import KeysExpected, ToolFinished, ToolsFinished, ToolsStarted
from actors.ports.llm import ToolCalled
from actors.rules.tools.confirmation import TO_BE_CONFIRMED
from actors.rules.tools.handoffs import CANCELLED
from actors.runtime.clock import run_virtual
from actors.session.tools.handoffs import Handoffs
from actors.session.tools.tool_rounds import ToolRound, ToolRounds, checked
from actors.tool_outcome import ToolOutcome
from actors.tools import AnyTool, OnInterruption, tool
from tests.kit.session_kit import AGENT
from tests.unit.actors.session.tools.tool_kit import TURN, ToolTalk, called

DESK = msgspec.structs.replace(AGENT, name="desk", handoffs=(Handoff(agent="billing", when="It is about money."),))
BILLING = msgspec.structs.replace(AGENT, name="billing", label="Billing")


@tool(on_interruption=OnInterruption.FINISH)
async def book() -> str:
    """Book something, which takes a while and must not be done by halves."""
    await asyncio.sleep(3)
    return "booked"


@tool
async def ask_for_code() -> ToolOutcome:
    """Have the caller key a code in."""
    return ToolOutcome("ask", keys=KeyPattern(length=4))


@tool(confirm=True)
async def pay(amount: int) -> str:
    """Pay for something."""
    return f"paid {amount}"


@tool(approval="operator", connects=True)
async def dial(number: str) -> str:
    """Call somebody for the caller."""
    return number


class Round(ToolTalk):
    """A conversation in which tools can be called."""

    def __init__(self, *tools: AnyTool) -> None:
        super().__init__(DESK, *tools, team=(DESK, BILLING))
        self.back: list[tuple[int, HandoffMade | None]] = []
        self.rounds = self.another()

    def another(self) -> ToolRounds:
        """The rounds of another orchestrator of this conversation, which begins with its checkpoint."""
        handoffs = Handoffs(self.ongoing.plan, self.checkpoint, self.supervisor)
        return ToolRounds(self.ongoing, self.runs, handoffs, lambda turn, made: self.back.append((turn, made)))

    async def passes(self, seconds: float) -> None:
        """Let tools run, and record what comes of them as an orchestrator does."""
        await asyncio.sleep(seconds)
        finished, self.finished[:] = list(self.finished), []
        for each in finished:
            self.rounds.finished(each)


def test_the_model_goes_on_when_the_last_tool_of_a_round_is_back() -> None:
    async def main() -> None:
        talk = Round(book)
        talk.rounds.run([called("look_up", "a"), called("book", "b")], TURN)
        assert talk.told == [ToolsStarted(TURN)]
        await talk.passes(1.5)
        assert talk.results == [("a", '"nine"')]
        assert talk.back == []
        await talk.passes(2)
        assert talk.results == [("a", '"nine"'), ("b", '"booked"')]
        assert talk.back == [(TURN, None)]
        assert talk.told[1:] == [ToolsFinished(TURN)]

    run_virtual(main())


def test_two_calls_with_one_id_each_have_their_result() -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("look_up", ""), called("look_up", "")], TURN)
        await talk.passes(1.5)
        assert len({call_id for call_id, _ in talk.results}) == 2
        assert talk.back == [(TURN, None)]

    run_virtual(main())


def test_an_interruption_cancels_what_may_be_and_waits_for_nothing() -> None:
    async def main() -> None:
        talk = Round(book)
        talk.rounds.run([called("look_up", "a"), called("book", "b")], TURN)
        await talk.passes(0.2)
        talk.rounds.cancel()
        await talk.passes(0.5)
        await talk.passes(3)
        assert talk.results == [("a", '{"error":"cancelled: the user interrupted"}'), ("b", '"booked"')]
        assert talk.back == []

    run_virtual(main())


def test_a_tool_that_is_cancelled_before_it_has_begun_has_its_answer_too() -> None:
    async def main() -> None:
        talk = Round(book)
        talk.rounds.run([called("look_up", "a"), called("book", "b")], TURN)
        talk.rounds.cancel()
        await talk.passes(4)
        assert talk.results == [("a", '{"error":"cancelled: the user interrupted"}'), ("b", '"booked"')]
        assert talk.history.unanswered_calls() == []

    run_virtual(main())


def test_keys_that_a_tool_asks_for_are_expected() -> None:
    async def main() -> None:
        talk = Round(ask_for_code)
        talk.rounds.run([called("ask_for_code", "a")], TURN)
        await talk.passes(0.5)
        assert talk.told == [ToolsStarted(TURN), KeysExpected(KeyPattern(length=4)), ToolsFinished(TURN)]

    run_virtual(main())


def test_turn_taking_is_told_of_calls_that_connect_and_of_those_that_wait_for_somebody() -> None:
    async def main() -> None:
        talk = Round(dial)
        talk.rounds.run([called("dial", "a", '{"number": "+15550100"}')], TURN)
        assert talk.told == [ToolsStarted(TURN, connects=True, awaits_approval=True)]
        talk.rounds.cancel()
        await talk.passes(0.5)

    run_virtual(main())


def test_a_handoff_is_made_when_all_else_is_back() -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("handoff_to_billing", "h"), called("look_up", "a")], TURN)
        assert talk.back == []
        await talk.passes(1.5)
        ((turn, made),) = talk.back
        assert made is not None
        assert (turn, made.turn, made.from_agent, made.to_agent) == (TURN, TURN + 1, "desk", "billing")
        assert [call_id for call_id, _ in talk.results] == ["a", "h"]

    run_virtual(main())


def test_a_handoff_alone_is_made_at_once() -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("handoff_to_billing", "h")], TURN)
        ((_, made),) = talk.back
        assert made is not None
        assert [type(each) for each in talk.told] == [ToolsStarted, ToolsFinished]

    run_virtual(main())


@pytest.mark.parametrize("how", ["interrupted", "session ends"])
def test_a_handoff_is_not_made_by_an_agent_who_is_interrupted_or_leaves(how: str) -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("handoff_to_billing", "h"), called("look_up", "a")], TURN)
        if how == "interrupted":
            talk.rounds.cancel()
        else:
            talk.turn.state.ending = Ending.NORMAL
        await talk.passes(1.5)
        assert all(made is None for _, made in talk.back)
        assert ("h", f'{{"error":"{CANCELLED}"}}') in talk.results

    run_virtual(main())


def test_a_successor_waits_for_what_is_under_way_and_goes_on_at_once_otherwise() -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("look_up", "a")], TURN)
        talk.rounds = talk.another()
        assert talk.rounds.resume(TURN)
        assert not talk.rounds.resume(TURN + 1)
        await talk.passes(1.5)
        assert talk.back == [(TURN, None)]
        assert not talk.another().resume(TURN)

    run_virtual(main())


def test_a_reply_that_begins_waits_for_no_tool_of_the_one_before() -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("look_up", "a")], TURN)
        talk.rounds.forget()
        await talk.passes(1.5)
        assert talk.results == [("a", '"nine"')]
        assert talk.back == []

    run_virtual(main())


def test_a_result_counts_once() -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("look_up", "a")], TURN)
        await asyncio.sleep(1.5)
        (result,) = talk.finished
        talk.rounds.finished(result)
        talk.rounds.finished(result)
        assert talk.back == [(TURN, None)]

    run_virtual(main())


def test_a_round_is_over_with_the_last_of_its_calls() -> None:
    round_ = ToolRound(TURN, ["a", "b"])
    assert not round_.finished("a")
    assert not round_.finished("a")
    assert round_.finished("b")


SAID_BACK = [
    ChatMessage(role=Role.USER, text="pay five", turn=1),
    ChatMessage(role=Role.ASSISTANT, text="Five, is that right?", turn=1),
    ChatMessage(role=Role.USER, text="yes", turn=2),
]


@pytest.mark.parametrize(
    ("name", "arguments", "refusal"),
    [
        ("look_up", "{}", ""),
        ("look_up", "no json", ""),
        ("nothing", "{}", ""),
        ("pay", '{"amount": 5}', TO_BE_CONFIRMED),
        ("pay", '{"amount": "much"}', "wrong arguments for pay"),
        ("dial", '{"number": "+15550100"}', ""),
        ("dial", "{}", "wrong arguments for dial"),
    ],
)
def test_nobody_is_asked_about_a_call_that_is_not_fit_to_be_asked_about(
    name: str, arguments: str, refusal: str
) -> None:
    tools: dict[str, Any] = {each.name: each for each in (pay, dial)}
    call = called(name, "a", arguments)
    found = checked(call, tools.get(name), SAID_BACK, 2)
    assert found.refusal.startswith(refusal) if refusal else found is call


def test_what_was_refused_and_said_back_is_run_when_the_caller_has_answered() -> None:
    call: ToolCalled = called("pay", "b", '{"amount": 5}')

    async def main() -> None:
        talk = Round(pay)
        talk.rounds.run([call], TURN)
        await talk.passes(0.5)
        (refused,) = talk.results
        assert TO_BE_CONFIRMED in refused[1]
        talk.history.add_user_words("yes", TURN + 1, 0.0, continues=False, confidence=1.0)
        talk.turn.state.turn_number = TURN + 1
        talk.rounds.run([call], TURN + 1)
        await talk.passes(0.5)
        assert talk.results[-1][1] == '"paid 5"'
        assert isinstance(talk.told[-1], ToolsFinished)

    run_virtual(main())


def test_a_result_of_a_call_that_nobody_made_in_this_round_is_kept_and_ends_nothing() -> None:
    async def main() -> None:
        talk = Round()
        talk.rounds.run([called("look_up", "a")], TURN)
        late = ToolFinished(turn=TURN - 1, call_id="z", name="look_up", outcome=ToolOutcome("old"), elapsed_ms=1.0)
        talk.rounds.finished(late)
        assert talk.back == []
        await talk.passes(1.5)
        assert talk.back == [(TURN, None)]

    run_virtual(main())
