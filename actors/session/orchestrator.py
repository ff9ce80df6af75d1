"""The orchestrator: tells turn-taking what happens in a conversation, and carries out what turn-taking orders."""

from collections.abc import Callable

import msgspec

from actors.agent import Agent
from actors.messages.caller import CallOrderFailed, KeyPressed, TextEntered
from actors.messages.lifecycle import SessionOver, TimerFired
from actors.messages.model import ModelFailed, ToolFinished
from actors.messages.playback import PlaybackFailed, PlaybackFinished, PlaybackStopped, ResumePlayback
from actors.messages.transcript import FinalTranscript, InterimTranscript, SpeechContinued
from actors.ports.clock import Clock
from actors.ports.llm import LanguageModel
from actors.rules.guardrail_verdicts import has_topics
from actors.rules.phrases import phrase_of
from actors.rules.turn_taking.effects import (
    BeginPreemptiveReply,
    CancelReply,
    CancelTimer,
    CommitSpeech,
    DiscardPreemptiveReply,
    DiscardSpeech,
    Effect,
    End,
    NoteWords,
    PlaybackOrder,
    RecallSpeech,
    RecognitionOrder,
    Say,
    SetTimer,
    SpeechOrder,
    StartReply,
    TurnReport,
)
from actors.rules.turn_taking.event_rules import TurnEvent
from actors.rules.turn_taking.machine import TurnTaking
from actors.rules.turn_taking.state import Screening, TurnSnapshot
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor
from actors.session import measurements
from actors.session.addresses import Addresses
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.conversation_log import ConversationLog
from actors.session.engine_events import ClauseJudged, ConversationSummarized, ModelPaused, ModelReported
from actors.session.ongoing_conversation import OngoingConversation
from actors.session.plan import SessionPlan
from actors.session.recorded_turn_taking import RecordedTurnTaking
from actors.session.replies.generation import ReplySource
from actors.session.replies.guardrail_model import GuardrailModel
from actors.session.replies.reply_filter import AsItComes, ReplyFilter
from actors.session.replies.reply_maker import ReplyMaker
from actors.session.replies.reply_writer import ReplyWriter
from actors.session.replies.spending import Spending
from actors.session.tools.handoffs import Handoffs
from actors.session.tools.tool_runs import ToolRuns
from actors.session.turn_reports import TurnReports, reply_failed
from actors.session.turn_timers import TurnTimers
from actors.session.turn_trace import TRACED, TurnTrace

OrchestratorMessage = (
    TurnEvent
    | ModelReported
    | ModelPaused
    | ModelFailed
    | ClauseJudged
    | ToolFinished
    | CallOrderFailed
    | ConversationSummarized
)

STREAMED = {SpeechContinued, InterimTranscript}
"""Messages that come while the caller speaks; they are not kept for a successor, which hears that audio again."""


