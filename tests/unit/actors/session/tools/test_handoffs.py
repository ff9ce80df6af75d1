"""A conversation that goes from one agent to another, on virtual time."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import msgspec
import pytest

from actors.agent import Agent, Handoff, Limits, Voice
from actors.conversation import Ending, Role, UtteranceKind
from actors.messages.caller import TextEntered
from actors.messages.lifecycle import RestartChild
from actors.messages.model import ToolFinished
from actors.messages.output import AgentTookOver, ReplyHeard, ReplyText
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.ports.tts import Synthesis, SynthesisEvent
from actors.rules.tools.handoffs import CANCELLED, NOT_TWO
from actors.runtime.clock import LoopClock, run_virtual
from actors.session import measurements
from actors.session.checkpoint_transfer import decode, encode
from actors.session.plan import TeamMember
from actors.tools import AnyTool, OnInterruption, end_conversation, tool
from tests.kit.fake_realtime import SOUND, FakeRealtime
from tests.kit.fakes import FakeModel, FakeSynthesizer
from tests.kit.session_kit import AGENT, Stage, stage
from tests.kit.spans import recorded_spans
from tests.unit.actors.session.realtime.realtime_kit import speaking

Answer = Callable[[ModelRequest], list[ModelEvent | float]]

DESK = msgspec.structs.replace(
    AGENT,
    name="desk",
    label="Front desk",
    handoffs=(Handoff(agent="billing", when="It is about money."), Handoff(agent="claims", when="It is about harm.")),
)
BILLING = msgspec.structs.replace(
    AGENT,
    name="billing",
    label="Billing",
    greeting="Billing, good day.",
    introduction="This is billing.",
    voice=Voice(name="other"),
    limits=Limits(no_input_s=20, max_session_s=600, reconnect_s=10),
    handoffs=(Handoff(agent="desk", when="It is about anything else."),),
)
CLAIMS = msgspec.structs.replace(AGENT, name="claims", label="Claims")


@tool(timeout_s=5, on_interruption=OnInterruption.FINISH)
async def slow() -> str:
    """Take a while."""
    await asyncio.sleep(2)
    return "done"


def never_run(name: str) -> AnyTool:
    @tool(name=name)
    def handoff() -> str:
        """Hand off."""
        raise AssertionError("an orchestrator makes handoffs by itself")

    return handoff


def tools_of(agent: Agent) -> Mapping[str, AnyTool]:
    handoffs = {each.tool: never_run(each.tool) for each in agent.handoffs}
    return {**handoffs, "slow": slow, end_conversation.name: end_conversation}


def team(*agents: Agent) -> dict[str, TeamMember]:
    return {each.name: TeamMember(agent=each, tools=tools_of(each), kept=lambda _: {}) for each in agents}


TEAM = team(DESK, BILLING, CLAIMS)


class Voices(FakeSynthesizer):
    """Remembers in which voice each text was spoken."""

    def __init__(self) -> None:
        super().__init__()
        self.spoken: list[tuple[str, str]] = []
        self.closed: list[str] = []

    async def open(self, voice: Voice, rate_hz: int, report: Callable[[SynthesisEvent], None]) -> Synthesis:
        stream: Any = await super().open(voice, rate_hz, report)
        write, close = stream.write, stream.close

        def noting(reply: int, text: str) -> None:
            self.spoken.append((voice.name, text))
            write(reply, text)

        async def closing() -> None:
            self.closed.append(voice.name)
            await close()

        stream.write, stream.close = noting, closing
        return stream  # type: ignore[no-any-return]


def calls(*names: str, say: str = "") -> list[ModelEvent | float]:
    said: list[ModelEvent | float] = [TextGenerated(say)] if say else []
    return [*said, *(ToolCalled(call_id="", name=name, arguments="{}") for name in names), ReplyGenerated()]


def says(text: str) -> list[ModelEvent | float]:
    return [TextGenerated(text), ReplyGenerated()]


def desk_hands_off(request: ModelRequest) -> list[ModelEvent | float]:
    if request.agent.name == "desk":
        return calls("handoff_to_billing", say="One moment.")
    return says("You owe nothing.")


def heard(on: Stage) -> list[tuple[int, str]]:
    return [(each.turn, each.text) for each in on.ear.of(ReplyHeard)]


async def typed(on: Stage, text: str, replies: int, timeout_s: float = 30) -> None:
    """The user types, and hears so many utterances in all."""
    on.entry.deliver(TextEntered(text))
    await on.ear.until_count(ReplyHeard, replies, timeout_s)


def on_stage(answer: Answer, **more: Any) -> tuple[FakeModel, Voices, Any]:
    model, voices = FakeModel(answer), Voices()
    given = {"agent": DESK, "tools": tools_of(DESK), "team": TEAM, "model": model, "synthesizer": voices, **more}
    return model, voices, stage(**given)


def test_the_other_agent_goes_on_with_its_words_voice_and_tools() -> None:
    async def main() -> None:
        model, voices, opened = on_stage(desk_hands_off)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            await typed(on, "what do i owe", 4)
            assert heard(on)[1:] == [(1, "One moment."), (2, "This is billing."), (2, "You owe nothing.")]
            assert [kind for kind in (m.kind for m in on.ear.of(ReplyHeard))][2] is UtteranceKind.GREETING
            assert voices.spoken == [
                ("", "Hello there."),
                ("", "One moment."),
                ("other", "This is billing."),
                ("other", "You owe nothing."),
            ]
            (changed,) = on.ear.of(AgentTookOver)
            assert changed == AgentTookOver(agent="billing", label="Billing", from_agent="desk", turn=2)
            asked = model.requests[-1]
            assert asked.agent.name == "billing"
            assert {schema.name for schema in asked.tools} == {"handoff_to_desk", "slow", "end_conversation"}
            assert "what do i owe" in [m.text for m in asked.messages if m.role is Role.USER]
            assert '"This is billing."' in asked.messages[-1].text
            assert asked.messages[-1].role is Role.NOTE
            record = on.session.record()
            assert record.agent == "billing"
            assert [(made.from_agent, made.to_agent, made.turn) for made in record.handoffs] == [("desk", "billing", 2)]
            assert [m.text for m in record.messages if m.role is Role.USER] == ["what do i owe"]
            assert list(on.entry.restarts) == [], "no actor has failed"
            assert [actor.restarts for actor in on.session.tree()] == [0] * 4
            # And it stays: its next turn is not told again that it has just taken over.
            await typed(on, "and now", 5)
            assert model.requests[-1].agent.name == "billing"
            assert model.requests[-1].messages[-1].role is Role.USER
            assert len(on.ear.of(AgentTookOver)) == 1

    run_virtual(main())


def test_a_handoff_back_is_refused_until_the_user_has_spoken() -> None:
    def answer(request: ModelRequest) -> list[ModelEvent | float]:
        if request.agent.name == "desk":
            return calls("handoff_to_billing")
        if "had this conversation already" in request.messages[-1].text:
            return says("I will help you myself.")
        return calls("handoff_to_desk")

    async def main() -> None:
        _, _, opened = on_stage(answer)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            await typed(on, "help me", 3)
            assert [text for _, text in heard(on)][1:] == ["This is billing.", "I will help you myself."]
            assert [m.agent for m in on.ear.of(AgentTookOver)] == ["billing"]
            # The desk has it again after the user's next words, and may hand off again.
            on.entry.deliver(TextEntered("something else"))
            await on.ear.until_count(AgentTookOver, 2)
            assert [m.agent for m in on.ear.of(AgentTookOver)] == ["billing", "desk"]

    run_virtual(main())


def test_two_handoffs_at_once_are_one_and_it_waits_for_the_other_tools() -> None:
    def answer(request: ModelRequest) -> list[ModelEvent | float]:
        if request.agent.name == "desk":
            return calls("handoff_to_billing", "slow", "handoff_to_claims")
        return says("Yes?")

    async def main() -> None:
        model, _, opened = on_stage(answer)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            await typed(on, "help me", 3)
            results = {m.call_id: m.text for m in model.requests[-1].messages if m.role is Role.TOOL}
            texts = list(results.values())
            assert len(texts) == 3
            assert any(NOT_TWO in text for text in texts)
            assert '"done"' in texts
            assert on.ear.of(ToolFinished)[-1].name == "handoff_to_billing"

    run_virtual(main())


def test_words_of_the_user_while_another_tool_runs_keep_the_conversation_here() -> None:
    def answer(request: ModelRequest) -> list[ModelEvent | float]:
        if request.messages[-1].text == "help me":
            return calls("handoff_to_billing", "slow")
        return says("Well.")

    async def main() -> None:
        model, _, opened = on_stage(answer)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("help me"))
            await asyncio.sleep(1)
            await typed(on, "never mind", 2)
            await asyncio.sleep(4)
            assert not on.ear.of(AgentTookOver)
            assert model.requests[-1].agent.name == "desk"
            assert any(CANCELLED in m.text for m in on.session.record().messages if m.role is Role.TOOL)

    run_virtual(main())


def test_a_session_that_ends_is_not_handed_off() -> None:
    async def main() -> None:
        _, _, opened = on_stage(
            lambda request: (
                calls("handoff_to_billing", "end_conversation")
                if request.messages[-1].role is Role.USER
                else says("Goodbye.")
            )
        )
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("bye"))
            await on.ear.until(lambda ear: ear.ended, 30)
            assert on.ear.ended is Ending.NORMAL
            assert not on.ear.of(AgentTookOver)

    run_virtual(main())


def test_a_session_is_handed_off_only_so_often() -> None:
    def answer(request: ModelRequest) -> list[ModelEvent | float]:
        if request.messages[-1].role is Role.USER:
            return calls(request.agent.handoffs[0].tool)
        return says("All right.")

    async def main() -> None:
        limits = Limits(max_handoffs=2)
        mates = team(*(msgspec.structs.replace(each, limits=limits) for each in (DESK, BILLING)))
        _, _, opened = on_stage(answer, agent=mates["desk"].agent, team=mates)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            for number in range(4):
                count = len(heard(on))
                on.entry.deliver(TextEntered(f"again {number}"))
                await on.ear.until(lambda ear, count=count: "All right." in [t for _, t in heard(on)[count:]], 30)
            assert [m.agent for m in on.ear.of(AgentTookOver)] == ["billing", "desk"]

    run_virtual(main())


@pytest.mark.parametrize("actor", ["orchestrator", "synthesizer", "recognizer"])
@pytest.mark.parametrize("after_s", [0.0, 0.4, 1.2])
def test_an_actor_that_is_restarted_goes_on_with_the_agent_that_has_the_conversation(
    actor: str, after_s: float
) -> None:
    async def main() -> None:
        model, voices, opened = on_stage(desk_hands_off)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("what do i owe"))
            await on.ear.until_count(AgentTookOver, 1)
            await asyncio.sleep(after_s)
            on.entry.addresses.supervisor.tell(RestartChild(actor))
            await on.ear.until(lambda _: "You owe nothing." in [text for _, text in heard(on)], 30)
            texts = [text for _, text in heard(on)]
            assert texts.count("This is billing.") == 1
            assert {name for name, text in voices.spoken if text in ("This is billing.", "You owe nothing.")} == {
                "other"
            }
            await typed(on, "and now", len(texts) + 1)
            assert model.requests[-1].agent.name == "billing"

    run_virtual(main())


def test_a_session_that_another_process_takes_over_goes_on_with_the_agent_it_has() -> None:
    async def main() -> None:
        _, _, opened = on_stage(desk_hands_off)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            await typed(on, "what do i owe", 4)
            kept = encode(on.entry.checkpoint, LoopClock(), 0)
        model, voices, again = on_stage(desk_hands_off, checkpoint=decode(kept, LoopClock()))
        async with again as on:
            await typed(on, "and now", 1)
            assert model.requests[-1].agent.name == "billing"
            assert {name for name, _ in voices.spoken} == {"other"}
            assert on.session.record().agent == "billing"

    run_virtual(main())


def test_the_limits_of_the_new_agent_hold() -> None:
    async def main() -> None:
        _, _, opened = on_stage(desk_hands_off)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            await typed(on, "what do i owe", 4)
            for _ in range(31):
                await asyncio.sleep(10)
                on.entry.deliver(TextEntered("still here"))
            # The desk ends its sessions after 300 s.
            assert on.ear.ended is None
            await on.ear.until(lambda ear: ear.ended is not None, 600)

    run_virtual(main())


def test_a_call_that_interrupts_the_introduction_is_answered_by_the_new_agent() -> None:
    async def main() -> None:
        model, _, opened = on_stage(desk_hands_off)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            on.entry.deliver(TextEntered("what do i owe"))
            await on.ear.until(lambda ear: "This is billing." in [m.text for m in ear.of(ReplyText)], 30)
            await asyncio.sleep(0.2)
            on.entry.deliver(TextEntered("wait"))
            await on.ear.until(lambda _: heard(on)[-1][1] == "You owe nothing.", 30)
            assert model.requests[-1].agent.name == "billing"
            assert [m.text for m in model.requests[-1].messages if m.role is Role.USER] == ["what do i owe", "wait"]

    run_virtual(main())


def test_a_session_with_a_speech_to_speech_model_goes_on_with_another_one_for_the_other_agent() -> None:
    async def main() -> None:
        realtime = FakeRealtime(
            ToolCalled(call_id="c", name="handoff_to_billing", arguments="{}"), "You owe nothing.", words="what now"
        )
        desk = msgspec.structs.replace(DESK, greeting="")
        mates = team(desk, msgspec.structs.replace(BILLING, instructions="You know of money."))
        async with speaking(realtime, desk, tools=tools_of(desk), team=mates) as on:
            await on.talk(800)
            await on.ear.until_count(ReplyHeard, 2)
            assert [text for _, text in heard(on)] == ["This is billing.", "You owe nothing."]
            first, second = realtime.sessions
            assert first.is_closed
            assert second.options.voice.name == "other"
            assert second.options.instructions.startswith("You know of money.")
            assert second.options.tools[0].name == "handoff_to_desk"
            assert SOUND in second.asked[0], "what the caller wants is heard by the model that is to answer it"
            assert Role.USER not in second.asked[0]
            await on.talk(800)
            await on.ear.until_count(ReplyHeard, 3)
            assert on.session.record().messages[0].text == "what now"
            assert on.session.record().agent == "billing"

    run_virtual(main())


def test_a_handoff_is_in_the_log_the_trace_and_a_counter_without_a_word_of_anybody(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    counted: list[tuple[str, str]] = []
    monkeypatch.setattr(measurements, "handed_off", lambda *agents: counted.append(agents))

    async def main() -> None:
        _, _, opened = on_stage(desk_hands_off)
        async with opened as on:
            await on.ear.until_count(ReplyHeard, 1)
            await typed(on, "what do i owe", 4)

    caplog.set_level("INFO", "earshot")
    with recorded_spans("actors.runtime.session_trace") as spans:
        run_virtual(main())
    assert counted == [("desk", "billing")]
    assert [r.getMessage() for r in caplog.records if "handed off" in r.getMessage()] == [
        "the conversation is handed off from the agent desk to billing"
    ]
    (session,) = (span for span in spans.get_finished_spans() if span.name == "session")
    (event,) = session.events
    assert (event.name, dict(event.attributes or {})) == (
        "handoff",
        {"earshot.handoff.from": "desk", "earshot.handoff.to": "billing"},
    )
    assert (session.attributes or {})["gen_ai.agent.name"] == "billing"
