"""The orchestrator: the shell round the rules of turns. It turns messages into events, and effects into orders."""

from typing import assert_never

import msgspec

from actors.agent import Agent
from actors.conversation import PositionPrecision, UtteranceKind
from actors.messages.caller import EndSession, HoldEnded, HoldStarted, InterruptRequested, KeyPressed, TextEntered
from actors.messages.lifecycle import SessionFailed, SessionOver, TimerFired, TurnRecorded
from actors.messages.model import ModelFailed, ModelReported, ToolFinished
from actors.messages.output import (
    FinalTranscriptShown,
    FloorShown,
    InterimTranscriptShown,
    ReplyHeardShown,
    ToolEndedShown,
    ToolStartedShown,
    TurnMeasured,
)
from actors.messages.playback import (
    BeginReply,
    FinishReply,
    HeardReply,
    PausePlayback,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    ResumePlayback,
    SpeakText,
    StopPlayback,
)
from actors.messages.transcript import (
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
from actors.rules.sentences import SentenceSplitter, following
from actors.rules.turn_taking.effects import (
    CancelReply,
    CancelTimer,
    Effect,
    End,
    Ending,
    EndWanted,
    FinalText,
    Interrupt,
    Key,
    KeysWanted,
    NoiseOver,
    NoText,
    OffHold,
    OnHold,
    PartialText,
    Pause,
    ReopenEars,
    ReplyBroken,
    ReplyWritten,
    Resume,
    Say,
    SetTimer,
    ShowFloor,
    ShowTurn,
    SoundDrained,
    SoundFailed,
    SoundStarted,
    SoundStopped,
    Started,
    StartReply,
    Stop,
    Timer,
    TimerDue,
    ToolsRunning,
    Trouble,
    TurnEvent,
    Typed,
    VoiceGoesOn,
    VoiceOnset,
    VoiceOver,
)
from actors.rules.turn_taking.machine import SAY_AGAIN, TurnTaking
from actors.rules.turn_taking.state import TurnSnapshot
from actors.runtime.supervised_actor import SupervisedActor
from actors.runtime.telemetry import Trace
from actors.session.generation import Generation
from actors.session.shared import SessionLines, SpokenReply
from actors.session.tool_runs import UNKNOWN, ToolRound
from actors.session_context import IN_A_BROWSER, SessionContext, preamble
from actors.tools import AnyTool, ToolContext
from actors.tools import Ending as ToolEnding

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
        self._confidence = 1.0

    # dispatch

    def on_start(self) -> None:
        """Greet, or go on from where the former orchestrator was."""
        if self.lines.resumed is None:
            self._rule(Started(self.clock.now()))
            return
        self._take_over_tools()
        begun = self._resume_replies()
        self._carry_out(self.turn.resume(self.clock.now(), self.session_left_s, begun=begun, owed=self._owes_an_answer))
        self._keep()

    def on_receive(self, message: OrchestratorMessage) -> None:
        """One message, one event."""
        at = self.clock.now()
        match message:
            case SpeechStarted():
                self._rule(VoiceOnset(at))
            case SpeechContinued(voiced_ms, silence_ms):
                self._rule(VoiceGoesOn(at, voiced_ms, silence_ms))
            case SpeechStopped(silence_ms=silence_ms):
                self._rule(VoiceOver(at, silence_ms))
            case NoiseStopped():
                self._rule(NoiseOver(at))
            case InterimTranscript(text):
                self.lines.show(InterimTranscriptShown(text))
                self._rule(PartialText(at, text))
            case FinalTranscript(text, _, end_ms, confidence):
                self._confidence = min(self._confidence, confidence)
                self._rule(FinalText(at, text, end_ms))
            case NoSpeechRecognized():
                self._rule(NoText(at))
            case TextEntered(text):
                self.lines.checkpoint.user_at = at
                self._rule(Typed(at, text))
            case KeyPressed(key):
                self.lines.checkpoint.user_at = at
                self._rule(Key(at, key))
            case HoldStarted():
                self._rule(OnHold(at))
            case HoldEnded():
                self._rule(OffHold(at))
            case InterruptRequested():
                self._rule(Interrupt(at))
            case PlaybackStarted(reply):
                self._rule(SoundStarted(at, reply))
            case PlaybackFinished():
                self._drained(at, message)
            case PlaybackStopped(through_reply, cut):
                self._stopped(through_reply, cut)
                self._rule(SoundStopped(at, sum(reply.heard_ms for reply in cut)))
            case PlaybackFailed(reply, _, cut):
                self._cut((cut,))
                self._rule(SoundFailed(at, reply))
            case ModelReported():
                self._model_told(at, message)
            case ModelFailed(turn):
                self._model_failed(at, turn)
            case ToolFinished():
                self._tool_finished(at, message)
            case TimerFired(timer, serial):
                if self._timers.get(timer, (0, None))[0] == serial:
                    del self._timers[timer]
                    self._rule(TimerDue(at, timer))
            case EndSession(reason):
                self._rule(EndWanted(at, reason, after_reply=False))
            case SessionFailed():
                self._rule(Trouble(at))
            case _:
                assert_never(message)

    def on_end(self) -> None:
        """No timer and no stream outlives the orchestrator."""
        for _, timer in self._timers.values():
            timer.cancel()

    def _rule(self, event: TurnEvent) -> None:
        if (attached := self.lines.attached) is not None:
            self.turn.holdable = attached.lead.holdable
        self._carry_out(self.turn.handle(event))
        if not isinstance(event, VoiceGoesOn | PartialText):
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
            case Pause():
                self.lines.synthesizer.tell(PausePlayback())
            case Resume():
                self.lines.synthesizer.tell(ResumePlayback())
            case Stop(turn, through_reply, reason):
                self.lines.synthesizer.tell(StopPlayback(turn, through_reply, reason))
            case StartReply():
                self._start_reply(effect)
            case CancelReply():
                self._cancel_reply()
            case Say(reply, turn, kind, index):
                self._say(reply, turn, kind, self._phrase(kind, index))
            case ReopenEars(again):
                self.lines.recognizer.tell(ReopenRecognition(again))
            case SetTimer(timer, delay_s):
                self._set_timer(timer, delay_s)
            case CancelTimer(timer):
                self._cancel_timer(timer)
            case ShowFloor(floor):
                self.lines.show(FloorShown(floor, self.turn.state.turn))
            case ShowTurn():
                self._show_turn(effect)
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

    def _show_turn(self, effect: ShowTurn) -> None:
        self.trace.turn_ended(
            first_audio_ms=effect.first_audio_ms, decision_to_silence_ms=effect.decision_to_silence_ms
        )
        self.lines.show(msgspec.convert(effect, TurnMeasured, from_attributes=True))

    # speaking

    def _phrase(self, kind: UtteranceKind, index: int) -> str:
        phrases = self.agent.phrases
        match kind:
            case UtteranceKind.GREETING:
                return self.agent.greeting
            case UtteranceKind.FILLER:
                return phrases.fillers[index % len(phrases.fillers)] if phrases.fillers else phrases.hold_on
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
        self.lines.spoken[reply] = SpokenReply(reply, turn, kind)
        self.lines.synthesizer.tell(BeginReply(reply, turn, kind))

    def _write(self, reply: int, text: str) -> None:
        self.lines.spoken[reply].pieces.append(text)
        self.lines.synthesizer.tell(SpeakText(reply, text))

    def _finish(self, reply: int) -> None:
        if (spoken := self.lines.spoken.get(reply)) is not None:
            spoken.finished = True
            self.lines.synthesizer.tell(FinishReply(reply))

    def _resume_replies(self) -> bool:
        """Have what the former orchestrator was writing spoken as far as it goes; whether that was the turn's reply.

        A reply that waits for its tools goes on when they are back.
        """
        turn = self.turn.state.turn
        begun = [s for s in self.lines.spoken.values() if not s.finished]
        if self._owes_an_answer:
            begun = [s for s in begun if s.turn != turn or s.kind is not UtteranceKind.REPLY]
        for spoken in begun:
            self._finish(spoken.reply)
        return any(s.turn == turn and s.kind is UtteranceKind.REPLY for s in begun)

    @property
    def _owes_an_answer(self) -> bool:
        """Whether tools were called in the turn in hand, and nothing that follows from them was written yet."""
        state = self.turn.state
        if state.written or not self.history.tool_rounds(state.turn):
            return False
        written = "".join(
            s.text for s in self.lines.spoken.values() if s.turn == state.turn and s.kind is UtteranceKind.REPLY
        )
        return written == self.lines.checkpoint.said_before_tools

    # what was heard

    def _drained(self, at: float, message: PlaybackFinished) -> None:
        spoken = self.lines.spoken.pop(message.reply, None)
        if spoken is not None:
            self._record_heard(spoken, spoken.text, message.heard, interrupted=False)
        self._rule(SoundDrained(at, message.reply, message.heard_ms))

    def _stopped(self, through_reply: int, cut: tuple[HeardReply, ...]) -> None:
        self._cut(cut)
        # What was silenced before it began was not heard at all.
        for reply in [reply for reply in self.lines.spoken if reply <= through_reply]:
            del self.lines.spoken[reply]

    def _cut(self, cut: tuple[HeardReply, ...]) -> None:
        for reply in cut:
            spoken = self.lines.spoken.pop(reply.reply, None)
            if spoken is not None and (text := whole_words(spoken.text, reply.text_end)):
                self._record_heard(spoken, text, reply.heard, interrupted=True)

    def _record_heard(self, spoken: SpokenReply, text: str, heard: PositionPrecision, *, interrupted: bool) -> None:
        text = text.strip()
        self.history.was_heard(spoken, text, heard, self.clock.wall(), interrupted=interrupted)
        self.lines.show(ReplyHeardShown(spoken.turn, spoken.kind, text, heard, interrupted))
        self._keep()
        self.lines.session.tell(TurnRecorded(spoken.turn))

    # the model

    def _start_reply(self, effect: StartReply) -> None:
        self.trace.turn_started(effect.turn)
        if self.history.has_turn(effect.turn):
            self._go_on(effect)
            return
        self.history.user_said(
            effect.text, effect.turn, self.clock.wall(), continues=effect.continues, confidence=self._confidence
        )
        self.lines.show(FinalTranscriptShown(effect.turn, effect.text, self._confidence))
        self._confidence = 1.0
        self._reply, self._rounds, self._round = effect.reply, 0, None
        self._splitter, self._said_before_tools = SentenceSplitter(), ""
        checkpoint = self.lines.checkpoint
        checkpoint.ending_after_reply, checkpoint.said_before_tools = None, ""
        self._ask_model()

    def _go_on(self, effect: StartReply) -> None:
        """Go on with a turn that a former orchestrator began: with its tools, and what they came to."""
        self._reply, self._rounds = effect.reply, self.history.tool_rounds(effect.turn)
        self._follow_tools()
        running = [call.call_id for turn, call in self.history.unanswered_calls() if turn == effect.turn]
        if running:
            self._round = ToolRound(effect.turn, running)
            self._rule(ToolsRunning(self.clock.now(), effect.turn, running=True))
        else:
            self._ask_model()

    def _follow_tools(self) -> None:
        """What the model says next follows what it said before it called its tools."""
        spoken = self.lines.spoken.get(self._reply)
        self._splitter, self._said_before_tools = SentenceSplitter(), spoken.text if spoken is not None else ""
        self.lines.checkpoint.said_before_tools = self._said_before_tools

    def _ask_model(self) -> None:
        spoken = self.lines.spoken.get(self._reply)
        prelude = spoken.text.strip() if spoken is not None and self._rounds > 0 else ""
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

    def _model_told(self, at: float, message: ModelReported) -> None:
        if message.turn != self.turn.state.turn or self.turn.state.written:
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
                self._speak([] if cut and self._spoken else rest)
                self._generated(at)
            case _:
                assert_never(message.event)

    def _speak(self, pieces: list[str]) -> None:
        for piece in pieces:
            if self._reply not in self.lines.spoken:
                self._begin(self._reply, self.turn.state.turn, UtteranceKind.REPLY)
            self._write(self._reply, piece)

    @property
    def _spoken(self) -> bool:
        """Whether any text of the reply in hand is on its way."""
        spoken = self.lines.spoken.get(self._reply)
        return spoken is not None and bool(spoken.text.strip())

    def _generated(self, at: float) -> None:
        checkpoint = self.lines.checkpoint
        if self._generation.tool_calls and checkpoint.ending_after_reply is None:
            self._run_tools(at)
            return
        turn, spoken = self.turn.state.turn, self._spoken
        self._finish(self._reply)
        if checkpoint.ending_after_reply is not None:
            ending, checkpoint.ending_after_reply = checkpoint.ending_after_reply, None
            self._rule(EndWanted(at, ending, after_reply=True))
        self._rule(ReplyWritten(at, turn, spoken))

    def _model_failed(self, at: float, turn: int) -> None:
        if turn == self.turn.state.turn:
            self._speak(self._splitter.finish())
            spoken = self._spoken
            self._finish(self._reply)
            self._rule(ReplyBroken(at, turn, spoken))

    # tools

    def _run_tools(self, at: float) -> None:
        turn = self.turn.state.turn
        calls = self.history.with_unique_ids(self._generation.tool_calls)
        self._generation.tool_calls = []
        self._rounds += 1
        if self._rounds > MAX_TOOL_ROUNDS:
            self._model_failed(at, turn)
            return
        self._follow_tools()
        self._round = ToolRound(turn, [call.call_id for call in calls])
        # Recorded before they begin: a successor has to know of each tool that may have done something.
        self.history.tools_called(turn, calls, self.clock.wall())
        self._rule(ToolsRunning(at, turn, running=True))
        context = ToolContext(self.lines.session_id, turn, self.agent.name, self.clock.wall(), self.call, self.about)
        for call in calls:
            self.lines.show(ToolStartedShown(call.call_id, call.name, call.arguments))
            self.lines.tool_runs.start(call, self.tools.get(call.name), context, self.clock)

    def _take_over_tools(self) -> None:
        """Record what became of the tools that the former orchestrator, or the one of another process, began."""
        for turn, call in self.history.unanswered_calls():
            if self.lines.tool_runs.is_running(call.call_id):
                continue
            finished = self.lines.tool_runs.result(call.call_id)
            self._record_result(finished or ToolFinished(turn, call.call_id, call.name, UNKNOWN, 0.0))

    def _tool_finished(self, at: float, message: ToolFinished) -> None:
        if not self._record_result(message):
            return
        round_ = self._round
        if round_ is None or message.turn != round_.turn:
            return
        if message.outcome.keys is not None:
            self._rule(KeysWanted(at, message.outcome.keys))
        if round_.finished(message.call_id):
            self._round = None
            self._rule(ToolsRunning(at, round_.turn, running=False))
            self._ask_model()

    def _record_result(self, finished: ToolFinished) -> bool:
        """Put a tool's result into the conversation; False if it is there already."""
        outcome = finished.outcome
        if not self.history.tool_answered(finished.call_id, outcome.text, finished.turn, self.clock.wall()):
            return False
        self.lines.show(
            ToolEndedShown(finished.call_id, finished.name, outcome.failed, finished.elapsed_ms, outcome.result)
        )
        if finished.turn == self.turn.state.turn:
            match outcome.ending:
                case ToolEnding.END_SESSION:
                    self.lines.checkpoint.ending_after_reply = Ending.NORMAL
                case ToolEnding.HANDOFF:
                    self.lines.checkpoint.ending_after_reply = Ending.HUMAN_HANDOFF
                case ToolEnding.NONE:
                    pass
                case _:
                    assert_never(outcome.ending)
        self._keep()
        self.lines.tool_runs.forget(finished.call_id)
        return True
