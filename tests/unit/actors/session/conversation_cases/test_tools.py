"""Whole conversations in which a tool or the model takes its time."""

import asyncio
from collections.abc import AsyncIterator
from itertools import pairwise
from typing import Any

import msgspec
import pytest

from actors.conversation import Ending, KeyPattern, Role, UtteranceKind
from actors.errors import ErrorKind, ModelError
from actors.messages.caller import KeyPressed
from actors.messages.output import AudioFrame, ReplyHeard, SessionEnded
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import MemoryUpdated, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import run_virtual
from actors.tool_outcome import ToolEnding, ToolOutcome
from actors.tools import OnInterruption, end_conversation, tool
from tests.kit.fakes import FakeModel, FakeRecognizer, FakeStore
from tests.kit.session_kit import AGENT, QUIET, Stage, heard, stage
from tests.unit.actors.session.conversation_cases.case_kit import calling, enter, slow_tool


def results(on: Stage) -> list[str]:
    """The results of tools in the history that was saved."""
    assert isinstance(on.engines.store, FakeStore)
    return [message.text for message in on.engines.store.saved[-1].messages if message.role is Role.TOOL]


@pytest.mark.parametrize("seconds", [0.5, 4.0, 12.0, 29.0])
@pytest.mark.parametrize("before", ["Let me check.", "Let me check"])
def test_words_before_a_tool_are_said_once_and_then_the_answer(seconds: float, before: str) -> None:
    async def main() -> None:
        answering = calling(before, "At nine.")
        async with stage(agent=QUIET, model=answering, tools={"work": slow_tool(seconds)}) as on:
            await enter(on, "when")
            await on.ear.until(lambda ear: heard(ear) != [], 90)
            assert heard(on.ear) == ["Let me check. At nine." if before.endswith(".") else "Let me check At nine."]
            await asyncio.sleep(1)
            assert results(on) == ['"nine"']
            assert heard(on.ear, UtteranceKind.APOLOGY) == []
            assert len(answering.requests) == 2
            spoken = [m for m in on.ear.of(AudioFrame) if m.kind is UtteranceKind.REPLY]
            assert [frame.sequence for frame in spoken] == list(range(len(spoken)))

    run_virtual(main())


@pytest.mark.parametrize("pause_s", [1.0, 3.0, 5.0])
def test_a_model_that_pauses_in_mid_reply_is_heard_once_and_wholly(pause_s: float) -> None:
    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [0.2, TextGenerated("We open at nine. "), pause_s, TextGenerated("On Sundays at ten."), ReplyGenerated()]

    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(script)) as on:
            await enter(on, "when")
            await on.ear.until(lambda ear: heard(ear) != [])
            assert heard(on.ear) == ["We open at nine. On Sundays at ten."]
            assert on.actor("synthesizer").restarts == 0

    run_virtual(main())


@pytest.mark.parametrize("before", ["I put you through.", ""])
@pytest.mark.parametrize("seconds", [0.5, 12.0, 35.0])
@pytest.mark.parametrize("words", [[], ["okay thank you very much"]])
def test_a_transfer_stands_with_or_without_words_before_it_and_while_it_rings(
    before: str, seconds: float, words: list[str]
) -> None:
    async def main() -> None:
        work = slow_tool(seconds, ToolOutcome({"status": "answered"}, ToolEnding.HANDOFF))
        finishing = slow_tool(
            seconds, ToolOutcome({"status": "answered"}, ToolEnding.HANDOFF), on_interruption=OnInterruption.FINISH
        )
        tools = {"work": finishing if words else work}
        async with stage(agent=QUIET, utterances=words, model=calling(before, "Here they are."), tools=tools) as on:
            await enter(on, "a human please")
            if words and seconds > 5:
                await asyncio.sleep(4)
                await on.talk(900)
            await on.ear.until(lambda ear: ear.ended is not None, 120)
            assert on.ear.ended is Ending.HUMAN_HANDOFF
            await asyncio.sleep(1)
            assert results(on)[:1] == ['{"status":"answered"}']
            assert heard(on.ear, UtteranceKind.PROMPT) == heard(on.ear, UtteranceKind.APOLOGY) == []

    run_virtual(main())


