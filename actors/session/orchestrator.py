"""The orchestrator: the shell round turn-taking. It tells it what happens and carries out what it orders."""

from typing import assert_never

import msgspec

from actors.agent import Agent
from actors.conversation import Ending, PositionPrecision, UtteranceKind
from actors.messages.caller import EndSession, HoldEnded, HoldStarted, InterruptRequested, KeyPressed, TextEntered
from actors.messages.lifecycle import SessionFailed, SessionOver, Timer, TimerFired, TurnRecorded
from actors.messages.model import (
    EndingDecided,
    KeysExpected,
    ModelFailed,
    ReplyFailed,
    ReplyWritten,
    ToolFinished,
    ToolsFinished,
    ToolsStarted,
)
from actors.messages.output import FloorChanged, ReplyHeard, ToolStarted, TurnMeasured
from actors.messages.playback import (
    BeginReply,
    EndAtSentence,
    FinishReply,
    PausePlayback,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackPosition,
    PlaybackStarted,
    PlaybackStopped,
    PlaybackYielded,
    ResumePlayback,
    SpeakText,
    StopPlayback,
    YieldPlayback,
)
from actors.messages.transcript import (
    EndUtterance,
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports.call_controls import CallControls
from actors.ports.clock import Clock
from actors.ports.clock import Timer as ClockTimer
from actors.ports.llm import LanguageModel, MemoryUpdated, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.context_budget import within_budget
from actors.rules.history import History, whole_words
from actors.rules.pending_reply import PendingReply
from actors.rules.questions import question_s
from actors.rules.sentences import SentenceSplitter, following
from actors.rules.turn_taking.answering import SAY_AGAIN
from actors.rules.turn_taking.core import THINKING
from actors.rules.turn_taking.effects import (
    CancelReply,
    CancelTimer,
    Effect,
    End,
    ReportUnexpected,
    Say,
    SetTimer,
    StartReply,
)
from actors.rules.turn_taking.machine import TurnEvent, TurnTaking
from actors.rules.turn_taking.state import TurnSnapshot
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.runtime.telemetry import Trace
from actors.session.engine_events import ModelReported
from actors.session.generation import Generation
from actors.session.shared import SessionLines
from actors.session.tool_runs import UNKNOWN, ToolRound
from actors.session_context import IN_A_BROWSER, SessionContext, preamble
from actors.tool_outcome import ToolEnding
from actors.tools import AnyTool, ToolContext

OrchestratorMessage = (
    SpeechStarted
    | SpeechContinued
    | SpeechStopped
    | NoiseStopped
    | InterimTranscript
    | FinalTranscript
    | NoSpeechRecognized
    | TextEntered
    | KeyPressed
    | HoldStarted
    | HoldEnded
    | InterruptRequested
    | PlaybackStarted
    | PlaybackFinished
    | PlaybackStopped
    | PlaybackYielded
    | PlaybackFailed
    | ModelReported
    | ModelFailed
    | ToolFinished
    | TimerFired
    | EndSession
    | SessionFailed
)

MAX_TOOL_ROUNDS = 6


class Orchestrator(SupervisedActor):
    """Owns the turn rules, the conversation, the model's stream and the tools.

    Args:
        lines: the session's lines.
        agent: who speaks.
        model: what answers.
        tools: by name, those the agent may use.
        clock: time.
        session_left_s: seconds until the session has to end, for an orchestrator that goes on from `lines.resumed`.
        call: the telephone line, for the tools; None in a browser.
        about: what is known before a word is said, for the tools and the model.
    """

    def __init__(
        self,
        *,
        lines: SessionLines,
        agent: Agent,
        model: LanguageModel,
        tools: dict[str, AnyTool],
        clock: Clock,
        trace: Trace,
        session_left_s: float,
        call: CallControls | None = None,
        about: SessionContext = IN_A_BROWSER,
    ) -> None:
        super().__init__("orchestrator", lines.session, trace)
        self.lines = lines
        self.agent = agent
        self.tools = tools
        self.clock = clock
        self.session_left_s = session_left_s
        self.call = call
        self.about = about
        resumed = lines.resumed
        state = resumed.turn if resumed else TurnSnapshot()
        self.turn = TurnTaking(agent, state=msgspec.structs.replace(state))
        self.history = History(resumed)
        self._timers: dict[Timer, tuple[int, ClockTimer]] = {}
        self._serial = 0
        self._splitter = SentenceSplitter()
        self._said_before_tools = ""
        """Until the model goes on: what it says then follows these words."""
        self._generation = Generation(self, model)
        self._round: ToolRound | None = None
        self._rounds = 0
        self._reply = 0
        self._transcript: FinalTranscript | None = None
        """What was understood since the last reply was begun, from its first word to its last."""
        self.unexpected_events = 0
        """Events that cannot happen, as turn-taking reported them: faults of ours."""

    # dispatch

    def on_start(self) -> None:
        """Greet, or go on from where the former orchestrator was."""
        at = self.clock.now()
        if self.lines.resumed is None:
            self._carry_out(self.turn.start(at))
            self._keep()
            return
        self._take_over_tools()
        has_text = self._resume_replies()
        left_s = self.session_left_s
        self._carry_out(self.turn.resume(at, left_s, has_text=has_text, owes_answer=self._owes_an_answer))
        self._keep()
        # The former orchestrator may have failed at these very reports; one that comes twice is stale.
        for pending in self.lines.pending_replies.values():
            if pending.playback_finished is not None:
                self.actor_ref.tell(pending.playback_finished)

    def on_receive(self, message: OrchestratorMessage) -> None:
        """Do what has to be known of the conversation first, then tell turn-taking, and carry out what it orders."""
        match message:
            case InterimTranscript():
                self.lines.show(message)
            case FinalTranscript():
                self._note_transcript(message)
            case TextEntered() | KeyPressed():
                self.lines.checkpoint.user_at = self.clock.now()
            case PlaybackFinished():
                self._finished(message)
            case PlaybackStopped(through_reply, cut):
                self._stopped(through_reply, cut)
            case PlaybackFailed(cut=cut):
                self._cut((cut,))
            case TimerFired(timer, serial):
                if self._timers.get(timer, (0, None))[0] != serial:
                    return
                del self._timers[timer]
            case ModelReported():
                self._model_reported(message)
                return
            case ModelFailed(turn):
                self._model_failed(turn)
                return
            case ToolFinished():
                self._tool_finished(message)
                return
            case _:
                pass
        self._tell_turn_taking(message)

    def on_end(self) -> None:
        """No timer and no stream outlives the orchestrator."""
        for _, timer in self._timers.values():
            timer.cancel()

    def _tell_turn_taking(self, event: TurnEvent) -> None:
        if (attached := self.lines.attached) is not None:
            self.turn.holdable = attached.lead.holdable
        self._carry_out(self.turn.handle(event, self.clock.now()))
        if not isinstance(event, SpeechContinued | InterimTranscript):
            self._keep()

    def _keep(self) -> None:
        """What a successor would go on from, as of this message."""
        self.lines.resumed = self.history.snapshot(msgspec.structs.replace(self.turn.state))

    # effects

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            self._effect(effect)

    def _effect(self, effect: Effect) -> None:
        match effect:
            case PausePlayback() | YieldPlayback() | ResumePlayback() | StopPlayback() | EndAtSentence():
                self.lines.synthesizer.tell(effect)
            case EndUtterance() | ReopenRecognition():
                self.lines.recognizer.tell(effect)
            case StartReply():
                self._start_reply(effect)
            case CancelReply():
                self._cancel_reply()
            case Say(reply=reply, turn=turn, kind=kind, index=index):
                self._say(reply, turn, kind, self._phrase(kind, index))
            case SetTimer(timer, delay_s):
                self._set_timer(timer, delay_s)
            case CancelTimer(timer):
                self._cancel_timer(timer)
            case FloorChanged():
                self.lines.show(effect)
            case TurnMeasured():
                self._show_turn(effect)
            case ReportUnexpected(event, state):
                self.unexpected_events += 1
                logger.warning("turn-taking was told %s, which cannot happen: %s", event, state)
            case End(ending):
                self.lines.session.tell(SessionOver(ending))
            case _:
                assert_never(effect)

    def _set_timer(self, timer: Timer, delay_s: float) -> None:
        self._cancel_timer(timer)
        self._serial += 1
        set_ = self.clock.call_later(delay_s, self.actor_ref, TimerFired(timer, self._serial))
        self._timers[timer] = (self._serial, set_)

    def _cancel_timer(self, timer: Timer) -> None:
        if timer in self._timers:
            self._timers.pop(timer)[1].cancel()

    def _show_turn(self, measured: TurnMeasured) -> None:
        self.trace.turn_ended(
            first_audio_ms=measured.first_audio_ms, decision_to_silence_ms=measured.decision_to_silence_ms
        )
        self.lines.show(measured)

    # speaking

    def _phrase(self, kind: UtteranceKind, index: int) -> str:
        phrases = self.agent.phrases
        match kind:
            case UtteranceKind.GREETING:
                return self.agent.greeting
            case UtteranceKind.FILLER:
                # A single filler takes turns with another phrase: none is said twice in a row.
                fillers = phrases.fillers if len(phrases.fillers) > 1 else (*phrases.fillers, phrases.hold_on)
                return fillers[index % len(fillers)]
            case UtteranceKind.PROMPT:
                return phrases.no_input[index]
            case UtteranceKind.APOLOGY:
                return phrases.say_again if index == SAY_AGAIN else phrases.apology
            case UtteranceKind.GOODBYE:
                return phrases.goodbye
            case UtteranceKind.REPLY:
                raise AssertionError("can't happen because replies are written by the model")
            case _:
                assert_never(kind)

    def _say(self, reply: int, turn: int, kind: UtteranceKind, text: str) -> None:
        self._begin(reply, turn, kind)
        self._write(reply, text)
        self._finish(reply)

    def _begin(self, reply: int, turn: int, kind: UtteranceKind) -> None:
        self.lines.pending_replies[reply] = PendingReply(reply=reply, turn=turn, kind=kind)
        self.lines.synthesizer.tell(BeginReply(reply, turn, kind))

    def _write(self, reply: int, text: str) -> None:
        self.lines.pending_replies[reply].pieces.append(text)
        self.lines.synthesizer.tell(SpeakText(reply, text))

    def _finish(self, reply: int) -> None:
        if (pending := self.lines.pending_replies.get(reply)) is not None:
            pending.finished = True
            self.lines.synthesizer.tell(FinishReply(reply))

    def _resume_replies(self) -> bool:
        """Have what the former orchestrator was writing spoken as far as it goes; whether that was the turn's reply.

        A reply that waits for its tools goes on when they are back.
        """
        turn = self.turn.state.turn
        begun = [s for s in self.lines.pending_replies.values() if not s.finished]
        if self._owes_an_answer:
            begun = [s for s in begun if s.turn != turn or s.kind is not UtteranceKind.REPLY]
        for pending in begun:
            self._finish(pending.reply)
        return any(s.turn == turn and s.kind is UtteranceKind.REPLY for s in begun)

    @property
    def _owes_an_answer(self) -> bool:
        """Whether tools were called in the turn in hand, and nothing that follows from them was written yet."""
        state = self.turn.state
        if state.agent not in THINKING or not self.history.tool_rounds(state.turn):
            return False
        written = "".join(
            s.text
            for s in self.lines.pending_replies.values()
            if s.turn == state.turn and s.kind is UtteranceKind.REPLY
        )
        return written == self.lines.checkpoint.said_before_tools

    # what was heard

    def _finished(self, message: PlaybackFinished) -> None:
        pending = self.lines.pending_replies.pop(message.reply, None)
        if pending is not None:
            self._record_heard(pending, pending.text, message.precision, interrupted=False)

    def _stopped(self, through_reply: int, cut: tuple[PlaybackPosition, ...]) -> None:
        self._cut(cut)
        # What was silenced before it began was not heard at all.
        for reply in [reply for reply in self.lines.pending_replies if reply <= through_reply]:
            del self.lines.pending_replies[reply]

    def _cut(self, cut: tuple[PlaybackPosition, ...]) -> None:
        for reply in cut:
            pending = self.lines.pending_replies.pop(reply.reply, None)
            if pending is not None and (text := whole_words(pending.text, reply.text_end)):
                self._record_heard(pending, text, reply.precision, interrupted=True)

    def _record_heard(
        self, pending: PendingReply, text: str, precision: PositionPrecision, *, interrupted: bool
    ) -> None:
        text = text.strip()
        self.history.was_heard(pending, text, precision, self.clock.wall(), interrupted=interrupted)
        self.lines.show(
            ReplyHeard(turn=pending.turn, kind=pending.kind, text=text, precision=precision, interrupted=interrupted)
        )
        self._keep()
        self.lines.session.tell(TurnRecorded(pending.turn))

    # the model

    def _note_transcript(self, final: FinalTranscript) -> None:
        """Add one more utterance to what the next reply answers: as uncertain as the least certain of them."""
        if (before := self._transcript) is not None:
            confidence = min(before.confidence, final.confidence)
            final = msgspec.structs.replace(final, start_ms=before.start_ms, confidence=confidence)
        self._transcript = final

    def _start_reply(self, effect: StartReply) -> None:
        self.trace.turn_started(effect.turn)
        if self.history.has_turn(effect.turn):
            self._go_on(effect)
            return
        transcript, self._transcript = self._transcript or FinalTranscript(text=effect.text), None
        transcript = msgspec.structs.replace(transcript, text=effect.text, turn=effect.turn)
        self.history.user_said(
            effect.text, effect.turn, self.clock.wall(), continues=effect.continues, confidence=transcript.confidence
        )
        self.lines.show(transcript)
        self._reply, self._rounds, self._round = effect.reply, 0, None
        self._splitter, self._said_before_tools = SentenceSplitter(), ""
        self.lines.checkpoint.said_before_tools = ""
        self._ask_model()

    def _go_on(self, effect: StartReply) -> None:
        """Go on with a turn that a former orchestrator began: with its tools, and what they came to."""
        self._reply, self._rounds = effect.reply, self.history.tool_rounds(effect.turn)
        self._follow_tools()
        running = [call.call_id for turn, call in self.history.unanswered_calls() if turn == effect.turn]
        if running:
            self._round = ToolRound(effect.turn, running)
            self._tell_turn_taking(ToolsStarted(effect.turn))
        else:
            self._ask_model()

    def _follow_tools(self) -> None:
        """What the model says next follows what it said before it called its tools."""
        pending = self.lines.pending_replies.get(self._reply)
        self._splitter, self._said_before_tools = SentenceSplitter(), pending.text if pending is not None else ""
        self.lines.checkpoint.said_before_tools = self._said_before_tools

    def _ask_model(self) -> None:
        pending = self.lines.pending_replies.get(self._reply)
        prelude = pending.text.strip() if pending is not None and self._rounds > 0 else ""
        messages = self.history.for_the_model(prelude)
        recent = within_budget(messages)
        request = ModelRequest(
            session_id=self.lines.session_id,
            turn=self.turn.state.turn,
            agent=self.agent,
            messages=recent,
            omitted=len(messages) - len(recent),
            tools=tuple(tool.schema for tool in self.tools.values()),
            memory=self.history.memory,
            preamble=preamble(self.about, self.clock.wall()),
        )
        self._generation.start(request)

    def _cancel_reply(self) -> None:
        """Silence has been ordered already; now nothing more is made."""
        self._generation.cancel()
        if self._round is not None:
            self.lines.tool_runs.cancel(self._round.open)
            self._round = None
        self._finish(self._reply)

    def _model_reported(self, message: ModelReported) -> None:
        if message.turn != self.turn.state.turn or self.turn.state.agent not in THINKING:
            return
        match message.event:
            case TextGenerated(text):
                self._speak(self._splitter.push(following(self._said_before_tools, text)))
                self._said_before_tools = "" if text else self._said_before_tools
            case ToolCalled():
                self._generation.tool_calls.append(message.event)
            case MemoryUpdated(memory):
                self.history.memory = memory
            case ReplyGenerated(prompt_tokens, completion_tokens, cut):
                self.trace.model_used(prompt_tokens, completion_tokens)
                rest = self._splitter.finish()
                # The sentence in which a reply was cut is not begun, unless it is all that there is.
                self._speak([] if cut and self._written() else rest)
                self._generated()
            case _:
                assert_never(message.event)

    def _speak(self, pieces: list[str]) -> None:
        for piece in pieces:
            if self._reply not in self.lines.pending_replies:
                self._begin(self._reply, self.turn.state.turn, UtteranceKind.REPLY)
            self._write(self._reply, piece)

    def _written(self) -> str:
        """The text of the reply in hand that is on its way."""
        pending = self.lines.pending_replies.get(self._reply)
        return pending.text.strip() if pending is not None else ""

    def _generated(self) -> None:
        if self._generation.tool_calls and self.turn.state.ending is None:
            self._run_tools()
            return
        turn, text = self.turn.state.turn, self._written()
        self._finish(self._reply)
        self._tell_turn_taking(ReplyWritten(turn=turn, has_text=bool(text), question_s=question_s(text)))

    def _model_failed(self, turn: int) -> None:
        if turn == self.turn.state.turn and self.turn.state.agent in THINKING:
            self._speak(self._splitter.finish())
            text = self._written()
            self._finish(self._reply)
            self._tell_turn_taking(ReplyFailed(turn=turn, has_text=bool(text)))

    # tools

    def _run_tools(self) -> None:
        turn = self.turn.state.turn
        calls = self.history.with_unique_ids(self._generation.tool_calls)
        self._generation.tool_calls = []
        self._rounds += 1
        if self._rounds > MAX_TOOL_ROUNDS:
            self._model_failed(turn)
            return
        self._follow_tools()
        self._round = ToolRound(turn, [call.call_id for call in calls])
        # Recorded before they begin: a successor has to know of each tool that may have done something.
        self.history.tools_called(turn, calls, self.clock.wall())
        self._tell_turn_taking(ToolsStarted(turn))
        context = ToolContext(
            session_id=self.lines.session_id,
            turn=turn,
            agent=self.agent.name,
            now=self.clock.wall(),
            call=self.call,
            about=self.about,
        )
        for call in calls:
            self.lines.show(ToolStarted(call.call_id, call.name, call.arguments))
            self.lines.tool_runs.start(call, self.tools.get(call.name), context, self.clock)

    def _take_over_tools(self) -> None:
        """Record what became of the tools that the former orchestrator, or the one of another process, began."""
        for turn, call in self.history.unanswered_calls():
            if self.lines.tool_runs.is_running(call.call_id):
                continue
            finished = self.lines.tool_runs.result(call.call_id)
            self._record_result(
                finished
                or ToolFinished(turn=turn, call_id=call.call_id, name=call.name, outcome=UNKNOWN, elapsed_ms=0.0)
            )

    def _tool_finished(self, message: ToolFinished) -> None:
        if not self._record_result(message):
            return
        round_ = self._round
        if round_ is None or message.turn != round_.turn:
            return
        if message.outcome.keys is not None:
            self._tell_turn_taking(KeysExpected(message.outcome.keys))
        if round_.finished(message.call_id):
            self._round = None
            self._tell_turn_taking(ToolsFinished(round_.turn))
            self._ask_model()

    def _record_result(self, finished: ToolFinished) -> bool:
        """Put a tool's result into the conversation; False if it is there already."""
        outcome = finished.outcome
        if not self.history.tool_answered(finished.call_id, outcome.text, finished.turn, self.clock.wall()):
            return False
        self.lines.show(finished)
        self._keep()
        self.lines.tool_runs.forget(finished.call_id)
        if (ending := _ending_after(outcome.ending, is_late=finished.turn != self.turn.state.turn)) is not None:
            self._tell_turn_taking(EndingDecided(ending))
        return True


def _ending_after(wanted: ToolEnding, *, is_late: bool) -> Ending | None:
    """How the session ends because a tool wants so.

    A caller who has been put through is gone, whatever was said meanwhile; a goodbye of a turn that is over is not.
    """
    match wanted:
        case ToolEnding.HANDOFF:
            return Ending.HUMAN_HANDOFF
        case ToolEnding.END_SESSION:
            return None if is_late else Ending.NORMAL
        case ToolEnding.NONE:
            return None
        case _:
            assert_never(wanted)
