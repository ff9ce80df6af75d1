"""The orchestrator: the shell round the rules of turns. It turns messages into events, and effects into orders."""

from typing import assert_never

import msgspec

from actors.agent import Agent
from actors.call_line import CallLine
from actors.conversation import Heard, Said
from actors.generation import Generation, ToolRound
from actors.history import History, whole_words
from actors.lines import SessionLines, SpokenReply
from actors.messages import (
    BeginReply,
    EndSession,
    FinalHeard,
    FinishReply,
    FloorShown,
    HeardReply,
    HoldEnded,
    HoldStarted,
    InterruptRequested,
    KeyPressed,
    ModelFailed,
    ModelTold,
    NoiseEnded,
    NothingHeard,
    PartialHeard,
    PausePlayout,
    PlayoutDrained,
    PlayoutFailed,
    PlayoutStarted,
    PlayoutStopped,
    ReopenRecognition,
    ReplyHeardShown,
    Resumed,
    ResumePlayout,
    SessionOver,
    SpeakText,
    StopPlayout,
    TextTyped,
    TimerFired,
    ToolEndedShown,
    ToolFinished,
    ToolStartedShown,
    TroubleFound,
    TurnMeasured,
    TurnRecorded,
    UserFinalShown,
    UserPartialShown,
    VoiceEnded,
    VoiceProgressed,
    VoiceStarted,
)
from actors.ports import (
    Clock,
    LanguageModel,
    MemoryUpdated,
    ModelRequest,
    ReplyGenerated,
    TextGenerated,
    ToolCalled,
)
from actors.ports import Timer as ClockTimer
from actors.sentences import SentenceSplitter, following
from actors.session_actor import SessionActor
from actors.telemetry import Trace
from actors.tools import AnyTool, OnInterruption, ToolContext
from actors.tools import Ending as ToolEnding
from actors.turn import SAY_AGAIN, Turn
from actors.turn_events import (
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
from actors.turn_state import TurnState

OrchestratorMessage = (
    VoiceStarted
    | VoiceProgressed
    | VoiceEnded
    | NoiseEnded
    | PartialHeard
    | FinalHeard
    | NothingHeard
    | TextTyped
    | KeyPressed
    | HoldStarted
    | HoldEnded
    | InterruptRequested
    | PlayoutStarted
    | PlayoutDrained
    | PlayoutStopped
    | PlayoutFailed
    | ModelTold
    | ModelFailed
    | ToolFinished
    | TimerFired
    | EndSession
    | TroubleFound
)

MAX_TOOL_ROUNDS = 6


class Orchestrator(SessionActor):
    """Owns the turn rules, the conversation, the model's stream and the tools.

    Args:
        lines: the session's lines.
        agent: who speaks.
        model: what answers.
        tools: by name, those the agent may use.
        clock: time.
        session_left_s: seconds until the session has to end, for an orchestrator that goes on from `lines.resumed`.
        call: the telephone line, for the tools; None in a browser.
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
        call: CallLine | None = None,
    ) -> None:
        super().__init__("orchestrator", lines.session, trace)
        self.lines = lines
        self.agent = agent
        self.tools = tools
        self.clock = clock
        self.session_left_s = session_left_s
        self.call = call
        resumed = lines.resumed
        state = resumed.turn if resumed else TurnState()
        self.turn = Turn(agent, state=msgspec.structs.replace(state))
        self.history = History(resumed.messages, resumed.memory) if resumed else History()
        self._timers: dict[Timer, tuple[int, ClockTimer]] = {}
        self._serial = 0
        self._splitter = SentenceSplitter()
        self._said_before_tools = ""
        """Until the model goes on: what it says then follows these words."""
        self._generation = Generation(self, model)
        self._round: ToolRound | None = None
        self._rounds = 0
        self._reply = 0
        self._ending: Ending | None = None
        self._confidence = 1.0

    # dispatch

    def on_start(self) -> None:
        """Greet, or go on from where the former orchestrator was."""
        if self.lines.resumed is None:
            self._rule(Started(self.clock.now()))
            return
        self._resume_replies()
        self._carry_out(self.turn.resume(self.clock.now(), self.session_left_s))
        self._keep()

    def on_receive(self, message: OrchestratorMessage) -> None:
        """One message, one event."""
        at = self.clock.now()
        match message:
            case VoiceStarted():
                self._rule(VoiceOnset(at))
            case VoiceProgressed(voiced_ms, silence_ms):
                self._rule(VoiceGoesOn(at, voiced_ms, silence_ms))
            case VoiceEnded(silence_ms=silence_ms):
                self._rule(VoiceOver(at, silence_ms))
            case NoiseEnded():
                self._rule(NoiseOver(at))
            case PartialHeard(text):
                self.lines.show(UserPartialShown(text))
                self._rule(PartialText(at, text))
            case FinalHeard(text, _, end_ms, confidence):
                self._confidence = min(self._confidence, confidence)
                self._rule(FinalText(at, text, end_ms))
            case NothingHeard():
                self._rule(NoText(at))
            case TextTyped(text):
                self._rule(Typed(at, text))
            case KeyPressed(key):
                self._rule(Key(at, key))
            case HoldStarted():
                self._rule(OnHold(at))
            case HoldEnded():
                self._rule(OffHold(at))
            case InterruptRequested():
                self._rule(Interrupt(at))
            case PlayoutStarted(reply):
                self._rule(SoundStarted(at, reply))
            case PlayoutDrained():
                self._drained(at, message)
            case PlayoutStopped(through_reply, cut):
                self._stopped(through_reply, cut)
                self._rule(SoundStopped(at, sum(reply.heard_ms for reply in cut)))
            case PlayoutFailed(reply, _, cut):
                self._cut((cut,))
                self._rule(SoundFailed(at, reply))
            case ModelTold():
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
            case TroubleFound():
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
        self.lines.resumed = Resumed(
            msgspec.structs.replace(self.turn.state), tuple(self.history.messages), self.history.memory
        )

    # effects

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            self._effect(effect)

    def _effect(self, effect: Effect) -> None:
        match effect:
            case Pause():
                self.lines.synthesizer.tell(PausePlayout())
            case Resume():
                self.lines.synthesizer.tell(ResumePlayout())
            case Stop(turn, through_reply, reason):
                self.lines.synthesizer.tell(StopPlayout(turn, through_reply, reason))
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

    def _phrase(self, kind: Said, index: int) -> str:
        phrases = self.agent.phrases
        match kind:
            case Said.GREETING:
                return self.agent.greeting
            case Said.FILLER:
                return phrases.fillers[index % len(phrases.fillers)] if phrases.fillers else phrases.hold_on
            case Said.PROMPT:
                return phrases.no_input[index]
            case Said.APOLOGY:
                return phrases.say_again if index == SAY_AGAIN else phrases.apology
            case Said.GOODBYE:
                return phrases.goodbye
            case Said.REPLY:
                raise AssertionError("can't happen because replies are written by the model")
            case _:
                assert_never(kind)

    def _say(self, reply: int, turn: int, kind: Said, text: str) -> None:
        self._begin(reply, turn, kind)
        self._write(reply, text)
        self._finish(reply)

    def _begin(self, reply: int, turn: int, kind: Said) -> None:
        self.lines.spoken[reply] = SpokenReply(reply, turn, kind)
        self.lines.synthesizer.tell(BeginReply(reply, turn, kind))

    def _write(self, reply: int, text: str) -> None:
        self.lines.spoken[reply].pieces.append(text)
        self.lines.synthesizer.tell(SpeakText(reply, text))

    def _finish(self, reply: int) -> None:
        if (spoken := self.lines.spoken.get(reply)) is not None:
            spoken.finished = True
            self.lines.synthesizer.tell(FinishReply(reply))

    def _resume_replies(self) -> None:
        """What was being written when the former orchestrator ended is spoken as far as it goes."""
        for spoken in self.lines.spoken.values():
            if not spoken.finished:
                self._finish(spoken.reply)

    # what was heard

    def _drained(self, at: float, message: PlayoutDrained) -> None:
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

    def _record_heard(self, spoken: SpokenReply, text: str, heard: Heard, *, interrupted: bool) -> None:
        text = text.strip()
        self.history.was_heard(spoken, text, heard, self.clock.wall(), interrupted=interrupted)
        self.lines.show(ReplyHeardShown(spoken.turn, spoken.kind, text, heard, interrupted))
        self._keep()
        self.lines.session.tell(TurnRecorded(spoken.turn))

    # the model

    def _start_reply(self, effect: StartReply) -> None:
        self.trace.turn_started(effect.turn)
        self.history.user_said(
            effect.text, effect.turn, self.clock.wall(), continues=effect.continues, confidence=self._confidence
        )
        self.lines.show(UserFinalShown(effect.turn, effect.text, self._confidence))
        self._confidence = 1.0
        self._reply, self._rounds, self._round = effect.reply, 0, None
        self._splitter, self._said_before_tools = SentenceSplitter(), ""
        self._ask_model()

    def _ask_model(self) -> None:
        spoken = self.lines.spoken.get(self._reply)
        prelude = spoken.text.strip() if spoken is not None and self._rounds > 0 else ""
        request = ModelRequest(
            session_id=self.lines.session_id,
            turn=self.turn.state.turn,
            agent=self.agent,
            messages=self.history.for_the_model(prelude),
            tools=tuple(tool.schema for tool in self.tools.values()),
            memory=self.history.memory,
        )
        self._generation.start(request)

    def _cancel_reply(self) -> None:
        """Silence has been ordered already; now nothing more is made."""
        self._generation.cancel()
        if self._round is not None:
            self._round.cancel()
            self._round = None
        self._finish(self._reply)

    def _model_told(self, at: float, message: ModelTold) -> None:
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
            case ReplyGenerated(prompt_tokens, completion_tokens):
                self.trace.model_used(prompt_tokens, completion_tokens)
                self._speak(self._splitter.finish())
                self._generated(at)
            case _:
                assert_never(message.event)

    def _speak(self, pieces: list[str]) -> None:
        for piece in pieces:
            if self._reply not in self.lines.spoken:
                self._begin(self._reply, self.turn.state.turn, Said.REPLY)
            self._write(self._reply, piece)

    @property
    def _spoken(self) -> bool:
        """Whether any text of the reply in hand is on its way."""
        spoken = self.lines.spoken.get(self._reply)
        return spoken is not None and bool(spoken.text.strip())

    def _generated(self, at: float) -> None:
        if self._generation.tool_calls and self._ending is None:
            self._run_tools(at)
            return
        turn, spoken = self.turn.state.turn, self._spoken
        self._finish(self._reply)
        if self._ending is not None:
            ending, self._ending = self._ending, None
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
        calls = self._generation.tool_calls
        self._generation.tool_calls = []
        self._rounds += 1
        if self._rounds > MAX_TOOL_ROUNDS:
            self._model_failed(at, turn)
            return
        spoken = self.lines.spoken.get(self._reply)
        self._splitter, self._said_before_tools = SentenceSplitter(), spoken.text if spoken is not None else ""
        self._round = ToolRound(turn, calls)
        self.history.tools_called(turn, calls, self.clock.wall())
        self._rule(ToolsRunning(at, turn, running=True))
        context = ToolContext(self.lines.session_id, turn, self.agent.name, self.clock.wall(), self.call)
        for call in calls:
            self.lines.show(ToolStartedShown(call.call_id, call.name, call.arguments))
            work = self._round.run(call, self.tools.get(call.name), context, self.clock, self._tell_self)
            task = self.spawn(work, f"tool.{call.name}")
            if (tool := self.tools.get(call.name)) is None or tool.on_interruption is OnInterruption.CANCEL:
                self._round.cancellable[call.call_id] = task

    def _tell_self(self, message: ToolFinished) -> None:
        self.actor_ref.tell(message)

    def _tool_finished(self, at: float, message: ToolFinished) -> None:
        self.lines.show(
            ToolEndedShown(
                message.call_id, message.name, message.outcome.failed, message.elapsed_ms, message.outcome.result
            )
        )
        self.history.tool_answered(message.call_id, message.outcome.text, message.turn, self.clock.wall())
        self._keep()
        round_ = self._round
        if round_ is None or message.turn != round_.turn:
            return
        if message.outcome.keys is not None:
            self._rule(KeysWanted(at, message.outcome.keys))
        match message.outcome.ending:
            case ToolEnding.END_SESSION:
                self._ending = Ending.NORMAL
            case ToolEnding.HANDOFF:
                self._ending = Ending.HUMAN_HANDOFF
            case ToolEnding.NONE:
                pass
            case _:
                assert_never(message.outcome.ending)
        if round_.finished(message.call_id):
            self._round = None
            self._rule(ToolsRunning(at, round_.turn, running=False))
            self._ask_model()
