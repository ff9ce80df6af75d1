"""A speech-to-speech model that goes on without end, and what a session of it owes its caller whatever else fails."""

import asyncio

import pytest

from actors.conversation import Role
from actors.messages.caller import KeyPressed, TextEntered
from actors.messages.lifecycle import RestartChild
from actors.messages.output import AudioFrame, ReplyHeard
from actors.ports import realtime_events as reported
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.reply_bounds import MAX_REPLY_CHARS, MAX_TOOL_CALLS, TOO_LONG
from actors.runtime.clock import run_virtual
from actors.session.realtime.realtime_memory import MAX_ITEMS
from actors.tools import tool
from protocol.realtime.failure_kinds import FailureKind
from tests.kit.fake_realtime import MS_PER_CHAR, FakeRealtime
from tests.kit.fakes import FakeModel, FakeRecognizer
from tests.kit.faults import Fault, Faults, Plan
from tests.kit.virtual_time import on_virtual_time
from tests.unit.actors.session.realtime.realtime_kit import LONG, heard, messages, speaking

RESPONSE, ITEM = "response-1", "item-1"


def call(number: int, arguments: str = "{}") -> reported.ResponseToolCalled:
    return reported.ResponseToolCalled(
        RESPONSE, ITEM, ToolCalled(call_id=f"c{number}", name="book", arguments=arguments)
    )


@tool()
async def book(slot: str = "") -> str:
    """Book a slot.

    Args:
        slot: Which one.
    """
    return f"booked {slot}"


