"""The orchestrator of a session in which a speech-to-speech model hears the caller and speaks."""

import logging
from typing import assert_never

import msgspec

from actors.errors import ErrorKind
from actors.messages.lifecycle import RestartChild, SessionFailed, TimerFired
from actors.messages.model import ModelFailed, ToolFinished
from actors.messages.playback import PlaybackFailed, PlaybackFinished, PlaybackStopped
from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoSpeechRecognized,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
    TurnEndHeard,
)
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.clock import Clock
from actors.ports.llm import LanguageModel
from actors.rules.context_budget import within_budget
from actors.rules.guardrail_verdicts import has_topics
from actors.rules.turn_taking.core import THINKING
from actors.rules.turn_taking.effects import (
    SPOKEN,
    CommitSpeech,
    DiscardSpeech,
    Effect,
    RecallSpeech,
    SpeechOrder,
    StartReply,
)
from actors.rules.turn_taking.state import CallerActivity
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import logger
from actors.session.addresses import Addresses
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.engine_events import ConversationSummarized, RealtimeChecked, RealtimeReported
from actors.session.orchestrator import Orchestrator, OrchestratorMessage
from actors.session.plan import SessionPlan
from actors.session.realtime.caller_speech import CallerSpeech
from actors.session.realtime.realtime_source import RealtimeSource
from actors.session.realtime.realtime_texts import with_well_formed_text
from actors.session.realtime.spoken_reply_writer import SpokenReplyWriter
from actors.session.realtime.spoken_utterances import NOT_ANSWERED
from actors.session.replies.generation import ReplySource
from actors.session.tools.tool_runs import ToolRuns
from actors.session_context import in_language, preamble

MAX_SPOKEN_CHARS = 24_000
"""The most characters of a conversation that a speech-to-speech model is given, whatever the agent's file says: some
twenty minutes of talk. Its context holds 32,000 tokens; a second of the caller's voice takes about ten of them, a
second of its own twenty."""
HEARD_ONLY = (
    "Your earlier messages hold only what the user heard of them."
    f" {SPOKEN} in an earlier message of the user stands for what they said, where the words are not known any more."
)

RealtimeAgentMessage = OrchestratorMessage | RealtimeReported | RealtimeChecked