def test_fillers_come_at_growing_intervals_and_none_twice_in_a_row() -> None:
    async def main() -> None:
        tools = {"work": slow_tool(30)}
        async with stage(agent=QUIET, model=calling("", "At nine."), tools=tools) as on:
            await enter(on, "when")
            await on.ear.until(lambda ear: heard(ear) != [], 90)
            fillers = [(at, m.text) for at, m in on.ear.shown if isinstance(m, ReplyHeard) and m.kind == "filler"]
            assert 2 <= len(fillers) <= 5
            assert all(first[1] != second[1] for first, second in pairwise(fillers))
            gaps = [later[0] - earlier[0] for earlier, later in pairwise(fillers)]
            assert gaps == sorted(gaps)

    run_virtual(main())


@pytest.mark.parametrize("delay_s", [1.6, 2.5])
def test_a_recognizer_and_then_a_model_that_are_slow_do_not_make_two_fillers_a_second_apart(delay_s: float) -> None:

    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [1.0, TextGenerated("At nine."), ReplyGenerated()]

    async def main() -> None:
        slow = FakeRecognizer(["when do you open"], delay_s=delay_s)
        async with stage(agent=QUIET, model=FakeModel(script), recognizer=slow) as on:
            await asyncio.sleep(0.3)
            await on.talk(600)
            await on.ear.until(lambda ear: heard(ear) != [])
            assert len(heard(on.ear, UtteranceKind.FILLER)) <= 1
            assert heard(on.ear) == ["At nine."]

    run_virtual(main())


def test_the_result_of_a_former_turn_is_not_taken_for_one_of_the_same_id() -> None:
    calls = 0

    @tool(timeout_s=60, on_interruption=OnInterruption.FINISH)
    async def work() -> str:
        """Do something."""
        nonlocal calls
        calls += 1
        number = calls
        await asyncio.sleep(6 if number == 1 else 1)
        return f"result {number}"

    def script(request: ModelRequest) -> list[ModelEvent | float]:
        last = request.messages[-1]
        if last.role is Role.TOOL:
            return [0.1, TextGenerated(f"It is {last.text}."), ReplyGenerated()]
        return [0.1, ToolCalled(call_id="call_0", name="work", arguments="{}"), ReplyGenerated()]

    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(script), tools={"work": work}) as on:
            await enter(on, "book it")
            await asyncio.sleep(1)
            await enter(on, "and the price")
            await on.ear.until(lambda ear: heard(ear) != [])
            assert heard(on.ear)[0] == 'It is "result 2".'

    run_virtual(main())


@pytest.mark.parametrize("wait_s", [1.0, 5.0])
def test_keys_and_words_are_one_input_and_one_reply(wait_s: float) -> None:
    def script(request: ModelRequest) -> list[ModelEvent | float]:
        return [0.3, TextGenerated(f"You gave {request.messages[-1].text}, and here is more of it."), ReplyGenerated()]

    async def main() -> None:
        agent = msgspec.structs.replace(QUIET, keys=KeyPattern(length=4, wait_s=wait_s))
        async with stage(agent=agent, utterances=["no that was wrong"], model=FakeModel(script)) as on:
            await asyncio.sleep(0.1)
            for key in "12":
                on.entry.deliver(KeyPressed(key))
            await asyncio.sleep(0.2)
            await on.talk(700)
            await on.ear.until(lambda ear: heard(ear) != [])
            await asyncio.sleep(wait_s + 1)
            given = [m.text for m in on.session.record().messages if m.role is Role.USER]
            assert " ".join(given) == "1 2 no that was wrong"
            assert len({m.reply for m in on.ear.of(AudioFrame) if m.kind is UtteranceKind.REPLY}) == 1

    run_virtual(main())


def test_a_goodbye_by_a_tool_ends_with_its_last_word_and_words_in_between_keep_the_call() -> None:
    async def main() -> None:
        def script(request: ModelRequest) -> list[ModelEvent | float]:
            if request.messages[-1].text == "bye":
                called = ToolCalled(call_id="call_0", name="end_conversation", arguments="{}")
                return [0.1, TextGenerated("Goodbye, and have a very nice day."), called, ReplyGenerated()]
            if request.messages[-1].role is Role.TOOL:
                return [0.1, ReplyGenerated()]
            return [0.1, TextGenerated("On Sunday too."), ReplyGenerated()]

        tools = {"end_conversation": end_conversation}
        async with stage(agent=QUIET, model=FakeModel(script), tools=tools) as on:
            await enter(on, "bye")
            await asyncio.sleep(0.8)
            await enter(on, "wait are you open on sunday")
            await on.ear.until(lambda ear: "On Sunday too." in heard(ear))
            await asyncio.sleep(1)
            assert on.ear.of(SessionEnded) == []
            await enter(on, "bye")
            await on.ear.until_count(SessionEnded, 1)
            assert on.ear.ended is Ending.NORMAL
            assert heard(on.ear)[-1] == "Goodbye, and have a very nice day."

    run_virtual(main())


