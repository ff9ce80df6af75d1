"""The orchestrator alone: what is known before turn-taking is told, who is given orders, and what leaves a trace."""

import asyncio
import logging
from typing import Any, cast

import pytest

from actors.conversation import PositionPrecision
from actors.errors import ErrorKind
from actors.messages.caller import CallOrderFailed, TextEntered
from actors.messages.lifecycle import Timer, TimerFired
from actors.messages.output import FloorChanged, OutputMessage
from actors.messages.playback import (
    BeginReply,
    FinishReply,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPosition,
    SpeakText,
)
from actors.messages.transcript import FinalTranscript, InterimTranscript, SpeechStarted
from actors.ports.llm import ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.runtime.clock import LoopClock, run_virtual
from actors.runtime.session_trace import Trace
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.engine_events import ModelReported
from actors.session.orchestrator import Orchestrator
from actors.session.tools.tool_runs import ToolRuns
from tests.kit.session_kit import AGENT, QUIET, plan_of


class Place:
    """An address, and what was told there."""

    def __init__(self) -> None:
        self.told: list[Any] = []

    def tell(self, message: Any) -> None:
        self.told.append(message)

    def of(self, kind: type[Any]) -> list[Any]:
        return [message for message in self.told if isinstance(message, kind)]


class Places(dict[str, Place]):
    """The addresses of a session."""

    def __init__(self) -> None:
        super().__init__(recognizer=Place(), synthesizer=Place())
        self.supervisor = Place()


class Source:
    """A model: the requests that it was sent."""

    def __init__(self) -> None:
        self.tool_calls: list[ToolCalled] = []
        self.stream = 0
        self.requests: list[ModelRequest] = []

    def start(self, request: ModelRequest) -> None:
        self.stream += 1
        self.requests.append(request)

    def cancel(self) -> None:
        self.tool_calls = []

    def summarize(self, request: ModelRequest) -> bool:
        return False


class Desk:
    """An orchestrator that is told one message after another, without the actors beside it."""

    def __init__(self, agent: Any = QUIET, checkpoint: Checkpoint | None = None) -> None:
        self.checkpoint = checkpoint or Checkpoint()
        self.places, self.source = Places(), Source()
        self.shown: list[OutputMessage] = []
        connection = SessionConnection(cast(Any, self.places.supervisor))
        connection.output = cast(Any, self)
        self.it = Orchestrator(
            addresses=cast(Any, self.places),
            checkpoint=self.checkpoint,
            connection=connection,
            tool_runs=ToolRuns(self.checkpoint, lambda finished: None),
            plan=plan_of(agent),
            source=lambda actor: cast(Any, self.source),
            clock=LoopClock(),
            trace=Trace(),
            judge=cast(Any, None),
        )
        self.it.on_start()

    def tell(self, message: OutputMessage) -> None:
        """Be shown something, as a connection is."""
        self.shown.append(message)

    def hears(self, *messages: Any) -> "Desk":
        for message in messages:
            self.it.on_receive(message)
        return self

    def says(self, text: str) -> "Desk":
        """The model answers with `text`, and nothing more."""
        turn = self.it.turn.state.turn_number
        for event in (TextGenerated(text), ReplyGenerated(3, 4)):
            self.hears(ModelReported(turn, event, self.source.stream))
        return self

    @property
    def synthesizer(self) -> Place:
        return self.places["synthesizer"]


def on_desk(act: Any) -> None:
    """Run what a test does on virtual time."""

    async def main() -> None:
        await act()

    run_virtual(main())


def test_what_is_typed_is_answered_and_the_answer_is_spoken() -> None:
    async def act() -> None:
        desk = Desk().hears(TextEntered("what are your hours"))
        assert [request.messages[-1].text for request in desk.source.requests] == ["what are your hours"]
        desk.says("At nine.")
        begun, spoken, finished = (desk.synthesizer.of(kind) for kind in (BeginReply, SpeakText, FinishReply))
        assert ([each.turn for each in begun], [each.text for each in spoken], len(finished)) == ([1], ["At nine."], 1)
        assert desk.checkpoint.user_at is not None
        assert desk.checkpoint.turn is not None
        assert desk.checkpoint.turn.turn_number == 1

    on_desk(act)