@pytest.mark.parametrize("piece", ["word " * 100, "word " * MAX_REPLY_CHARS])
@on_virtual_time
async def test_words_without_end_are_cut_and_the_conversation_goes_on(piece: str) -> None:
    model = FakeRealtime(LONG, "Later.")
    async with speaking(model) as on:
        await on.talk(800)
        await on.ear.until_count(AudioFrame, 5)
        for _ in range(MAX_REPLY_CHARS // 500 + 1):
            model.sessions[0].tell(reported.ResponseTranscript(RESPONSE, ITEM, piece))
        (reply,) = await heard(on)
        assert model.sessions[0].cancelled == [RESPONSE]
        assert len(reply.text) <= MAX_REPLY_CHARS
        await on.talk(800)
        assert (await heard(on, 2))[1].text == "Later."


@on_virtual_time
async def test_items_without_end_are_cut_and_the_conversation_goes_on() -> None:
    model = FakeRealtime(LONG, "Later.")
    async with speaking(model) as on:
        await on.talk(800)
        await on.ear.until_count(AudioFrame, 5)
        for number in range(20 * MAX_ITEMS):
            model.sessions[0].tell(reported.ResponseAudio(RESPONSE, f"{ITEM}-{number}", bytes(64)))
        (reply,) = await heard(on)
        assert model.sessions[0].cancelled == [RESPONSE]
        assert LONG.startswith(reply.text)
        source = on.actor("orchestrator")._source
        assert len(source._memory._items) <= MAX_ITEMS + 1
        await on.talk(800)
        assert (await heard(on, 2))[1].text == "Later."
        await asyncio.sleep(1)
        assert not source._memory.is_being_heard


@on_virtual_time
async def test_of_calls_without_end_the_first_are_run() -> None:
    model = FakeRealtime(LONG, "All are booked.")
    async with speaking(model, tools={"book": book}) as on:
        await on.talk(800)
        await on.ear.until_count(AudioFrame, 5)
        for number in range(100):
            model.sessions[0].tell(call(number))
        await on.ear.until(lambda ear: any("booked." in reply.text for reply in ear.of(ReplyHeard)))
        results = [m for m in on.entry.checkpoint.messages if m.role is Role.TOOL]
        assert len(results) == MAX_TOOL_CALLS


@on_virtual_time
async def test_a_call_with_megabytes_of_arguments_is_not_run() -> None:
    model = FakeRealtime(LONG, "That was too long.")
    async with speaking(model, tools={"book": book}) as on:
        await on.talk(800)
        await on.ear.until_count(AudioFrame, 5)
        model.sessions[0].tell(call(1, f'{{"slot": "{"x" * 4_000_000}"}}'))
        await on.ear.until(lambda ear: any("too long." in reply.text for reply in ear.of(ReplyHeard)))
        (result,) = [m for m in on.entry.checkpoint.messages if m.role is Role.TOOL]
        assert TOO_LONG in result.text


@pytest.mark.parametrize(
    "status", [reported.ResponseStatus.FILTERED, reported.ResponseStatus.CUT, reported.ResponseStatus.CANCELLED]
)
@on_virtual_time
async def test_of_a_reply_that_ends_early_only_what_has_sounded_is_remembered(status: reported.ResponseStatus) -> None:
    model = FakeRealtime(LONG, word_times=True)
    async with speaking(model) as on:
        await on.talk(800)
        await on.ear.until_count(AudioFrame, 20)
        model.sessions[0].tell(reported.ResponseFinished(response_id=RESPONSE, status=status))
        reply, *_ = await heard(on)
        frames_ms = 20 * sum(m.turn == reply.turn and m.reply == 1 for m in on.ear.of(AudioFrame))
        assert LONG.startswith(reply.text)
        assert reply.text != LONG
        assert len(reply.text) * MS_PER_CHAR <= frames_ms + 100


@pytest.mark.parametrize("pause_s", [None, 0.3, 0.35, 0.39, 0.41, 0.6])
@on_virtual_time
async def test_what_is_typed_or_keyed_beside_what_is_said_is_told_to_the_model(pause_s: float | None) -> None:
    model = FakeRealtime("Yes.", "Later.")
    async with speaking(model) as on:
        if pause_s is not None:
            await on.talk(300)
            await asyncio.sleep(pause_s)
            on.entry.deliver(TextEntered("forty two"))
        else:
            on.entry.deliver(KeyPressed("4"))
            on.entry.deliver(KeyPressed("2"))
            await on.talk(800)
        await heard(on)
        await asyncio.sleep(2)
        told = [m.text for m in model.sessions[0].added if m.role is Role.USER]
        assert told == (["4 2"] if pause_s is None else ["forty two"])
        assert model.sessions[0].turns, "and what was said is heard"


@pytest.mark.parametrize("gap_s", [0.0, 0.05, 0.1, 0.3])
@on_virtual_time
async def test_what_is_typed_one_after_the_other_is_told_to_the_model_once_each(gap_s: float) -> None:
    model = FakeRealtime("Yes.", "Later.", "Well.", "Good.")
    async with speaking(model) as on:
        on.entry.deliver(TextEntered("to begin with"))
        await heard(on)
        for text in ("forty two", "no", "forty three"):
            on.entry.deliver(TextEntered(text))
            await asyncio.sleep(gap_s)
        await asyncio.sleep(4)
        told = [m.text for m in model.sessions[0].added if m.role is Role.USER]
        assert " ".join(told) == "to begin with forty two no forty three"


@pytest.mark.parametrize("typed", [["never mind"], ["or later", "never mind"], ["or later", "no", "never mind"]])
def test_words_for_which_tools_were_called_stand_once(typed: list[str]) -> None:
    @tool()
    async def wait() -> str:
        """Wait."""
        await asyncio.sleep(3)
        return "done"

    async def main() -> None:
        calls = [ToolCalled(call_id=f"c{number}", name="wait", arguments="{}") for number in range(len(typed))]
        model = FakeRealtime(*calls, "Fine.", words="please wait")
        async with speaking(model, tools={"wait": wait}) as on:
            await on.talk(800)
            for text in typed:
                await asyncio.sleep(0.6)
                on.entry.deliver(TextEntered(text))
            await heard(on)
            said = [text for role, text in messages(on) if role is Role.USER]
            assert said == ["please wait", *typed]

    run_virtual(main())


@pytest.mark.parametrize("frames", [2, 20, 60])
@on_virtual_time
async def test_a_reply_is_heard_to_its_end_in_one_voice_at_a_time_when_the_synthesizer_is_lost(frames: int) -> None:
    async with speaking(FakeRealtime(LONG)) as on:
        await on.talk(800)
        await on.ear.until_count(AudioFrame, frames)
        on.entry.addresses.supervisor.tell(RestartChild("synthesizer"))
        (reply,) = await heard(on)
        assert (reply.text, reply.interrupted) == (LONG, False)
        sent_ms = 20 * len(on.ear.of(AudioFrame))
        assert sent_ms <= frames * 20 + len(LONG) * MS_PER_CHAR + 100


@pytest.mark.parametrize("fault", [Fault.STALL, Fault.FAIL])
@on_virtual_time
async def test_text_to_speech_that_cannot_be_opened_costs_no_reply_of_the_model(fault: Fault) -> None:
    faults = Faults(Plan("synthesizer.open", fault, 1, 1_000))
    async with speaking(FakeRealtime(LONG, LONG), faults=faults) as on:
        for turn in range(2):
            await on.talk(800)
            await heard(on, turn + 1)
            await asyncio.sleep(3)
        assert [(reply.text, reply.interrupted) for reply in on.ear.of(ReplyHeard)] == [(LONG, False)] * 2
        assert not on.entry.restarts


def test_a_tool_is_not_run_again_by_the_engines_that_take_over_from_the_model() -> None:
    """The recognizer beside owes its final when the model, which has called the tool, is given up."""
    booked: list[str] = []

    @tool(name="book")
    async def book_once() -> str:
        """Book."""
        booked.append("once")
        return "done"

    async def main() -> None:
        gone = reported.ResponseFinished(
            response_id="", status=reported.ResponseStatus.FAILED, failure=FailureKind.FATAL
        )
        realtime = FakeRealtime(ToolCalled(call_id="c", name="book", arguments="{}"), gone, words="book it")
        faults = Faults(Plan("recognizer.finish_utterance", Fault.STALL))
        recognizer = FakeRecognizer(["book it"], faults=faults)

        def script(_: ModelRequest) -> list[ModelEvent | float]:
            return [TextGenerated("It is done."), ReplyGenerated()]

        model = FakeModel(script)
        async with speaking(realtime, recognizer=recognizer, model=model, tools={"book": book_once}) as on:
            await on.talk(800)
            await on.ear.until(lambda ear: any(reply.text == "It is done." for reply in ear.of(ReplyHeard)))
            await asyncio.sleep(3)
            assert booked == ["once"]
            assert len([text for role, text in messages(on) if role is Role.USER]) == 1

    run_virtual(main())
