"""The synthesizer (TTS): text in, paced audio out. Hosts the engine's stream, the playout and the kept phrases."""

from typing import Any, assert_never

from actors.conversation import UtteranceKind
from actors.errors import ErrorKind
from actors.messages.caller import ConnectionAttached, ConnectionDetached, PlaybackMarked
from actors.messages.playback import (
    BeginReply,
    DiscardText,
    EndAtSentence,
    FinishReply,
    HoldAudio,
    PausePlayback,
    PlayAudio,
    PlaybackCaughtUp,
    PlaybackFailed,
    PlaybackFinished,
    PlaybackStarted,
    PlaybackStopped,
    PlaybackYielded,
    PlayClockTicked,
    PrepareText,
    ProgressChecked,
    ResumePlayback,
    SpeakText,
    StopPlayback,
    TextPlaced,
    WordPlaced,
    YieldPlayback,
)
from actors.ports.clock import Clock
from actors.ports.tts import SpeechSynthesizer, SpokenPhrase
from actors.rules.pending_reply import PendingReply
from actors.rules.playback.frames import Drained
from actors.rules.playback.play_head import MarkState
from actors.rules.turn_taking.state import Interruption
from actors.rules.unicode_text import is_speakable
from actors.runtime.address import Address
from actors.runtime.play_clock import PlayClock
from actors.runtime.session_trace import Trace
from actors.runtime.supervised_actor import SupervisedActor
from actors.session.addresses import Addresses
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.engine_events import SynthesisReported
from actors.session.plan import SessionPlan
from actors.session.synthesis.player import Player, position_of
from actors.session.synthesis.prepared_text import PreparedText
from actors.session.synthesis.reply_synthesis import ReplySynthesis
from actors.session.synthesis.synthesis_progress import SynthesisProgress
from actors.session.synthesis.voice_streams import VoiceStreams

PlaybackDirection = (
    PausePlayback | ResumePlayback | EndAtSentence | PlaybackMarked | ConnectionAttached | ConnectionDetached
)
SynthesizerMessage = (
    PlaybackDirection
    | BeginReply
    | SpeakText
    | PrepareText
    | DiscardText
    | HoldAudio
    | PlayAudio
    | TextPlaced
    | WordPlaced
    | FinishReply
    | StopPlayback
    | YieldPlayback
    | SynthesisReported
    | PlayClockTicked
    | ProgressChecked
)