class Orchestrator(SupervisedActor):
    """Owns turn-taking. What it orders is done by others: replies are made, phrases spoken, timers set.

    Args:
        addresses: the supervisor, the recognizer and the synthesizer are reached there.
        checkpoint: what the conversation goes on from, and where it is kept.
        connection: what happens is shown on it.
        tool_runs: the tools under way, also those of a former orchestrator.
        plan: whose agent speaks, with which tools.
        source: called with this actor, makes what answers.
        clock: times and timers.
        trace: the telemetry of the session.
        judge: a language model for the guardrails that are topics.
        writer: takes the replies; None: all of their text is spoken by the synthesizer.
        transcribes: a recognizer gives the words that turn-taking waits for.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        checkpoint: Checkpoint,
        connection: SessionConnection,
        tool_runs: ToolRuns,
        plan: SessionPlan,
        source: Callable[["Orchestrator"], ReplySource],
        clock: Clock,
        trace: Trace,
        judge: LanguageModel,
        writer: ReplyWriter | None = None,
        transcribes: bool = True,
    ) -> None:
        super().__init__("orchestrator", addresses.supervisor, trace)
        self._plan = plan
        self.clock = clock
        self._addresses = addresses
        self._checkpoint = checkpoint
        self._connection = connection
        self.turn = _turn_taking(plan, checkpoint, transcribes=transcribes)
        self._timers = TurnTimers(clock, self.actor_ref)
        self._log = ConversationLog(
            checkpoint=checkpoint,
            turn=self.turn,
            connection=connection,
            supervisor=addresses.supervisor,
            clock=clock,
        )
        self._writer = writer or ReplyWriter(checkpoint, addresses["synthesizer"])
        self._handoffs = Handoffs(plan, checkpoint, addresses.supervisor)
        self._maker = ReplyMaker(
            self._conversation(),
            source=source(self),
            writer=self._writer,
            filters=ReplyFilter(plan.agent) if writer is None else AsItComes(plan.agent),
            tool_runs=tool_runs,
            handoffs=self._handoffs,
            spending=Spending(plan.agent.limits, checkpoint),
            guardrails=GuardrailModel(self, judge, plan.session_id, plan.agent) if has_topics(plan.agent) else None,
        )
        self._turn_trace = TurnTrace(trace, clock)
        self._reports = TurnReports(connection, trace, lambda: self.agent)

    def _conversation(self) -> OngoingConversation:
        return OngoingConversation(
            plan=self._plan,
            turn=self.turn,
            tell_turn_taking=self._tell_turn_taking,
            log=self._log,
            connection=self._connection,
            clock=self.clock,
            trace=self.trace,
        )

    @property
    def agent(self) -> Agent:
        """The agent that has the conversation, as it speaks the language of it."""
        return self._plan.as_agent(self._plan.agent.name, self._checkpoint.language).agent

    def on_start(self) -> None:
        """Greet, or go on from where the former orchestrator was."""
        at = self.clock.now()
        if self._checkpoint.turn is None:
            self._carry_out(self.turn.start(at))
            self._log.keep()
            return
        # Whoever rebuilt the session may not have come to tell that the caller is back.
        self.turn.state.is_cut_off = self._checkpoint.lost is not None
        self._writer.discard()  # what a former one had prepared was not judged
        self._maker.take_over_tools()
        has_text = self._maker.finish_former()
        left_s = self.agent.limits.max_session_s - (at - self._checkpoint.started_at)
        self._carry_out(self.turn.resume(at, left_s, has_text=has_text, owes_answer=self._maker.owes_answer))
        self._log.keep()
        # One that comes twice is stale.
        for report in self._log.unrecorded_reports():
            self.actor_ref.tell(report)

    def on_stop(self) -> None:
        """Keep what the caller was saying, of which nobody was told yet."""
        self._log.keep()

    def on_end(self) -> None:
        """Cancel the timers; the model's stream ends with the tasks of this actor."""
        self._maker.preemptive.close()
        self._timers.close()

    def on_receive(self, message: OrchestratorMessage) -> None:
        """Do what has to be known of the conversation first, then tell turn-taking, and carry out what it orders."""
        # What comes with every window of audio and every token of a reply is looked at first.
        if type(message) in TRACED:
            self._turn_trace.told(message)
        if type(message) is SpeechContinued:
            self._tell_turn_taking(message)
            return
        if type(message) is ModelReported:
            self._maker.model_reported(message)
            return
        match message:
            case InterimTranscript():
                self._connection.show(message)
            case FinalTranscript(text=text, language=language):
                self._log.follow_language(text, language, self._plan)
                self._maker.note_transcript(message)
            case TextEntered() | KeyPressed():
                self._checkpoint.user_active(self.clock.now())
            case PlaybackFinished():
                self._log.playback_finished(message)
            case PlaybackStopped():
                self._log.playback_stopped(message)
            case PlaybackFailed(cut=cut):
                self._log.playback_cut(cut)
            case TimerFired():
                if not self._timers.take_fired(message):
                    return
            case ModelPaused():
                self._maker.model_paused(message)
                return
            case ClauseJudged():
                self._maker.clause_judged(message)
                return
            case ModelFailed():
                self._maker.model_failed(message)
                return
            case ToolFinished():
                self._maker.tool_finished(message)
                return
            case ConversationSummarized():
                self._maker.summaries.take(message)
                self._log.keep()
                return
            case CallOrderFailed(failure):
                self._log.note_failed_order(failure, self.turn.state.turn_number)
                return
            case _:
                pass
        self._tell_turn_taking(message)

    def _tell_turn_taking(self, event: TurnEvent) -> None:
        if (attached := self._connection.attached) is not None:
            self.turn.holdable = attached.lead.is_holdable()
        turn = self.turn
        before = turn.state.failures
        effects = turn.handle(event, self.clock.now())
        if turn.state.failures > before:
            reply_failed(event)
        self._carry_out(effects)
        # What comes many times a second is kept only where it has changed anything, such as paused playback.
        if effects or type(event) not in STREAMED:
            self._log.keep()

    def _carry_out(self, effects: list[Effect]) -> None:
        for effect in effects:
            self._effect(effect)
        self._maker.catch_up()

    def _effect(self, effect: Effect) -> None:
        # Looked at first, and without a pattern: most effects are these.
        if type(effect) is SetTimer:
            self._timers.set(effect.timer, effect.delay_s)
            return
        if type(effect) is CancelTimer:
            self._timers.cancel(effect.timer)
            return
        if isinstance(effect, TurnReport):
            self._reports.report(effect)
            return
        match effect:
            case StartReply():
                self._maker.start(effect)
            case CancelReply():
                self._maker.cancel()
            case BeginPreemptiveReply():
                self._maker.preemptive.begin(effect)
            case DiscardPreemptiveReply(cause):
                self._maker.preemptive.discard(cause)
            case Say(reply=reply, turn=turn, kind=kind, index=index):
                self._writer.say(reply, turn, kind, phrase_of(self.agent, kind, index))
            case NoteWords(text):
                self._log.note_first_words(text)
            case CommitSpeech() | DiscardSpeech() | RecallSpeech():
                self._speech_over(effect)
            case End(ending):
                self._addresses.supervisor.tell(SessionOver(ending))
            case _:
                self._order(effect)

    def _order(self, order: PlaybackOrder | RecognitionOrder) -> None:
        """Hand an order for another actor to that actor."""
        self._turn_trace.ordered(order)
        if isinstance(order, ResumePlayback):
            measurements.reply_resumed()
        name = "recognizer" if isinstance(order, RecognitionOrder) else "synthesizer"
        self._addresses[name].tell(order)

    def _speech_over(self, order: SpeechOrder) -> None:
        """The caller's voice is a turn of theirs, or is none: only of use to a model that hears it."""


def _turn_taking(plan: SessionPlan, checkpoint: Checkpoint, *, transcribes: bool) -> TurnTaking:
    first = TurnSnapshot(screening=Screening() if plan.screens_answerer else None)
    state = msgspec.structs.replace(checkpoint.turn or first)
    if plan.record_step is None:
        return TurnTaking(plan.agent, transcribes=transcribes, state=state)
    return RecordedTurnTaking(plan.agent, plan.record_step, transcribes=transcribes, state=state)
