"""The making of replies: what the model is asked, what of its answer is written, and what turn-taking is told."""

import asyncio
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from actors.agent import Handoff, Limits, Model
from actors.conversation import ExpectedAnswer, Role, UtteranceKind
from actors.errors import ErrorKind
from actors.messages.model import (
    HandedOff,
    ModelFailed,
    ReplyFailed,
    ReplyTrouble,
    ReplyWritten,
    SessionSpent,
    ToolsFinished,
    ToolsStarted,
)
from actors.messages.playback import BeginReply, FinishReply
from actors.messages.transcript import FinalTranscript
from actors.ports.llm import MemoryUpdated, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.turn_taking.effects import StartReply
from actors.rules.turn_taking.state import AgentActivity
from actors.runtime.clock import run_virtual
from actors.session.engine_events import ModelReported
from actors.session.replies.model_asking import NO_MORE_TOOLS, SAID_NOTHING
from actors.session.replies.reply_filter import ReplyFilter
from actors.session.replies.reply_maker import ReplyMaker
from actors.session.replies.reply_writer import ReplyWriter
from actors.session.replies.spending import Spending
from actors.session.tools.handoffs import Handoffs
from tests.kit.session_kit import AGENT
from tests.unit.actors.session.replies.reply_kit import NotingSynthesizer
from tests.unit.actors.session.tools.tool_kit import TURN, ToolTalk, called

CLERK = msgspec.structs.replace(
    AGENT,
    name="clerk",
    model=Model(max_tool_rounds=1),
    handoffs=(Handoff(agent="billing", when="It is about money."),),
)
BILLING = msgspec.structs.replace(AGENT, name="billing", label="Billing")


class Source:
    """What makes replies, as far as they are told of here by the test itself."""

    def __init__(self) -> None:
        self.tool_calls: list[ToolCalled] = []
        self.stream = 0
        self.requests: list[ModelRequest] = []
        self.cancelled = 0

    def start(self, request: ModelRequest) -> None:
        self.stream += 1
        self.tool_calls = []
        self.requests.append(request)

    def cancel(self) -> None:
        self.cancelled += 1
        self.tool_calls = []

    def summarize(self, request: ModelRequest) -> bool:
        return False


class Desk(ToolTalk):
    """A conversation in whose first turn a reply is to be made."""

    def __init__(self, limits: Limits | None = None) -> None:
        agent = msgspec.structs.replace(CLERK, limits=limits or CLERK.limits)
        super().__init__(agent, team=(agent, BILLING))
        self.source, self.synthesizer = Source(), NotingSynthesizer()
        self.checkpoint.set_agent(agent.name)
        self.turn.state.agent = AgentActivity.THINKING
        self.maker = ReplyMaker(
            self.ongoing,
            source=self.source,
            writer=ReplyWriter(self.checkpoint, self.synthesizer),
            filters=ReplyFilter(agent),
            tool_runs=self.runs,
            handoffs=Handoffs(self.ongoing.plan, self.checkpoint, self.supervisor),
            spending=Spending(agent.limits, self.checkpoint),
        )

    def start(self, text: str = "are you open", turn: int = TURN) -> None:
        self.maker.note_transcript(FinalTranscript(text=text, confidence=0.9))
        self.maker.start(StartReply(reply=turn, turn=turn, text=text))

    def model(self, *events: Any) -> None:
        """The model says this in the stream that was opened last."""
        for event in events:
            self.maker.model_reported(ModelReported(TURN, event, self.source.stream))


def desk(act: Callable[[Desk], Any], limits: Limits | None = None) -> None:
    async def main() -> None:
        await act(Desk(limits))

    run_virtual(main())


def test_the_words_are_recorded_shown_and_asked() -> None:
    async def act(on: Desk) -> None:
        on.start()
        assert [(m.role, m.text, m.confidence) for m in on.history.messages] == [(Role.USER, "are you open", 0.9)]
        assert [type(message) for message in on.shown.messages] == [FinalTranscript]
        (request,) = on.source.requests
        assert [message.text for message in request.messages] == ["are you open"]
        assert request.may_call_tools

    desk(act)


def test_what_was_understood_in_pieces_is_as_uncertain_as_the_least_certain_of_them() -> None:
    async def act(on: Desk) -> None:
        on.maker.note_transcript(FinalTranscript(text="are you", start_ms=100.0, confidence=0.4))
        on.start("are you open")
        assert on.history.messages[0].confidence == 0.4

    desk(act)


def test_sentences_are_spoken_as_they_are_complete_and_the_end_is_told() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("We are open until nine. And on Sun"))
        assert on.synthesizer.told[0] == BeginReply(TURN, TURN, UtteranceKind.REPLY)
        assert on.synthesizer.said.strip() == "We are open until nine."
        on.model(TextGenerated("days we are closed."), ReplyGenerated(30, 9, expected=ExpectedAnswer.ANYTHING))
        assert on.synthesizer.said == "We are open until nine. And on Sundays we are closed."
        assert on.synthesizer.told[-1] == FinishReply(TURN)
        (written,) = on.told
        assert isinstance(written, ReplyWritten)
        assert (written.turn, written.has_text) == (TURN, True)
        assert on.checkpoint.spent_tokens == 39

    desk(act)


