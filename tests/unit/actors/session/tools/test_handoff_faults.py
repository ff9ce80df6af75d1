"""Handoffs at the worst of times, on virtual time: while an engine fails, and while the caller speaks."""

import asyncio
from typing import Any

import msgspec
import pytest

from actors.conversation import Ending, Role
from actors.messages.caller import TextEntered
from actors.messages.lifecycle import AgentReplaced
from actors.messages.output import AgentTookOver, ReplyHeard
from actors.ports.llm import ModelEvent, ModelRequest
from actors.runtime.clock import run_virtual
from actors.session.supervisor import SessionSupervisor
from tests.kit.fakes import FakeModel
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.repeating import some
from tests.kit.session_kit import Stage, stage
from tests.unit.actors.session.tools.test_handoffs import BILLING, CLAIMS, DESK, calls, says, team, tools_of

# Other languages, so that the recognizer is started anew too.
ABROAD = msgspec.structs.replace(BILLING, languages=("de-DE",))
TEAM = team(DESK, ABROAD, CLAIMS)
PLACES = {
    "recognizer.open": (Fault.STALL, Fault.FAIL),
    "recognizer.finish_utterance": tuple(Fault),
    "synthesizer.open": (Fault.STALL, Fault.FAIL),
    "synthesizer.write": tuple(Fault),
    "synthesizer.finish": (Fault.STALL, Fault.NOTHING),
    "model.reply": tuple(Fault),
    "store.save": tuple(Fault),
}
TABLE = [(place, fault, first) for first in (1, 2, 3, 4) for place, faults in PLACES.items() for fault in faults]


def hands_off(request: ModelRequest) -> list[ModelEvent | float]:
    if request.agent.name == "desk":
        return [0.2, *calls("handoff_to_billing", say="One moment.")]
    said = [message.text for message in request.messages if message.role is Role.USER]
    return [0.2, *says(f"Billing has heard: {said[-1]}.")]


@pytest.mark.parametrize(("place", "fault", "first"), some(TABLE))
def test_a_fault_anywhere_leaves_the_caller_with_the_other_agent_or_ends_the_session(
    place: str, fault: Fault, first: int
) -> None:
    async def main() -> None:
        faults = Faults(Plan(place, fault, first))
        model = FakeModel(hands_off, faults)
        spoken = ["what do i owe", "and until when"] * 4
        given = {"agent": DESK, "tools": tools_of(DESK), "team": TEAM}
        async with stage(model=model, faults=faults, utterances=spoken, **given) as on:  # type: ignore[arg-type]
            for _ in range(6):
                await asyncio.sleep(5)
                if on.ear.ended or "Billing has heard" in _last(on):
                    break
                await on.talk(1_200)
            assert on.ear.ended is Ending.ERROR or "Billing has heard" in _last(on)
            assert len(on.ear.of(AgentTookOver)) <= 1
            if on.ear.ended is None:
                assert model.requests[-1].agent.name == "billing"

    run_virtual(main())


@pytest.mark.parametrize("after", [False, True], ids=["before it is handled", "once it is handled"])
def test_a_session_that_fails_at_the_handoff_tells_the_caller_of_it_once(
    after: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    genuine, failed = SessionSupervisor.on_receive, list[object]()

    def failing(self: SessionSupervisor, message: Any) -> None:
        fails = isinstance(message, AgentReplaced) and not failed
        if after or not fails:
            genuine(self, message)
        if fails:
            failed.append(message)
            raise RuntimeError("fake")

    async def main() -> None:
        given = {"agent": DESK, "tools": tools_of(DESK), "team": TEAM}
        async with stage(model=FakeModel(hands_off), **given) as on:  # type: ignore[arg-type]
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("what do i owe"))
            await on.ear.until(lambda _: "Billing has heard" in _last(on), 60)
            assert failed
            assert on.entry.rebuilt == 1
            told = [(m.agent, m.label, m.from_agent) for m in on.ear.of(AgentTookOver)]
            assert told == [("billing", BILLING.label, "desk")]

    monkeypatch.setattr(SessionSupervisor, "on_receive", failing)
    run_virtual(main())


def _last(on: Stage) -> str:
    replies = on.ear.of(ReplyHeard)
    return replies[-1].text if replies else ""


@pytest.mark.parametrize("after_ms", range(0, 3_000, 150))
def test_words_that_are_said_while_the_agents_change_are_answered_by_the_one_that_has_the_conversation(
    after_ms: int,
) -> None:
    async def main() -> None:
        model = FakeModel(hands_off)
        given = {"agent": DESK, "tools": tools_of(DESK), "team": TEAM}
        async with stage(model=model, utterances=["and until when"], **given) as on:  # type: ignore[arg-type]
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("what do i owe"))
            await asyncio.sleep(after_ms / 1_000)
            await on.talk(900)
            # They may be one turn with the words before, which then are answered by the desk first.
            await on.ear.until(lambda _: "and until when" in _last(on) and "Billing" in _last(on), 60)
            assert [changed.agent for changed in on.ear.of(AgentTookOver)] == ["billing"]
            said = [m.text for m in on.session.record().messages if m.role is Role.USER]
            assert " ".join(said) == "what do i owe and until when"

    run_virtual(main())
