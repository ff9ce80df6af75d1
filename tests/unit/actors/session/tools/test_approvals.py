"""A tool that an operator has to approve is run once if they do, else never; the model hears what came of it."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from itertools import pairwise

import msgspec
import pytest

from actors.agent import Phrases
from actors.conversation import Ending, Role
from actors.messages.caller import EndSession, TextEntered
from actors.messages.model import ToolFinished
from actors.messages.output import ReplyHeard, ReplyText
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.tools.approvals import (
    APPROVAL_WITHIN_S,
    DECLINED,
    MOST_WAITING,
    NOBODY_DECIDED,
    TOO_MANY,
    Approvals,
    Decision,
    PendingApproval,
)
from actors.tools import OnInterruption, ToolDefinitionError, tool
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import AGENT, Stage, stage

PHRASES = Phrases(hold_on="I have to ask a colleague.", fillers=("One moment.", "Let me see."))
LIMITS = msgspec.structs.replace(AGENT.limits, no_input_s=120)
QUIET = msgspec.structs.replace(AGENT, greeting="", phrases=PHRASES, limits=LIMITS)


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def refunder(calls: int = 1) -> FakeModel:
    """Calls the tool for what the user asks, then says what it came to."""

    def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
        if request.messages[-1].role is Role.TOOL:
            return [TextGenerated(f"It says {request.messages[-1].text}."), ReplyGenerated()]
        wanted = [ToolCalled(call_id=f"c{n}", name="refund", arguments=f'{{"amount": {n}}}') for n in range(calls)]
        return [0.2, *wanted, ReplyGenerated()]

    return FakeModel(script)


class Refunds:
    """What was refunded, and the session in which it was asked for."""

    def __init__(self) -> None:
        self.made: list[int] = []
        self.on: Stage

    @property
    def pending(self) -> tuple[PendingApproval, ...]:
        return self.on.entry.tool_runs.approvals.pending()

    def decide(self, decision: Decision, reason: str = "") -> None:
        (pending,) = self.pending
        self.on.entry.tool_runs.approvals.decide(pending.approval_id, decision, reason)

    async def says(self, text: str) -> None:
        await self.on.ear.until(lambda ear: any(text in each.text for each in ear.of(ReplyHeard)), 90)


@asynccontextmanager
async def asked(
    policy: OnInterruption = OnInterruption.CANCEL, calls: int = 1, takes_s: float = 0.0
) -> AsyncIterator[Refunds]:
    """A session in which the tool has been called."""
    refunds = Refunds()

    @tool(approval="operator", on_interruption=policy)
    async def refund(amount: int) -> str:
        """Refund."""
        await asyncio.sleep(takes_s)
        refunds.made.append(amount)
        return "refunded"

    async with stage(agent=QUIET, model=refunder(calls), tools={"refund": refund}) as on:
        refunds.on = on
        await asyncio.sleep(0.2)
        on.entry.deliver(TextEntered("give me my money back"))
        await asyncio.sleep(2)
        yield refunds


def test_it_is_run_once_an_operator_approves_it() -> None:
    async def main() -> None:
        async with asked() as refunds:
            (pending,) = refunds.pending
            assert (pending.tool, pending.arguments) == ("refund", '{"amount": 0}')
            assert pending.expires_at - pending.asked_at == APPROVAL_WITHIN_S
            await asyncio.sleep(20)
            assert refunds.made == []
            refunds.decide(Decision.APPROVE, "not told to anybody")
            await refunds.says('It says "refunded".')
            assert (refunds.made, refunds.pending) == ([0], ())

    run_virtual(main())


def test_nobody_is_asked_about_arguments_that_the_tool_does_not_take() -> None:
    async def main() -> None:
        @tool(approval="operator", confirm=True)
        async def refund(amount: int) -> str:
            """Refund."""
            return "refunded"

        def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
            if request.messages[-1].role is Role.TOOL:
                return [TextGenerated(f"It says {request.messages[-1].text}."), ReplyGenerated()]
            return [ToolCalled(call_id="c", name="refund", arguments='{"amount": "much"}'), ReplyGenerated()]

        async with stage(agent=QUIET, model=FakeModel(script), tools={"refund": refund}) as on:
            on.entry.deliver(TextEntered("give me my money back"))
            await on.ear.until_count(ReplyHeard, 1)
            (finished,) = on.ear.of(ToolFinished)
            assert "wrong arguments for refund: amount: Expected `int`" in finished.outcome.text
            assert on.entry.tool_runs.approvals.pending() == ()
            assert not any(PHRASES.hold_on in each.text for each in on.ear.of(ReplyText))

    run_virtual(main())


@pytest.mark.parametrize(
    ("reason", "told"), [("", DECLINED), ("  it is too late ", f"{DECLINED}: it is too late"), ("x" * 400, "x" * 300)]
)
def test_the_model_is_told_that_an_operator_declined_and_why(reason: str, told: str) -> None:
    async def main() -> None:
        async with asked() as refunds:
            refunds.decide(Decision.DECLINE, reason)
            await refunds.on.ear.until_count(ToolFinished, 1)
            (finished,) = refunds.on.ear.of(ToolFinished)
            assert finished.outcome.failed
            assert finished.outcome.result["error"].endswith(told)
            await refunds.says("It says")
            assert (refunds.made, refunds.pending) == ([], ())

    run_virtual(main())


def test_nobody_decides_and_it_is_not_run() -> None:
    async def main() -> None:
        async with asked() as refunds:
            (pending,) = refunds.pending
            await asyncio.sleep(APPROVAL_WITHIN_S - 3)
            assert refunds.on.ear.of(ToolFinished) == []
            await refunds.says("It says")
            assert refunds.on.ear.of(ToolFinished)[0].outcome.result == {"error": NOBODY_DECIDED}
            assert (refunds.made, refunds.pending) == ([], ())
            with pytest.raises(LookupError):
                refunds.on.entry.tool_runs.approvals.decide(pending.approval_id, Decision.APPROVE)

    run_virtual(main())


def test_the_caller_hears_first_that_somebody_is_asked() -> None:
    async def main() -> None:
        async with asked() as refunds:
            await asyncio.sleep(30)
            said = [each.text for each in refunds.on.ear.of(ReplyText)]
            assert said[0] == PHRASES.hold_on
            assert 3 <= len(said) <= 6
            assert all(one != other for one, other in pairwise(said))

    run_virtual(main())


@pytest.mark.parametrize("policy", OnInterruption)
def test_an_interruption_gives_up_what_waits(policy: OnInterruption) -> None:
    async def main() -> None:
        async with asked(policy) as refunds:
            (pending,) = refunds.pending
            refunds.on.entry.deliver(TextEntered("stop, I want something else"))
            await asyncio.sleep(0.1)
            assert refunds.on.ear.of(ToolFinished)[0].outcome.result == {"error": "cancelled: the user interrupted"}
            with pytest.raises(LookupError):
                refunds.on.entry.tool_runs.approvals.decide(pending.approval_id, Decision.APPROVE)
            await asyncio.sleep(2)
            assert refunds.made == []

    run_virtual(main())


@pytest.mark.parametrize(("policy", "made"), [(OnInterruption.FINISH, [0]), (OnInterruption.CANCEL, [])])
def test_an_interruption_of_what_was_approved_is_the_tools_own_affair(policy: OnInterruption, made: list[int]) -> None:
    async def main() -> None:
        async with asked(policy, takes_s=2) as refunds:
            refunds.decide(Decision.APPROVE)
            await asyncio.sleep(1)
            refunds.on.entry.deliver(TextEntered("stop, I want something else"))
            await asyncio.sleep(1.5)
            assert refunds.made == made

    run_virtual(main())


@pytest.mark.parametrize("victim", ["orchestrator", "session"])
def test_it_waits_on_while_an_actor_is_started_again(victim: str) -> None:
    async def main() -> None:
        async with asked() as refunds:
            before = refunds.pending
            refunds.on.entry.addresses[victim].tell(Poison())
            await asyncio.sleep(5)
            assert refunds.pending == before
            refunds.decide(Decision.APPROVE)
            await refunds.says('It says "refunded".')
            assert refunds.made == [0]

    run_virtual(main())


def test_the_end_of_the_session_gives_it_up() -> None:
    async def main() -> None:
        async with asked(OnInterruption.FINISH) as refunds:
            entry = refunds.on.entry
            entry.deliver(EndSession(Ending.NORMAL, politely=False))
            await asyncio.sleep(1)
            assert entry.tool_runs.approvals.pending() == ()
            assert refunds.made == []

    run_virtual(main())


def test_each_of_several_is_decided_by_itself_and_no_more_wait_than_may() -> None:
    async def main() -> None:
        approvals, clock = Approvals(), LoopClock()
        calls = [ToolCalled(call_id=f"c{n}", name="refund", arguments="{}") for n in range(MOST_WAITING + 1)]
        tasks = [asyncio.ensure_future(approvals.refusal(call, 1, clock)) for call in calls]
        same = asyncio.ensure_future(approvals.refusal(calls[0], 1, clock))
        await asyncio.sleep(1)
        assert [task.done() for task in tasks] == [False] * MOST_WAITING + [True]
        for refused in (tasks[-1], same):
            refusal = await refused
            assert refusal is not None
            assert refusal.result == {"error": TOO_MANY}
        first, second, *_ = ids = [each.approval_id for each in approvals.pending()]
        assert len(set(ids)) == MOST_WAITING
        approvals.decide(first, Decision.APPROVE)
        approvals.decide(second, Decision.DECLINE)
        for decided in (first, second, "unknown", ""):
            with pytest.raises(LookupError):
                approvals.decide(decided, Decision.DECLINE)
        declined = await tasks[1]
        assert (await tasks[0], declined is not None) == (None, True)
        assert len(approvals.pending()) == MOST_WAITING - 2
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        assert approvals.pending() == ()

    run_virtual(main())


def test_a_decision_in_the_last_moment_holds() -> None:
    async def main() -> None:
        approvals, call = Approvals(), ToolCalled(call_id="c1", name="refund", arguments="{}")
        task = asyncio.ensure_future(approvals.refusal(call, 1, LoopClock()))
        await asyncio.sleep(0)
        (pending,) = approvals.pending()
        loop = asyncio.get_running_loop()
        loop.call_at(loop.time() + APPROVAL_WITHIN_S, approvals.decide, pending.approval_id, Decision.APPROVE)
        assert await task is None

    run_virtual(main())


def test_an_id_is_fit_for_an_address_and_another_in_another_turn() -> None:
    async def main() -> None:
        approvals, call = Approvals(), ToolCalled(call_id="../\ud83d 1", name="refund", arguments='"\ud83d"')
        tasks = [asyncio.ensure_future(approvals.refusal(call, turn, LoopClock())) for turn in (1, 2)]
        await asyncio.sleep(1)
        one, other = (each.approval_id for each in approvals.pending())
        assert one != other
        # What a model writes may be half an emoji: an answer to an operator is not to break at it.
        assert msgspec.json.encode(approvals.pending())
        assert one.replace("-", "").isalnum()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    run_virtual(main())


def test_nobody_but_an_operator_can_be_asked() -> None:
    def pay() -> None:
        """Pay."""

    with pytest.raises(
        ToolDefinitionError, match=r"^pay: approval is 'Operator'; only an operator can approve a call$"
    ):
        tool(approval="Operator")(pay)  # type: ignore[call-overload]
