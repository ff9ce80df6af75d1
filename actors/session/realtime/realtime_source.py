"""The replies of a speech-to-speech model: one session of it at a time, which is replaced when it is lost."""

from collections.abc import Callable, Iterable, Sequence

import msgspec

from actors.agent import Voice
from actors.conversation import ChatMessage
from actors.messages.playback import PlaybackPosition
from actors.ports import realtime as port
from actors.ports import realtime_events as reported
from actors.ports.clock import Clock
from actors.ports.llm import ModelRequest, ReplyGenerated, ToolCalled
from actors.rules.realtime.failures import LOST, REFUSED, Remedy, bounded, of_response, pause_s
from actors.rules.realtime.progress import Overdue, RealtimeProgress, RealtimeState
from actors.runtime.failure_counters import Failure, report_failure
from actors.runtime.session_trace import Stage, peer_of
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.runtime.telemetry import count_cut_reply
from actors.session.due_timer import DueTimer
from actors.session.engine_events import ModelReported, RealtimeChecked, RealtimeReported
from actors.session.realtime.caller_speech import CallerSpeech
from actors.session.realtime.realtime_connection import RealtimeConnection
from actors.session.realtime.realtime_memory import RealtimeMemory, until_speech
from actors.session.realtime.realtime_reply import RealtimeReply
from actors.session.realtime.realtime_texts import with_well_formed_text
from actors.session.realtime.realtime_writing import WritingModel
from actors.session.realtime.spoken_reply import MADE_OF_RESPONSE, MadeOfResponse, SpokenReply
from actors.session.realtime.spoken_reply_writer import SpokenReplyWriter
from actors.session.replies.summaries import log_failure, summarize
from protocol.realtime.failure_kinds import FailureKind

MADE = (*MADE_OF_RESPONSE, reported.ResponseGoesOn)
"""Events of a response that is being made."""


