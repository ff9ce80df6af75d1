"""A tool is run once, whatever fails while it runs or after it; and each call has its result once."""

import asyncio
from collections.abc import Sequence
from typing import Any

import msgspec
import pytest

from actors.conversation import ChatMessage, Ending, Role, SessionRecord
from actors.messages.caller import PACED, ConnectionAttached, EndSession, TextEntered
from actors.messages.model import ToolFinished
from actors.messages.output import ReplyHeard
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import LoopClock, run_virtual
from actors.session.checkpoint import Checkpoint
from actors.session.tools.tool_runs import MOST_UNDER_WAY, TOO_MANY, UNKNOWN, ToolRuns
from actors.tools import AnyTool, OnInterruption, ToolContext, ToolOutcome, end_conversation, tool
from tests.kit.fakes import FakeModel
from tests.kit.session_kit import QUIET, RATE_HZ, Ear, Stage, stage

CONTEXT = ToolContext(session_id="session")


class Poison(msgspec.Struct, frozen=True):
    """Handling it fails."""


def booking(runs: list[float], on_interruption: OnInterruption, takes_s: float = 1.0) -> AnyTool:
    @tool(name="book", on_interruption=on_interruption)
    async def book() -> str:
        """Book."""
        runs.append(takes_s)
        await asyncio.sleep(takes_s)
        runs.append(0.0)
        return "booked"

    return book


def booker(prelude: str = "") -> FakeModel:
    """Calls the tool for what the user asks, then says what it came to."""

    def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
        if request.messages[-1].role is Role.TOOL:
            return [0.5, TextGenerated(f"It says {request.messages[-1].text}."), ReplyGenerated()]
        said = [TextGenerated(prelude)] if prelude else []
        return [0.2, *said, ToolCalled(call_id="c1", name="book", arguments="{}"), ReplyGenerated()]

    return FakeModel(script)


def read(messages: Sequence[ChatMessage]) -> list[tuple[str, str]]:
    return [("call", m.tool_requests[0].call_id) if m.tool_requests else (m.role, m.text) for m in messages]


def last_heard(ear: Ear) -> str:
    return ear.of(ReplyHeard)[-1].text if ear.of(ReplyHeard) else ""


async def ask(on: Stage, text: str = "book it") -> None:
    await asyncio.sleep(0.2)
    on.entry.deliver(TextEntered(text))
    await on.ear.until_count(FinalTranscript, 1)


@pytest.mark.parametrize("after_s", [0.1, 0.3, 1.0, 1.25, 1.4, 1.8])
@pytest.mark.parametrize("prelude", ["", "Let me see."])
@pytest.mark.parametrize("policy", OnInterruption)
@pytest.mark.parametrize("victim", ["orchestrator", "session"])
def test_a_tool_is_run_once_whatever_fails_beside_it(
    victim: str, policy: OnInterruption, prelude: str, after_s: float
) -> None:
    async def main() -> None:
        runs: list[float] = []
        model = booker(prelude)
        async with stage(agent=QUIET, model=model, tools={"book": booking(runs, policy)}) as on:
            await ask(on)
            await asyncio.sleep(after_s)
            on.entry.addresses[victim].tell(Poison())
            await on.ear.until(lambda ear: 'It says "booked".' in last_heard(ear), 20)
            assert runs == [1.0, 0.0]
            assert read(model.requests[-1].messages) == [
                ("user", "book it"),
                ("call", "c1"),
                ("tool", '"booked"'),
            ]
            assert len(on.ear.of(ToolFinished)) == 1

    run_virtual(main())


def test_a_call_that_another_process_began_is_not_run_again() -> None:
    async def main() -> None:
        runs: list[float] = []
        model = FakeModel()
        async with stage(agent=QUIET, model=booker(), tools={"book": booking(runs, OnInterruption.FINISH)}) as on:
            await ask(on)
            await asyncio.sleep(0.5)
            record = msgspec.structs.replace(on.session.record(), session_id="another")
            engines = msgspec.structs.replace(on.engines, model=model)
            on.sessions.engines = engines
            plan = msgspec.structs.replace(on.entry.plan, session_id="another")
            entry = on.sessions.restore(
                plan, on.ear, ConnectionAttached(connection_id="connection-9", lead=PACED, rate_hz=RATE_HZ), record
            )
            await asyncio.sleep(0.5)
            entry.deliver(TextEntered("and now"))
            await on.ear.until_count(ReplyHeard, 1, 20)
            assert [m.text for m in model.requests[0].messages if m.role is Role.TOOL] == [UNKNOWN.text]
            assert isinstance(record, SessionRecord)
            entry.deliver(EndSession(Ending.NORMAL, politely=False))

    run_virtual(main())


@pytest.mark.parametrize("after_s", [0.25, 0.4])
def test_an_end_that_a_tool_wants_survives_its_orchestrator(after_s: float) -> None:
    async def main() -> None:
        def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
            if request.messages[-1].role is Role.TOOL:
                return [0.5, TextGenerated("Goodbye."), ReplyGenerated()]
            return [0.2, ToolCalled(call_id="c1", name="end_conversation", arguments="{}"), ReplyGenerated()]

        tools = {"end_conversation": end_conversation}
        async with stage(agent=QUIET, model=FakeModel(script), tools=tools) as on:
            await ask(on)
            await asyncio.sleep(after_s)
            on.entry.addresses["orchestrator"].tell(Poison())
            await on.ear.until(lambda ear: ear.ended, 20)
            assert on.ear.ended is Ending.NORMAL

    run_virtual(main())