def test_what_an_older_stream_or_another_turn_tells_is_not_wanted() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.maker.model_reported(ModelReported(TURN, TextGenerated("Old. "), on.source.stream - 1 or 99))
        on.maker.model_reported(ModelReported(TURN + 1, TextGenerated("Other. "), on.source.stream))
        on.turn.state.agent = AgentActivity.IDLE
        on.model(TextGenerated("Late. "))
        assert on.synthesizer.told == []

    desk(act)


def test_a_reply_without_a_word_is_asked_for_once_more_and_then_fails() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("..."), ReplyGenerated())
        assert on.source.requests[-1].messages[-1].text == SAID_NOTHING
        on.model(TextGenerated("!"), ReplyGenerated())
        assert [type(each) for each in on.told] == [ReplyWritten]
        assert not on.told[0].has_text  # type: ignore[union-attr]
        assert len(on.source.requests) == 2

    desk(act)


@pytest.mark.parametrize(
    ("kind", "trouble"),
    [
        (ErrorKind.UNAVAILABLE, ReplyTrouble.NO_ANSWER),
        (ErrorKind.TIMEOUT, ReplyTrouble.BUSY),
        (ErrorKind.REFUSED, ReplyTrouble.REFUSED),
    ],
)
def test_a_model_that_fails_is_told_with_what_it_is_to_the_caller(kind: ErrorKind, trouble: ReplyTrouble) -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("We are open. And "))
        on.maker.model_failed(ModelFailed(TURN, kind, "the reason", on.source.stream))
        (failed,) = on.told
        assert isinstance(failed, ReplyFailed)
        assert (failed.turn, failed.has_text, failed.trouble) == (TURN, True, trouble)
        assert on.synthesizer.told[-1] == FinishReply(TURN)
        assert on.history.messages[0].is_withheld is (kind is ErrorKind.REFUSED)

    desk(act)


def test_tools_are_run_and_the_model_goes_on_behind_what_it_said() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("Let me see. "), called("look_up", "c1"), ReplyGenerated())
        assert [type(each) for each in on.told] == [ToolsStarted]
        assert on.maker.owes_answer
        finished = await until_finished(on)
        on.maker.tool_finished(finished)
        assert isinstance(on.told[-1], ToolsFinished)
        assert [message.role for message in on.source.requests[-1].messages][-1] is Role.TOOL
        on.model(TextGenerated("It is nine."), ReplyGenerated())
        assert on.synthesizer.said == "Let me see. It is nine."
        assert not on.maker.owes_answer

    desk(act)


async def until_finished(on: Desk) -> Any:
    """The result of the one tool that runs, which takes a second."""
    await asyncio.sleep(2)
    return on.finished.pop()


def test_a_model_that_goes_on_calling_is_asked_to_answer_without_and_then_fails() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(called("look_up", "c1"), ReplyGenerated())
        on.maker.tool_finished(await until_finished(on))
        on.model(called("look_up", "c2"), ReplyGenerated())
        request = on.source.requests[-1]
        assert (request.may_call_tools, request.messages[-1].text) == (False, NO_MORE_TOOLS)
        on.model(called("look_up", "c3"), ReplyGenerated())
        assert isinstance(on.told[-1], ReplyFailed)
        assert "called tools 3 times" in on.told[-1].cause

    desk(act)


def test_a_conversation_is_handed_off_and_each_agents_notes_are_its_own() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("One moment."), MemoryUpdated({"a": 1}))
        assert on.history.memory == {"a": 1}
        on.model(called("handoff_to_billing", "h"), ReplyGenerated())
        assert on.told[-1] == HandedOff(TURN, True)
        assert (on.checkpoint.agent, on.history.memory) == ("billing", {})
        assert on.synthesizer.told[-1] == FinishReply(TURN)
        assert len(on.source.requests) == 1

    desk(act)


def test_a_reply_that_is_cancelled_is_made_no_more() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("Let me see. "), called("look_up", "c1"), ReplyGenerated())
        on.maker.cancel()
        assert on.source.cancelled == 1
        assert on.synthesizer.told[-1] == FinishReply(TURN)
        on.maker.tool_finished(await until_finished(on))
        assert len(on.source.requests) == 1, "the model does not go on"
        assert on.results == [("c1", '{"error":"cancelled: the user interrupted"}')]

    desk(act)


def test_a_session_that_has_spent_what_it_may_is_told_to_turn_taking_once() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("Yes."), ReplyGenerated(90, 20))
        assert [type(each) for each in on.told] == [SessionSpent, ReplyWritten]

    desk(act, Limits(max_tokens=100))


def test_a_successor_goes_on_with_the_tools_that_are_under_way() -> None:
    async def act(on: Desk) -> None:
        on.start()
        on.model(TextGenerated("Let me see. "), called("look_up", "c1"), ReplyGenerated())
        on.told.clear()
        on.source.requests.clear()
        on.maker.start(StartReply(reply=TURN, turn=TURN, text="are you open"))
        assert on.told == [ToolsStarted(TURN)]
        assert on.source.requests == []
        on.maker.tool_finished(await until_finished(on))
        assert len(on.source.requests) == 1

    desk(act)