class Synthesizer(SupervisedActor):
    """Speaks to one user.

    Args:
        addresses: the session's; the supervisor is this actor's parent.
        listener: who is told of playback.
        checkpoint: its pending replies are taken up where the caller stopped hearing them.
        connection: where audio and text are sent.
        engine: text to speech; None when it has failed for good and only the kept phrases can be said.
        plan: the agents, with their voices and kept phrases.
        play_clock: the process's.
    """

    def __init__(
        self,
        *,
        addresses: Addresses,
        listener: Address[Any],
        checkpoint: Checkpoint,
        connection: SessionConnection,
        engine: SpeechSynthesizer | None,
        plan: SessionPlan,
        play_clock: PlayClock,
        clock: Clock,
        trace: Trace,
    ) -> None:
        super().__init__("synthesizer", addresses.supervisor, trace)
        assert connection.attached is not None
        self._listener = listener
        self._checkpoint = checkpoint
        self._connection = connection
        self.clock = clock
        self._player = Player(
            attached=connection.attached,
            checkpoint=checkpoint,
            connection=connection,
            play_clock=play_clock,
            clock=clock,
            on_tick=self._ticked,
            on_started=self._started,
            on_caught_up=self._caught_up,
            on_drained=self._drained,
        )
        self._playout = self._player.playout
        self._engine = VoiceStreams(self, engine, plan, checkpoint, connection.attached.rate_hz)
        self._progress = SynthesisProgress(self, self._engine, self._player, checkpoint, clock)
        self._prepared = PreparedText(self._progress, self._playout)
        self._taken_up: list[int] = []
        """The replies that a former synthesizer had begun: their rest is spoken by the engine, also that of replies
        which the model speaks itself, whose audio is lost."""

    # dispatch

    def on_start(self) -> None:
        """Connect the engine, and take up what a former synthesizer left unsaid."""
        self._engine.open()
        turn = self._checkpoint.turn
        if turn is not None and turn.interruption in (Interruption.HELD, Interruption.YIELDED):
            # The caller speaks or is on hold: what is left to be heard waits for the order to go on.
            self._player.pause()
        for pending in sorted(self._checkpoint.pending_replies.values(), key=lambda s: s.reply):
            self._take_up(pending)

    def on_end(self) -> None:
        """Stop playing and close the engine's stream; what was heard until now is left in the checkpoint."""
        self._player.leave_clock()
        for reply in self._progress.replies:
            self._player.note_heard(reply)
        self._player.drop_audio()
        self._progress.stop()
        self._engine.close()

    def on_receive(self, message: SynthesizerMessage) -> None:
        """Handle an order about playback, a report of the engine, or a tick of the play clock."""
        # Looked at first, and without a pattern: the one comes 50 times a second, the other in bursts.
        if type(message) is PlayClockTicked:
            self._player.tick(message.at_ms)
            return
        if type(message) is SynthesisReported:
            self._progress.on_event(message.event)
            self._prepared.look()
            return
        match message:
            # Those of every turn come first: a pattern that does not match takes long.
            case PlayAudio(reply, pcm):
                self._play(reply, pcm)
            case SpeakText(reply, text):
                self._speak_up_to(reply) if reply in self._taken_up else self._speak(reply, text)
            case BeginReply(reply, turn, kind):
                self._begin(reply, turn, kind)
            case FinishReply(reply):
                self._finish(reply)
            case ProgressChecked():
                self._progress.check()
            case StopPlayback():
                self._stop_playback(message)
            case YieldPlayback():
                self._player.yield_playback(message)
                self._listener.tell(PlaybackYielded())
            case PrepareText():
                self._prepare(message)
            case DiscardText():
                self._prepared.discard()
            case HoldAudio(reply, text_end):
                self._hold(reply, text_end)
            case TextPlaced():
                self._place_text(message)
            case WordPlaced():
                self._place_word(message)
            case _:
                self._direct_playback(message)

    def _direct_playback(self, message: PlaybackDirection) -> None:
        match message:
            case PausePlayback():
                self._player.pause()
            case ResumePlayback():
                self._player.resume()
            case EndAtSentence(turn):
                self._progress.end_at_sentence(turn)
            case PlaybackMarked(turn, audio_ms, state):
                self._playout.mark(turn, audio_ms, MarkState(state), self._player.now_ms)
            case ConnectionAttached():
                self._player.attach(message)
            case ConnectionDetached():
                self._player.detach()
            case _:
                assert_never(message)

    # text

    def _begin(self, reply: int, turn: int, kind: UtteranceKind, text_start: int = 0) -> None:
        if reply <= self._checkpoint.stopped_through or self._prepared.begin(reply) or reply in self._progress.replies:
            return
        self._progress.begin(reply, text_start)
        self._player.begin(reply, kind, turn, text_start)

    def _prepare(self, order: PrepareText) -> None:
        if not self._engine.is_available or order.text in self._engine.kept(order.reply):
            return
        is_first = order.reply not in self._progress.replies
        if is_first:
            self._begin(order.reply, order.turn, order.kind)
        self._prepared.prepare(order, is_first=is_first)

    def _hold(self, reply: int, text_end: int | None) -> None:
        if (track := self._playout.track(reply)) is not None:
            track.held_text = text_end
            self._player.play()

    def _speak(self, reply: int, text: str) -> None:
        speaking = self._progress.replies.get(reply)
        if speaking is None or speaking.failure is not None:
            return
        if self._prepared.speak(reply, text):
            self._player.play()
            return
        if (phrase := self._engine.kept(reply).get(text)) is not None and not speaking.owed:
            self._play_kept(reply, speaking, text, phrase)
        elif not self._engine.is_available:
            self._progress.give_up(reply, ErrorKind.UNAVAILABLE)
        else:
            self._progress.order(reply, text)

    def _play_kept(self, reply: int, speaking: ReplySynthesis, text: str, phrase: SpokenPhrase) -> None:
        begins, begins_ms = speaking.text_start, speaking.audio_start_ms
        self._playout.add_audio(reply, phrase.pcm)
        for word in phrase.words:
            starts, ends = begins + word.text_start, begins + word.text_end
            self._playout.add_word(reply, starts, ends, begins_ms + word.audio_ms)
        speaking.pass_over(len(text), self._player.duration_ms(phrase.pcm))
        self._playout.add_piece(reply, speaking.text_start, speaking.audio_start_ms)
        self._player.play()

    def _play(self, reply: int, pcm: bytes) -> None:
        speaking = self._progress.replies.get(reply)
        if speaking is not None and reply not in self._taken_up:
            # What text-to-speech may have to add, once the model is given up, comes behind it.
            speaking.pass_over(0, self._player.duration_ms(pcm))
            self._playout.add_audio(reply, pcm)
            self._player.play()

    def _place_text(self, placed: TextPlaced) -> None:
        reply, text_end = placed.reply, placed.text_end
        if reply in self._taken_up:
            self._speak_up_to(reply, text_end)
            return
        if placed.is_estimate:
            self._playout.estimate_piece(reply, text_end, placed.audio_ms)
            return
        self._playout.add_piece(reply, text_end, placed.audio_ms)
        self._player.text_ends(reply, text_end)
        speaking = self._progress.replies.get(reply)
        if speaking is not None and text_end > speaking.text_start:
            speaking.pass_over(text_end - speaking.text_start, 0.0)

    def _place_word(self, placed: WordPlaced) -> None:
        if placed.reply not in self._taken_up:
            self._playout.add_word(placed.reply, placed.text_start, placed.text_end, placed.audio_ms)

    def _finish(self, reply: int) -> None:
        speaking = self._progress.replies.get(reply)
        if speaking is None or speaking.failure is not None or speaking.has_end:
            return
        if self._prepared.is_of(reply):
            self._prepared.discard()
        if speaking.owed:
            self._progress.order(reply, None)
        else:
            self._playout.end(reply)
            self._player.play()

    def _take_up(self, pending: PendingReply) -> None:
        """Speak the unheard rest of a reply, from the beginning of the piece in which the caller stopped hearing it."""
        self._taken_up.append(pending.reply)
        self._begin(pending.reply, pending.turn, pending.kind, pending.resume_at)
        if rest := pending.text[pending.resume_at :]:
            self._speak(pending.reply, rest)
        if pending.finished:
            self._finish(pending.reply)

    def _speak_up_to(self, reply: int, text_end: int | None = None) -> None:
        """Speak what was written since of a reply that was taken up, and no more of it than still belongs to it.

        What is told after this actor was made and before its first turn is taken up then, and not spoken twice.
        """
        speaking, pending = self._progress.replies.get(reply), self._checkpoint.pending_replies.get(reply)
        if speaking is None or pending is None:
            return
        if rest := pending.text[speaking.ordered_text : text_end]:
            self._speak(reply, rest)
        elif len(pending.text) < speaking.ordered_text:
            self._progress.end_at(reply, len(pending.text))

    # playback

    def _ticked(self, at_ms: float) -> None:
        put_now = self.actor_inbox.put_now  # looked up for itself, as in `LiveSession.push_audio`
        put_now(PlayClockTicked(at_ms))

    def _started(self, reply: int) -> None:
        self._listener.tell(PlaybackStarted(reply))

    def _drained(self, drained: Drained) -> None:
        hearing = drained.hearing
        speaking = self._progress.forget(hearing.reply)
        if speaking is None:
            return
        if speaking.failure is not None:
            self._listener.tell(PlaybackFailed(hearing.reply, speaking.failure, position_of(hearing)))
            return
        pending = self._checkpoint.pending_replies.get(hearing.reply)
        is_heard = hearing.audio_ms > 0 or pending is None or is_speakable(pending.text)
        text_end = hearing.text_end if is_heard else 0
        finished = PlaybackFinished(
            reply=hearing.reply, precision=hearing.precision, heard_ms=hearing.audio_ms, text_end=text_end
        )
        self._checkpoint.playback_finished(finished)
        self._listener.tell(finished)

    def _caught_up(self, reply: int) -> bool:
        """Report that all that was written of a reply was heard, unless the engine still owes audio of it."""
        speaking = self._progress.replies.get(reply)
        if speaking is None or speaking.owes_audio or speaking.failure is not None:
            return False
        if self._playout.flush(reply):
            return False
        self._listener.tell(PlaybackCaughtUp(reply))
        return True

    def _stop_playback(self, order: StopPlayback) -> None:
        cut = self._player.stop(order)
        for reply in [r for r in self._progress.replies if r <= order.through_reply]:
            self._progress.forget(reply)
        self._listener.tell(PlaybackStopped(order.through_reply, cut))