class RealtimeAgent(Orchestrator):
    """An orchestrator whose replies are spoken by the model that heard the caller. Its turn-taking goes by voice alone.

    Args:
        speech: the caller's voice, also what a former orchestrator was told of it.
        model: the speech-to-speech engine.
        judge: a language model for the guardrails that are topics: the engine only speaks.
        falls_back: the engines of the usual mode take over when the model is given up; else the session ends.

    The other arguments are those of `Orchestrator`.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        checkpoint: Checkpoint,
        connection: SessionConnection,
        speech: CallerSpeech,
        tool_runs: ToolRuns,
        plan: SessionPlan,
        model: port.RealtimeModel,
        judge: LanguageModel,
        falls_back: bool,
        clock: Clock,
        trace: Trace,
    ) -> None:
        assert connection.attached is not None
        self._plan = plan = _within_hearing(plan)
        self._model = model
        self._falls_back = falls_back
        self._speaks_hz = connection.attached.rate_hz
        self._spoken_writer = SpokenReplyWriter(
            checkpoint, addresses["synthesizer"], self._speaks_hz, is_held=has_topics(plan.agent)
        )
        self._speech = speech
        checkpoint.unwritten_reply_unheard()
        super().__init__(
            addresses=addresses,
            checkpoint=checkpoint,
            connection=connection,
            tool_runs=tool_runs,
            plan=plan,
            source=self._source_of,
            clock=clock,
            trace=trace,
            judge=judge,
            writer=self._spoken_writer,
            transcribes=False,
        )

    def _source_of(self, _actor: Orchestrator) -> ReplySource:
        plan = self._plan
        self._source = RealtimeSource(
            actor=self,
            model=self._model,
            options=self._options,
            history=lambda: within_budget(self._log.history.for_the_model(), plan.agent.model.context_chars),
            speech=self._speech,
            writer=self._spoken_writer,
            reply_of=lambda turn: self.turn.reply_of(turn),
            clock=self.clock,
            report=lambda message: self._maker.model_reported(message),
            on_retracted=lambda text: self._maker.retracted(text),
            on_sounding=lambda: self._maker.sounding(),
            on_given_up=self._give_up,
            on_wasted=lambda tokens: self._checkpoint.spent(tokens=tokens),
        )
        return self._source

    def _options(self) -> port.RealtimeOptions:
        plan, agent = self._plan, self.agent
        abilities = self._model.abilities
        finds_ends = abilities.finds_ends
        taken_over = self._handoffs.first_note(self.turn.state.turn_number)
        about = in_language(plan.about, self._checkpoint.language)
        notes = (agent.instructions.strip(), HEARD_ONLY, preamble(about, self.clock.wall()), taken_over)
        return port.RealtimeOptions(
            session_id=plan.session_id,
            instructions="\n\n".join(note for note in notes if note),
            tools=tuple(tool.schema for tool in plan.tools.values()),
            voice=agent.voice,
            rate_hz=plan.rate_hz,
            speaks_hz=self._speaks_hz,
            languages=agent.languages,
            phrases=plan.phrases_expected,
            detect_turns=finds_ends or abilities.detects_turns,
            # As evidence it is of use before the silence is over that ends a turn without it.
            silence_ms=agent.endpointing.min_silence_ms if finds_ends else agent.endpointing.end_silence_ms,
        )

    def on_start(self) -> None:
        """Connect, and greet or go on from where the former orchestrator was."""
        self._source.open()
        super().on_start()
        if self.turn.state.agent not in THINKING and not self.turn.state.asked_again:
            # What a former orchestrator has begun to say of its answer is heard to its end, and is all of it.
            self._speech.utterances.answered()

    def on_end(self) -> None:
        """Close the model's session in the background."""
        self._source.close()
        super().on_end()

    def on_receive(self, message: RealtimeAgentMessage) -> None:
        """Give the model what it is to hear and to forget, then handle the message as every orchestrator does."""
        # What comes with every window of audio is looked at first.
        if type(message) is SpeechContinued:
            self._speech.continued(message.voiced_ms, message.silence_ms)
            super().on_receive(message)
            return
        if isinstance(message, RealtimeReported):
            self._reported(message)
            return
        match message:
            case RealtimeChecked():
                self._source.check()
                return
            case SpeechStarted(onset_ms):
                self._speech.started(onset_ms)
            case FinalTranscript() if self._take_overheard(message):
                return
            case NoSpeechRecognized(end_ms):
                # What the recognizer told while the utterance went on is all of its words: none follow.
                self._take_overheard(FinalTranscript(text="", end_ms=end_ms))
            case ConversationSummarized():
                former = self._log.history.summary
                super().on_receive(message)
                if self._log.history.summary is not former:
                    self._source.shorten()
                return
            case PlaybackStopped(through_reply, cut):
                self._source.stopped(through_reply, cut)
            case PlaybackFailed(cut=position):
                self._source.stopped(position.reply, (position,))
            case PlaybackFinished(reply=reply):
                self._source.heard(reply)
            case _:
                pass
        super().on_receive(message)
        if isinstance(message, PlaybackFinished | TimerFired | ToolFinished):
            self._source.renew_in_silence()

    def _reported(self, message: RealtimeReported) -> None:
        match message.event:
            case SpeechStopped():
                if self._model.abilities.finds_ends:  # a model that goes by silence alone knows no more than we do
                    self._addresses["recognizer"].tell(TurnEndHeard())
            case reported.CallerTranscribed() as event:
                self._transcribed(event)
            case _:
                self._source.on_report(message)

    def _effect(self, effect: Effect) -> None:
        # The first reply of an agent that has taken over answers what was said to the one before it.
        if isinstance(effect, StartReply) and effect.text:
            stands = effect.continues and self._log.history.stands
            self._speech.utterances.asked(effect.turn, continues=effect.continues, stands=stands)
            if stands:
                since = self._log.history.unanswered_since
                effect = msgspec.structs.replace(
                    effect, text=self._speech.utterances.words(effect.turn, effect.text, since=since)
                )
        super()._effect(effect)
        if isinstance(effect, StartReply):
            # Where this asks again, or answers what the model took for complete before, the words may be known by now.
            self._words_known(effect.turn, FinalTranscript(text=""))

    def _speech_over(self, order: SpeechOrder) -> None:
        match order:
            case CommitSpeech(is_answered):
                self._source.catch_up()
                self._speech.commit(is_answered=is_answered)
            case DiscardSpeech(may_be_recalled):
                self._speech.discard(may_be_recalled=may_be_recalled)
            case RecallSpeech():
                self._source.catch_up()
                self._speech.recall()
            case _:
                assert_never(order)

    def _take_overheard(self, final: FinalTranscript) -> bool:
        """Note final words of the parallel recognizer; True if they belong to a turn that was asked about already."""
        whole = self._speech.utterances.with_beginning(final.end_ms, final.text)
        turn = self._speech.utterances.take_overheard(final.end_ms, final.text)
        if turn:
            self._words_known(turn, msgspec.structs.replace(final, text=whole))
        else:
            self._speech.keep_overheard(final.end_ms, final.text)
        return bool(turn)

    def _transcribed(self, event: reported.CallerTranscribed) -> None:
        """Show and record the words of a turn that the model has told; the turn may have been answered already."""
        event = with_well_formed_text(event)
        item_id, transcript = event.item_id, event.transcript
        if isinstance(transcript, InterimTranscript):
            self._connection.show(transcript)
        if not isinstance(transcript, FinalTranscript):
            return
        if turn := self._speech.take_transcript(item_id, transcript.text):
            self._words_known(turn, transcript)

    def _words_known(self, turn: int, transcript: FinalTranscript) -> None:
        self._log.follow_language(transcript.text, transcript.language, self._plan)
        if self.turn.state.screening is not None and transcript.text:
            # Only whether they are a machine's: as voice they are answered already, wherever they lie in its audio.
            self._tell_turn_taking(msgspec.structs.replace(transcript, end_ms=0.0))
        if turn == NOT_ANSWERED:
            return
        history = self._log.history
        before = history.user_text(turn)
        if (words := self._speech.utterances.words(turn, before)) == before:
            return
        history.set_user_words(turn, words)
        self._connection.show(msgspec.structs.replace(transcript, text=transcript.text or words, turn=turn))
        self._log.keep()

    def _give_up(self) -> None:
        """The session goes on with the engines of the usual mode, from where it is, or ends with an apology."""
        if not self._falls_back:
            line = "the speech-to-speech model is given up, and the session ends"
            report_failure(Failure.REALTIME, logger, line, level=logging.ERROR, cause="given up")
            self._tell_turn_taking(SessionFailed())
            return
        line = "fallback in use: the speech-to-speech model is given up, and the session goes on with text"
        report_failure(Failure.FALLBACK, logger, line, level=logging.ERROR, provider="text")
        turn = self.turn.state
        history, number = self._log.history, turn.turn_number
        is_unknown = SPOKEN in history.user_text(number) and not history.tool_rounds(number)
        if turn.caller is not CallerActivity.SILENT:
            # A caller who goes on is answered when they are done: by then the usual recognizer knows how they began,
            # too.
            self._checkpoint.track().unsettle_audio(self._speech.unknown_since)
        if turn.agent in THINKING and is_unknown:
            # What was asked is known to nobody but the model that is gone.
            self._maker.model_failed(ModelFailed(number, ErrorKind.UNAVAILABLE, "nobody else has heard it"))
        elif turn.caller is CallerActivity.SILENT and not is_unknown:
            # What was said may have been acted on: the usual recognizer must not hear it once more.
            track = self._checkpoint.track()
            track.mark_final_owed(is_owed=False)
            track.settle_audio(self._speech.heard_bytes)
        self._checkpoint.give_up_realtime()
        for child in ("recognizer", "orchestrator"):
            self._addresses.supervisor.tell(RestartChild(child))


def _within_hearing(plan: SessionPlan) -> SessionPlan:
    """The plan of a session in which no more of the conversation is read than a model that hears and speaks can."""
    model = plan.agent.model
    chars = min(model.context_chars, MAX_SPOKEN_CHARS)
    model = msgspec.structs.replace(model, context_chars=chars)
    return msgspec.structs.replace(plan, agent=msgspec.structs.replace(plan.agent, model=model))