def test_an_agent_with_a_greeting_begins_with_it() -> None:
    async def act() -> None:
        desk = Desk(AGENT)
        assert [each.text for each in desk.synthesizer.of(SpeakText)] == [AGENT.greeting]

    on_desk(act)


def test_what_was_heard_of_a_reply_is_recorded_before_turn_taking_goes_on() -> None:
    async def act() -> None:
        desk = Desk().hears(TextEntered("hello")).says("Good morning.")
        (begun,) = desk.synthesizer.of(BeginReply)
        finished = PlaybackFinished(
            reply=begun.reply, precision=PositionPrecision.EXACT, heard_ms=900.0, text_end=len("Good morning.")
        )
        desk.hears(finished)
        assert [message.text for message in desk.checkpoint.messages] == ["hello", "Good morning."]
        assert desk.checkpoint.pending_replies == {}

    on_desk(act)


def test_words_and_floor_are_shown_as_they_come() -> None:
    async def act() -> None:
        interim = InterimTranscript("what are", 0, 300)
        desk = Desk().hears(SpeechStarted(0.0), interim)
        desk.hears(FinalTranscript(text="what are your hours", start_ms=0, end_ms=800))
        kinds = [type(message) for message in desk.shown]
        assert interim in desk.shown
        assert FinalTranscript in kinds
        assert FloorChanged in kinds

    on_desk(act)


def test_a_timer_that_was_set_anew_meanwhile_is_not_heard_of() -> None:
    async def act() -> None:
        desk = Desk()
        await asyncio.sleep(QUIET.limits.no_input_s + 1)
        desk.hears(TimerFired(timer=Timer.NO_INPUT, serial=999))
        assert desk.synthesizer.told == []
        (envelope,) = desk.it.actor_inbox.normal
        desk.hears(envelope.message)
        assert len(desk.synthesizer.of(SpeakText)) == 1

    on_desk(act)


def test_a_failed_reply_leaves_a_line_with_its_cause(caplog: pytest.LogCaptureFixture) -> None:
    async def act() -> None:
        desk = Desk().hears(TextEntered("hello")).says("Good morning.")
        (begun,) = desk.synthesizer.of(BeginReply)
        position = PlaybackPosition(reply=begun.reply, text_end=0, heard_ms=0.0, precision=PositionPrecision.EXACT)
        desk.hears(PlaybackFailed(begun.reply, ErrorKind.UNAVAILABLE, position))

    with caplog.at_level(logging.WARNING):
        on_desk(act)
    assert "a reply failed: it could not be spoken: unavailable" in caplog.messages


def test_an_order_in_the_call_that_has_failed_is_told_to_the_model_with_its_next_request() -> None:
    async def act() -> None:
        desk = Desk().hears(CallOrderFailed("the keys were not sent"), TextEntered("hello"))
        (request,) = desk.source.requests
        assert any("the keys were not sent" in message.text for message in request.messages)
        assert desk.synthesizer.of(SpeakText) == []

    on_desk(act)


def test_a_successor_goes_on_with_what_was_written_and_reports_that_nobody_has_recorded() -> None:
    async def act() -> None:
        former = Desk().hears(TextEntered("hello")).says("Good morning.")
        (begun,) = former.synthesizer.of(BeginReply)
        report = PlaybackFinished(reply=begun.reply, precision=PositionPrecision.EXACT, heard_ms=900.0, text_end=13)
        former.checkpoint.playback_finished(report)
        successor = Desk(checkpoint=former.checkpoint)
        assert successor.source.requests == [], "the reply is there and need not be asked for again"
        assert [envelope.message for envelope in successor.it.actor_inbox.normal] == [report]
        successor.hears(report)
        assert [message.text for message in successor.checkpoint.messages] == ["hello", "Good morning."]

    on_desk(act)


def test_a_reply_that_a_former_orchestrator_left_without_a_word_is_asked_for_again() -> None:
    async def act() -> None:
        former = Desk().hears(TextEntered("hello"))
        successor = Desk(checkpoint=former.checkpoint)
        assert [request.messages[-1].text for request in successor.source.requests] == ["hello"]

    on_desk(act)