def test_a_session_of_text_and_a_session_of_speech_are_asked_the_same() -> None:
    """The control of the typed cases above."""

    async def main() -> None:
        tools = {"work": slow_tool(4)}
        async with stage(
            agent=QUIET, utterances=["when"], model=calling("Let me check.", "At nine."), tools=tools
        ) as on:
            await asyncio.sleep(0.2)
            await on.talk(600)
            await on.ear.until_count(FinalTranscript, 1)
            await on.ear.until(lambda ear: heard(ear) != [])
            assert heard(on.ear) == ["Let me check. At nine."]

    run_virtual(main())


def test_a_caller_who_was_told_of_a_long_tool_is_not_left_in_silence_behind_that() -> None:
    async def main() -> None:
        making = calling("Let me look that up for you.", "It is at nine.")
        async with stage(agent=QUIET, model=making, tools={"work": slow_tool(9)}) as on:
            await enter(on, "when is it")
            await on.ear.until(lambda ear: bool(heard(ear)), 30)
            assert heard(on.ear) == ["Let me look that up for you. It is at nine."]
            assert len(heard(on.ear, UtteranceKind.FILLER)) == 2

    run_virtual(main())


class Fails(FakeModel):
    """Calls the tool `work`, and fails when it is asked to go on."""

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        self.requests.append(request)
        if request.messages[-1].role is Role.TOOL:
            raise ModelError(ErrorKind.UNAVAILABLE, "fake")
        yield ToolCalled(call_id="call_0", name="work", arguments="{}")
        yield ReplyGenerated()


def silent_at_the_end(request: ModelRequest) -> list[ModelEvent | float]:
    """Calls the tool `work`, and has nothing to say when it is asked to go on."""
    if request.messages[-1].role is Role.TOOL:
        return [0.1, ReplyGenerated()]
    return [0.1, ToolCalled(call_id="call_0", name="work", arguments="{}"), ReplyGenerated()]


@pytest.mark.parametrize("answering", [Fails(), FakeModel(silent_at_the_end)], ids=["fails", "is silent"])
@pytest.mark.parametrize(
    ("ending", "reason", "last_words"),
    [
        (ToolEnding.END_SESSION, Ending.NORMAL, [AGENT.phrases.goodbye]),
        (ToolEnding.HANDOFF, Ending.HUMAN_HANDOFF, []),
    ],
)
def test_a_model_without_words_for_the_end_asks_nothing_of_a_caller_who_leaves(
    answering: FakeModel, ending: ToolEnding, reason: Ending, last_words: list[str]
) -> None:
    async def main() -> None:
        tools = {"work": slow_tool(0.2, ToolOutcome({"status": "done"}, ending))}
        async with stage(agent=QUIET, model=answering, tools=tools) as on:
            await enter(on, "that is all")
            await on.ear.until(lambda ear: ear.ended is not None, 20)
            assert on.ear.ended is reason
            assert [m.text for m in on.ear.of(ReplyHeard)] == last_words

    run_virtual(main())


@pytest.mark.parametrize("tokens", [None, "many", -5, 1.5])
@pytest.mark.parametrize("expected", [None, "something"])
def test_a_model_that_cannot_count_costs_no_actor(tokens: Any, expected: Any) -> None:
    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [TextGenerated("At nine."), ReplyGenerated(tokens, tokens, expected=expected)]

    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(script)) as on:
            await enter(on, "when")
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear) == ["At nine."]
            assert list(on.entry.restarts) == []
            assert on.entry.checkpoint.spent_tokens >= 0

    run_virtual(main())


def test_notes_of_a_model_that_cannot_be_kept_fail_its_reply_and_not_the_record() -> None:
    def script(_: ModelRequest) -> list[ModelEvent | float]:
        return [MemoryUpdated({"it": object()}), TextGenerated("At nine."), ReplyGenerated()]

    async def main() -> None:
        async with stage(agent=QUIET, model=FakeModel(script)) as on:
            await enter(on, "when")
            await on.ear.until_count(ReplyHeard, 1)
            assert heard(on.ear, UtteranceKind.APOLOGY) != []
            assert on.session.record().memory == {}

    run_virtual(main())