class RealtimeSource:
    """Makes the replies of one conversation, in sessions of a speech-to-speech model. Implements `ReplySource`.

    Args:
        actor: whose tasks and messages are used: it is told `RealtimeReported`, `RealtimeChecked` and `ModelFailed`.
        model: the engine.
        options: called for what a new session is asked for, without its history.
        history: called for the conversation that a new session begins with.
        speech: the caller's voice.
        writer: takes the audio.
        reply_of: called with a turn, the number of its reply.
        clock: the time, and the timer of the watch.
        report: told each event of the reply, as that of a model which only writes.
        on_retracted: called with the text of the reply that is left when the audio of the rest will not come.
        on_sounding: called when words may be heard that were not written yet.
        on_given_up: called when the model cannot be used any more; the cause is in the log.
        on_wasted: called with the tokens of a response that was cancelled.
    """

    def __init__(
        self,
        *,
        actor: SupervisedActor,
        model: port.RealtimeModel,
        options: Callable[[], port.RealtimeOptions],
        history: Callable[[], Sequence[ChatMessage]],
        speech: CallerSpeech,
        writer: SpokenReplyWriter,
        reply_of: Callable[[int], int],
        clock: Clock,
        report: Callable[[ModelReported], None],
        on_retracted: Callable[[str], None],
        on_sounding: Callable[[], None],
        on_given_up: Callable[[], None],
        on_wasted: Callable[[int], None],
    ) -> None:
        self.stream = 0
        self._actor = actor
        self._trace = actor.trace
        self._model = model
        self._connection = RealtimeConnection(actor, model, self._options_with_history, self._opened)
        self._options = options
        self._history = history
        self._speech = speech
        self._reply_of = reply_of
        self._clock = clock
        self._on_given_up = on_given_up
        self._on_wasted = on_wasted
        self._voice = Voice()
        """The voice of the session, which stays the same as long as the session lasts."""
        self._progress = RealtimeProgress()
        self._memory = RealtimeMemory()
        self._spoken = SpokenReply(self._memory, writer, on_retracted, on_sounding)
        self._reply = RealtimeReply(actor, self._spoken, speech, clock, report)
        self._check = DueTimer(clock, actor.actor_ref, RealtimeChecked())

    @property
    def tool_calls(self) -> list[ToolCalled]:
        """The tools that the model wants, until they are run."""
        return self._reply.tool_calls

    @tool_calls.setter
    def tool_calls(self, calls: list[ToolCalled]) -> None:
        self._reply.tool_calls = calls

    # the session

    def open(self) -> None:
        """Open a session, with all that was said; the former one is closed."""
        self._disconnect()
        self._progress.connect(self._clock.now())
        self._connection.open()
        self._watch()

    def close(self) -> None:
        """Close the session, if there is one, and wait for nothing more."""
        self._disconnect()
        self._check.cancel()

    def _disconnect(self) -> None:
        self._speech.connect(None)
        self._memory.connect(None)
        self._connection.close()

    def _options_with_history(self) -> port.RealtimeOptions:
        # What was spoken and not answered is given to the session as sound. What followed it, such as the results of
        # tools, is told when a response is asked for, so that each has its place.
        history = until_speech(self._history(), self._speech.utterances.turns_to_hear)
        return msgspec.structs.replace(self._options(), history=history)

    def _opened(self, session: port.RealtimeSession, options: port.RealtimeOptions) -> None:
        self._voice = options.voice
        self._progress.note_opened(self._clock.now())
        self._memory.connect(session, options.history)
        self._speech.connect(session)
        self._respond()

    def _lost(self, kind: FailureKind, detail: str, retry_after_s: float | None = None) -> None:
        """The session is gone: another one goes on with what was heard."""
        self._progress.note_lost(self._clock.now())
        self._remedy(LOST[kind], detail, retry_after_s)

    def _remedy(self, remedy: Remedy, detail: str, retry_after_s: float | None = None) -> None:
        """Do what helps against a failure, or give the model up where that has not helped often enough."""
        if remedy is Remedy.APOLOGISE:
            self._reply_refused(detail)
        if remedy in (Remedy.NOTHING, Remedy.APOLOGISE):
            return
        now, failures = self._clock.now(), self._progress.count_failure()
        remedy = bounded(remedy, failures)
        if remedy is Remedy.GIVE_UP:
            self._reply.retract()
            self._disconnect()
            self._progress.give_up(now)
            self._on_given_up()
        elif remedy is Remedy.RENEW:
            self._renew(pause_s(remedy, failures, retry_after_s))
        elif remedy is Remedy.ASK_LATER:
            self._reply.retract()
            self._progress.note_limit(now + pause_s(remedy, failures, retry_after_s), now)
            self._respond()

    def _renew(self, delay_s: float) -> None:
        self._reply.retract()
        self._disconnect()
        self._progress.pause(self._clock.now(), delay_s)
        self._watch()

    def renew_in_silence(self) -> None:
        """Replace a session that is about to expire, if nothing is being said."""
        progress = self._progress
        is_silent = self._reply.request is None and not self._memory.is_being_heard
        if progress.is_expiring and is_silent and progress.state is RealtimeState.LISTENING:
            self.open()

    def summarize(self, request: ModelRequest) -> bool:
        """Have the summary written in a session of its own, apart from the conversation's: told as
        `ConversationSummarized`."""
        model = WritingModel(self._model)
        self._actor.spawn(summarize(model, request, self._actor.actor_ref), "summary", log_failure)
        return True

    def shorten(self) -> None:
        """Go on in a session that begins with the summary, from the next silence on: this one has every word."""
        self._progress.is_expiring = True
        self.renew_in_silence()

    # the reply

    def start(self, request: ModelRequest) -> None:
        """Have the model answer all that it was told, as soon as it can."""
        self._trace.peers[Stage.MODEL] = peer_of(self._model)
        self._reply.begin(request, self._reply_of(request.turn))
        self._respond()

    def cancel(self) -> None:
        """Have nothing more made of the reply in hand; what comes of it still is dropped."""
        self._reply.cancel()
        response_id = self._progress.cancel(self._clock.now())
        if response_id and self._connection.session is not None:
            self._connection.session.cancel(response_id)
        self._watch()

    def catch_up(self) -> None:
        """Tell the session what was said since it was asked last, which comes before what the caller says next."""
        if self._connection.session is not None:
            self._memory.tell(self._history(), self._speech.utterances.turns_to_hear, self._speech.utterances.beside)

    def _respond(self) -> None:
        session, request, now = self._connection.session, self._reply.request, self._clock.now()
        if session is not None and request is not None and self._progress.try_to_ask(now):
            options = self._options()
            if options.voice != self._voice:  # the agent goes on in another language
                self.open()
                return
            self._memory.tell(request.messages, self._speech.utterances.turns_to_hear, self._speech.utterances.beside)
            order = self._spoken.order(options.instructions, may_call_tools=request.may_call_tools)
            self._progress.note_asked(session.respond(order), now)
        self._watch()

    def stopped(self, through_reply: int, cut: Iterable[PlaybackPosition]) -> None:
        """Have the model forget what was not heard of the replies up to this number."""
        if not self._memory.stopped(through_reply, cut):
            # Another session is told the conversation as it was heard.
            self._progress.is_expiring = True

    def heard(self, reply: int) -> None:
        """Note that nothing more of this reply will be heard: its items need not be cut any more."""
        self._memory.heard(reply)

    # what the session reports

    def on_report(self, message: RealtimeReported) -> None:
        """Take up one event of the session."""
        if not self._connection.has_reported(message) or self._progress.state is RealtimeState.GIVEN_UP:
            return
        now, event = self._clock.now(), message.event
        # Nearly all that is reported: it is looked at first.
        if isinstance(event, MADE):
            if self._progress.note_output(event.response_id, now):
                self._made(with_well_formed_text(event), now)
            # The next of it is owed later than before: the timer for that is set already.
            return
        match event:
            case reported.CallerCommitted(item_id=item_id, end_ms=end_ms):
                self._speech.committed(item_id, end_ms)
            case reported.ResponseStarted(response_id, request):
                if not self._progress.note_started(response_id, request, now) and self._connection.session is not None:
                    self._connection.session.cancel(response_id)
            case reported.ResponseFinished():
                self._finished(event)
            case reported.RealtimeFailed():
                self._failed(event)
            case reported.RateLimited(remaining=remaining, reset_s=reset_s):
                if remaining <= 0:
                    self._progress.note_limit(now + reset_s, now)
            case reported.RealtimeExpiring():
                self._progress.is_expiring = True
                self.renew_in_silence()
            case reported.RealtimeClosed(kind, detail, retry_after_s):
                self._lost(kind, detail, retry_after_s)
            case _:
                pass
        self._watch()

    def _made(self, event: MadeOfResponse | reported.ResponseGoesOn, now: float) -> None:
        bound = self._reply.take(event)
        if self._reply.is_complete and not isinstance(event, reported.ResponseGoesOn):
            self._progress.note_complete(now)
            self._watch()
        if bound:
            logger.warning("a reply was cut: it had more than %s", bound)
            count_cut_reply()
            self._reply.drop_unspoken()
            self._reply.finish(ReplyGenerated(cut=True))
            self.cancel()

    def _finished(self, event: reported.ResponseFinished) -> None:
        former = self._progress.note_finished(event.response_id, self._clock.now())
        if former in (RealtimeState.SPEAKING, RealtimeState.ENDING):
            self._ended(event)
        else:
            self._on_wasted(event.prompt_tokens + event.completion_tokens)
            if former is not None:
                self._respond()

    def _ended(self, event: reported.ResponseFinished) -> None:
        """A response has come to its end, by itself or not."""
        remedy = of_response(event.status, event.failure)
        if remedy is Remedy.NOTHING:
            self._progress.note_success()
            if event.status is not reported.ResponseStatus.COMPLETED:
                # Of its text only what has come as audio is kept.
                self._reply.drop_unspoken()
            self._reply.finish(ReplyGenerated(event.prompt_tokens, event.completion_tokens))
            return
        if remedy is not Remedy.APOLOGISE:  # turn-taking reports an apology, as any reply that has failed
            report_failure(
                Failure.REALTIME,
                logger,
                "a response of the speech-to-speech model has failed: %s",
                event.detail,
                cause="response",
            )
        self._remedy(remedy, event.detail or event.status.value)

    def _failed(self, event: reported.RealtimeFailed) -> None:
        if event.operation is reported.Operation.COMMIT:
            self._speech.commit_failed()
        remedy = REFUSED[event.kind]
        is_occupied = remedy is Remedy.ASK_WHEN_FREE
        if event.request and self._progress.note_refused(event.request, self._clock.now(), is_occupied=is_occupied):
            self._remedy(remedy, event.detail, event.retry_after_s)
        else:
            self._respond()  # the order that has failed was not wanted any more, and another one may wait for its end

    def _reply_refused(self, detail: str) -> None:
        """The reply has failed, and would again. Another session is not told what the caller said in its turn."""
        if self._reply.refuse(detail):
            self._progress.is_expiring = True

    # what is owed

    def _watch(self) -> None:
        """Set the timer of what is owed next: `check` is called when it is due."""
        self._check.watch(self._progress.due)

    def check(self) -> None:
        """Do what is to be done if what is owed has not come."""
        if self._check.take_fired(self._progress.due):
            match self._progress.overdue:
                case Overdue.CONNECT:
                    self.open()
                case Overdue.ASK:
                    self._progress.end_limit(self._clock.now())
                    self._respond()
                case Overdue.CONCLUDE:
                    line = "a response of the speech-to-speech model is taken for complete: its end was not reported"
                    report_failure(Failure.REALTIME, logger, line, cause="no end")
                    self._reply.finish(ReplyGenerated())
                    self.open()
                case Overdue.REPLACE:
                    what = f"a speech-to-speech session has stalled: it is {self._progress.state} for too long"
                    report_failure(Failure.REALTIME, logger, "%s", what, cause="stall")
                    self._progress.note_stalled()
                    self._lost(FailureKind.TRANSIENT, what)
        self._watch()
