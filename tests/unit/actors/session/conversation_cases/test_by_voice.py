"""The cases of conversations where a model hears the caller itself, and nobody tells their words."""

import asyncio

import msgspec
import pytest

from actors.agent import Agent, Limits
from actors.conversation import Ending, KeyPattern, UtteranceKind
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.output import AudioFrame
from actors.ports import realtime_events as reported
from actors.ports.llm import ToolCalled
from actors.runtime.clock import run_virtual
from actors.tools import OnInterruption, ToolEnding, ToolOutcome, tool
from tests.kit.fake_realtime import FakeRealtime
from tests.kit.session_kit import heard
from tests.unit.actors.session.conversation_cases.case_kit import GERMAN
from tests.unit.actors.session.realtime.realtime_kit import LONG, speaking

CALL = ToolCalled(call_id="c1", name="work", arguments="{}")


@tool(timeout_s=60)
async def work() -> str:
    """Do something."""
    await asyncio.sleep(12)
    return "nine"


@pytest.mark.parametrize("noise_ms", [0, 120, 220])
def test_noise_while_a_long_tool_runs_costs_neither_question_nor_answer(noise_ms: int) -> None:
    async def main() -> None:
        async with speaking(FakeRealtime(CALL, "Um neun."), GERMAN, tools={"work": work}) as on:
            await on.talk(600)
            await asyncio.sleep(5)
            if noise_ms:
                await on.talk(noise_ms)
            await on.ear.until(lambda _: heard(on.ear) != [], 40)
            assert heard(on.ear) == ["Um neun."]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


@pytest.mark.parametrize("kind", [UtteranceKind.GREETING, UtteranceKind.REPLY])
def test_noise_twice_over_anything_that_is_said_costs_none_of_it(kind: UtteranceKind) -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(GERMAN, greeting=LONG if kind is UtteranceKind.GREETING else "")
        async with speaking(FakeRealtime(LONG), agent) as on:
            if kind is UtteranceKind.REPLY:
                await on.talk(600)
            await on.ear.until(lambda ear: any(frame.kind is kind for frame in ear.of(AudioFrame)), 20)
            for _ in range(2):
                await asyncio.sleep(1)
                await on.talk(200)
            await on.ear.until(lambda _: heard(on.ear, kind) != [], 30)
            assert heard(on.ear, kind) == [LONG]
            assert heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


@pytest.mark.parametrize("over_reply", [True, False])
def test_audio_that_stops_in_mid_word_is_answered_and_what_comes_back_is_used(over_reply: bool) -> None:
    async def main() -> None:
        model = FakeRealtime(*([LONG] if over_reply else []), "Gern.", "Auch das.")
        async with speaking(model, GERMAN) as on:
            if over_reply:
                await on.talk(600)
                await on.ear.until_count(AudioFrame, 50)
            on.talking = True
            await asyncio.sleep(0.8)
            await on.hang_up()
            on.talking = False
            await on.ear.until(lambda _: "Gern." in heard(on.ear), 10)
            on.start_caller()
            await on.talk(600)
            await on.ear.until(lambda _: "Auch das." in heard(on.ear), 10)
            assert on.ear.ended is None

    run_virtual(main())


def test_keys_and_voice_are_one_input() -> None:
    async def main() -> None:
        agent = msgspec.structs.replace(GERMAN, keys=KeyPattern(length=4, wait_s=3.0))
        async with speaking(FakeRealtime("Danke."), agent) as on:
            for key in "12":
                on.entry.deliver(KeyPressed(key))
            await asyncio.sleep(0.2)
            await on.talk(700)
            await on.ear.until(lambda _: heard(on.ear) != [], 20)
            await asyncio.sleep(6)
            assert heard(on.ear) == ["Danke."]

    run_virtual(main())


def test_voice_while_it_rings_does_not_cost_the_transfer() -> None:
    @tool(timeout_s=60, on_interruption=OnInterruption.FINISH)
    async def work() -> ToolOutcome:
        """Put the caller through."""
        await asyncio.sleep(20)
        return ToolOutcome({"status": "answered"}, ToolEnding.HANDOFF)

    async def main() -> None:
        async with speaking(FakeRealtime(CALL, "Da."), GERMAN, tools={"work": work}) as on:
            await on.talk(600)
            await asyncio.sleep(5)
            await on.talk(700)
            await on.ear.until(lambda ear: ear.ended is not None, 90)
            assert on.ear.ended is Ending.HUMAN_HANDOFF

    run_virtual(main())


@pytest.mark.parametrize("session_s", [4.0, 7.0])
def test_the_longest_session_ends_with_a_sentence(session_s: float) -> None:
    async def main() -> None:
        sentences = "Wir haben bis 18 Uhr auf. " * 16
        agent: Agent = msgspec.structs.replace(GERMAN, limits=Limits(max_session_s=session_s, no_input_s=60))
        async with speaking(FakeRealtime(sentences), agent) as on:
            on.entry.deliver(TextEntered("wann"))
            await on.ear.until(lambda ear: ear.ended is not None, 60)
            (reply,) = heard(on.ear)
            assert reply.rstrip().endswith(".")
            assert len(reply) < len(sentences) - 2
            assert len(heard(on.ear, UtteranceKind.GOODBYE)) == 1
            assert asyncio.get_running_loop().time() < session_s + 15

    run_virtual(main())


def test_silence_is_asked_about_and_any_voice_is_an_answer_to_that() -> None:
    async def main() -> None:
        async with speaking(FakeRealtime("Da bin ich."), GERMAN) as on:
            prompt = UtteranceKind.PROMPT
            await on.ear.until(lambda ear: any(frame.kind is prompt for frame in ear.of(AudioFrame)), 30)
            await asyncio.sleep(0.3)
            await on.talk(260)
            await on.ear.until(lambda _: heard(on.ear) != [], 20)
            assert heard(on.ear) == ["Da bin ich."]
            assert on.ear.ended is None

    run_virtual(main())


@pytest.mark.parametrize("replies", [("Um neun.",), ("", "Um neun."), ("", "")])
def test_a_model_without_words_for_what_its_tool_found_is_asked_once_more(replies: tuple[str, ...]) -> None:
    async def main() -> None:
        async with speaking(FakeRealtime(CALL, *replies), GERMAN, tools={"work": work}) as on:
            await on.talk(600)
            await on.ear.until(lambda _: bool(heard(on.ear) or heard(on.ear, UtteranceKind.APOLOGY)), 60)
            is_answered = "Um neun." in replies
            assert heard(on.ear) == (["Um neun."] if is_answered else [])
            assert heard(on.ear, UtteranceKind.APOLOGY) == ([] if is_answered else [GERMAN.phrases.no_answer])

    run_virtual(main())


def test_words_that_a_filter_refuses_again_and_again_cost_those_turns_alone_and_no_session_ends() -> None:
    refused = reported.ResponseFinished(response_id="", status=reported.ResponseStatus.FILTERED, detail="fake")

    async def main() -> None:
        patient = msgspec.structs.replace(GERMAN, limits=Limits(no_input_s=60, max_session_s=600))
        model = FakeRealtime("Guten Tag.", refused, CALL, refused, "Um neun.", words="ein wort")
        async with speaking(model, patient, tools={"work": work}) as on:
            for _ in range(4):
                await on.talk(600)
                await asyncio.sleep(25)
            assert heard(on.ear) == ["Guten Tag.", "Um neun."]
            assert set(heard(on.ear, UtteranceKind.APOLOGY)) == {GERMAN.phrases.refused}
            assert on.ear.ended is None

    run_virtual(main())