def test_calls_without_an_id_of_their_own_each_have_their_result() -> None:
    async def main() -> None:
        runs: list[float] = []

        def script(request: ModelRequest) -> Sequence[ModelEvent | float]:
            if request.messages[-1].role is Role.TOOL:
                return [TextGenerated("Done."), ReplyGenerated()]
            return [
                ToolCalled(call_id="", name="book", arguments="{}"),
                ToolCalled(call_id="", name="book", arguments="{}"),
                ReplyGenerated(),
            ]

        model = FakeModel(script)
        async with stage(agent=QUIET, model=model, tools={"book": booking(runs, OnInterruption.FINISH)}) as on:
            await ask(on)
            await on.ear.until_count(ReplyHeard, 1, 20)
            ids = [r.call_id for m in model.requests[-1].messages for r in m.tool_requests]
            assert len(set(ids)) == 2
            assert [m.call_id for m in model.requests[-1].messages if m.role is Role.TOOL] == ids

    run_virtual(main())


class TestToolRuns:
    def test_finish_what_must_not_be_done_by_halves_after_the_session(self) -> None:
        async def main() -> None:
            for policy, finished in ((OnInterruption.FINISH, [1.0, 0.0]), (OnInterruption.CANCEL, [1.0])):
                runs: list[float] = []
                tool_runs = ToolRuns(Checkpoint(), lambda finished: None)
                tool_runs.start(
                    ToolCalled(call_id="c1", name="book", arguments="{}"), booking(runs, policy), CONTEXT, LoopClock()
                )
                await asyncio.sleep(0.1)
                tool_runs.close()
                await asyncio.sleep(3)
                assert runs == finished
                assert not tool_runs.is_running("c1")

        run_virtual(main())

    def test_so_many_are_under_way_at_most_and_a_call_above_is_answered_that_it_was_not_made(self) -> None:
        """An interruption leaves those running that must not be done by halves: each turn could add to them."""

        async def main() -> None:
            runs: list[float] = []
            told: list[ToolFinished] = []
            tool_runs, tool = ToolRuns(Checkpoint(), told.append), booking(runs, OnInterruption.FINISH)
            ids = [f"c{number}" for number in range(MOST_UNDER_WAY + 3)]
            for call_id in ids:
                call = ToolCalled(call_id=call_id, name="book", arguments="{}")
                tool_runs.start(call, tool, CONTEXT, LoopClock())
                await asyncio.sleep(0.01)
                tool_runs.cancel([call_id])
            assert [finished.call_id for finished in told] == ids[MOST_UNDER_WAY:]
            assert {finished.outcome.text for finished in told} == {f'{{"error":"{TOO_MANY}"}}'}
            await asyncio.sleep(2)
            assert runs == [1.0] * MOST_UNDER_WAY + [0.0] * MOST_UNDER_WAY
            tool_runs.start(ToolCalled(call_id="later", name="book", arguments="{}"), tool, CONTEXT, LoopClock())
            await asyncio.sleep(0.1)
            assert runs[-1] == 1.0

        run_virtual(main())

    @pytest.mark.parametrize(
        "error", [SystemExit(3), KeyboardInterrupt(), asyncio.CancelledError(), RecursionError(), ValueError("secret")]
    )
    @pytest.mark.parametrize("plain", [False, True])
    def test_a_tool_that_raises_anything_has_failed_and_costs_nothing_else(
        self, error: BaseException, plain: bool
    ) -> None:
        @tool(name="bad")
        def bad() -> str:
            raise error

        @tool(name="bad")
        async def bad_later() -> str:
            await asyncio.sleep(0)
            raise error

        async def main() -> None:
            outcome = await _outcome(bad if plain else bad_later, "{}")
            assert (outcome.failed, outcome.result) == (True, {"error": "the tool bad failed"})

        asyncio.run(main())

    @pytest.mark.parametrize("arguments", ["[" * 100_000, '{"a":' * 100_000, "{", "\ud83d", '"\ud83d"', "nonsense"])
    def test_arguments_that_cannot_be_read_are_the_models_fault(self, arguments: str) -> None:
        async def main() -> None:
            outcome = await _outcome(booking([], OnInterruption.CANCEL), arguments)
            assert outcome.failed
            assert "wrong arguments for book" in outcome.text

        run_virtual(main())

    @pytest.mark.parametrize(
        ("result", "text"),
        [("half \ud83d", '"half �"'), ({"\udc00": ["\ud83d\ude00"]}, '{"�":["😀"]}')],
    )
    def test_half_a_character_in_a_result_is_replaced(self, result: Any, text: str) -> None:
        @tool(name="halves")
        async def halves() -> Any:
            return result

        async def main() -> None:
            assert (await _outcome(halves, "{}")).text == text

        run_virtual(main())


async def _outcome(bad: AnyTool, arguments: str) -> ToolOutcome:
    tool_runs = ToolRuns(Checkpoint(), lambda finished: None)
    tool_runs.start(ToolCalled(call_id="c1", name=bad.name, arguments=arguments), bad, CONTEXT, LoopClock())
    await asyncio.gather(*tool_runs._tasks.values())
    finished = tool_runs.result("c1")
    assert finished is not None
    return finished.outcome
