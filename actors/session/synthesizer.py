"""The synthesizer: text in, paced audio out. Hosts the engine's stream, the playout and the kept phrases."""

import asyncio
import math
from collections.abc import Mapping
from typing import Any, assert_never

import msgspec

from actors.agent import Voice
from actors.conversation import UtteranceKind
from actors.errors import ErrorKind, SynthesizerError
from actors.messages.caller import ConnectionAttached, ConnectionDetached, PlaybackMarked, Transport
from actors.messages.output import AudioDiscarded, AudioFrame, PlaybackPaused, PlaybackResumed, ReplyText
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
    PlayClockTicked,
    ProgressChecked,
    ResumePlayback,
    SpeakText,
    StopPlayback,
    YieldPlayback,
)
from actors.messages.transcript import LevelSent
from actors.ports.clock import Clock, Timer
from actors.ports.tts import (
    AudioSynthesized,
    PieceSynthesized,
    SpeechSynthesizer,
    SpokenPhrase,
    Synthesis,
    SynthesisEvent,
    SynthesisFailed,
    SynthesisFinished,
    WordSynthesized,
)
from actors.rules.audio import FLOOR_DB
from actors.rules.pending_reply import PendingReply
from actors.rules.playback.play_head import MarkState
from actors.rules.playback.playout import Drained, Frame, Hearing, Playout
from actors.rules.unicode_text import is_speakable
from actors.runtime.address import Address
from actors.runtime.closing import close_in_background
from actors.runtime.play_clock import PlayClock, Seat
from actors.runtime.supervised_actor import SupervisedActor
from actors.runtime.telemetry import Trace
from actors.session.addresses import Addresses
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection
from actors.session.engine_events import SynthesisReported

SynthesizerMessage = (
    BeginReply
    | SpeakText
    | FinishReply
    | PausePlayback
    | ResumePlayback
    | StopPlayback
    | YieldPlayback
    | EndAtSentence
    | PlaybackMarked
    | ConnectionAttached
    | ConnectionDetached
    | SynthesisReported
    | PlayClockTicked
    | ProgressChecked
)

OPEN_TIMEOUT_S = 5.0
STALL_S = 2.5
"""An engine that owes audio and has told nothing for so long has failed."""
CHECK_S = 0.5
LEVEL_MS = 60.0
"""How much longer than `endpointing.ECHO_MS` a loud frame of ours may count as an echo; three frames, one message."""
FIRST_TICK_MS = 21.0
"""From the first frames to the next tick: a period and a hair, so that the lead is full when it comes."""


class Synthesizer(SupervisedActor):
    """Speaks to one user.

    Args:
        addresses: the session's; the supervisor is this actor's parent, the recognizer is told how loud we are.
        listener: who is told of playback.
        checkpoint: its pending replies are taken up where the user stopped hearing them.
        connection: where audio and text are sent.
        engine: text to speech; None when it has failed for good and only the kept phrases can be said.
        voice: the agent's.
        kept: phrases by text, at the connection's rate.
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
        voice: Voice,
        kept: Mapping[str, SpokenPhrase],
        play_clock: PlayClock,
        clock: Clock,
        trace: Trace,
    ) -> None:
        super().__init__("synthesizer", addresses.supervisor, trace)
        assert connection.attached is not None
        self._recognizer = addresses["recognizer"]
        self._listener = listener
        self._checkpoint = checkpoint
        self._connection = connection
        self.engine = engine
        self.voice = voice
        self.kept = kept
        self.play_clock = play_clock
        self.clock = clock
        self._attached = connection.attached
        self._playout = Playout(self._attached.rate_hz, self._attached.lead, self._attached.frame_ms)
        self._seat: Seat | None = None
        self._stream = 0
        self._synthesis: Synthesis | None = None
        self._unsent: list[tuple[int, str | None]] = []
        self._speaking: dict[int, _Speaking] = {}
        self._level_told_at_ms, self._level_told_db, self._loudest_db = -math.inf, FLOOR_DB, FLOOR_DB
        self._told_at = 0.0
        self._is_silenced = False
        """Playback was yielded: the client has thrown its audio away already, and a stop tells it no second time."""
        self._check: Timer | None = None

    # dispatch

    def on_start(self) -> None:
        """Connect the engine, and take up what a former synthesizer left unsaid."""
        if self.engine is not None:
            self._stream += 1
            self.spawn(self._connect(self.engine, self._stream), "open")
        for pending in sorted(self._checkpoint.pending_replies.values(), key=lambda s: s.reply):
            self._take_up(pending)

    def on_end(self) -> None:
        """Nothing is played or made any more; what was heard until now is left for whoever goes on, or ends."""
        self._leave_seat()
        at_ms = self._now_ms()
        for reply in self._speaking:
            self._note_heard(self._playout.heard(at_ms, reply))
        if self._check is not None:
            self._check.cancel()
        close_in_background(self._synthesis)

    def on_receive(self, message: SynthesizerMessage) -> None:
        """Handle an order about playback, a report of the engine, or a tick of the play clock."""
        match message:
            case PlayClockTicked(at_ms):
                self._tick(at_ms)
            case SynthesisReported(stream, event):
                if stream == self._stream:
                    self._on_event(event)
            case BeginReply(reply, turn, kind):
                self._begin(reply, turn, kind)
            case SpeakText(reply, text):
                self._speak(reply, text)
            case FinishReply(reply):
                self._finish(reply)
            case PausePlayback():
                self._pause()
            case ResumePlayback():
                self._resume()
            case StopPlayback():
                self._stop_playout(message)
            case YieldPlayback():
                self._yield_playback(message)
            case EndAtSentence(turn):
                self._end_at_sentence(turn)
            case PlaybackMarked(turn, audio_ms, state):
                self._playout.mark(turn, audio_ms, MarkState(state), self._now_ms())
            case ConnectionAttached():
                self._attach(message)
            case ConnectionDetached():
                self._playout.detach(self._now_ms())
                self._leave_seat()
            case ProgressChecked():
                self._check_progress()
            case _:
                assert_never(message)

    def _now_ms(self) -> float:
        return self.clock.now() * 1000

    # text

    def _begin(self, reply: int, turn: int, kind: UtteranceKind, text_start: int = 0) -> None:
        if reply <= self._checkpoint.stopped_through:
            return
        self._speaking[reply] = _Speaking(
            text_start=text_start, shown=text_start, ordered_text=text_start, told_text=text_start
        )
        self._playout.begin(reply, kind, turn, text_start)

    def _speak(self, reply: int, text: str) -> None:
        speaking = self._speaking.get(reply)
        if speaking is None or speaking.failure is not None:
            return
        if (phrase := self.kept.get(text)) is not None and not speaking.owed:
            begins, begins_ms = speaking.text_start, speaking.audio_start_ms
            self._playout.add_audio(reply, phrase.pcm)
            for word in phrase.words:
                starts, ends = begins + word.text_start, begins + word.text_end
                self._playout.add_word(reply, starts, ends, begins_ms + word.audio_ms)
            speaking.pass_over(len(text), len(phrase.pcm) * 500 / self._attached.rate_hz)
            self._playout.add_piece(reply, speaking.text_start, speaking.audio_start_ms)
            self._take_seat()
        elif self.engine is None:
            self._fail(reply, ErrorKind.UNAVAILABLE)
        else:
            self._order(reply, text)

    def _finish(self, reply: int) -> None:
        speaking = self._speaking.get(reply)
        if speaking is None or speaking.failure is not None:
            return
        if speaking.owed:
            self._order(reply, None)
        else:
            self._playout.end(reply)
            self._take_seat()

    def _order(self, reply: int, text: str | None) -> None:
        """Give text (None: the end) to the engine, once it is connected."""
        speaking = self._speaking[reply]
        speaking.owed = True
        if text is None:
            speaking.has_end = True
        else:
            speaking.ordered_text += len(text)
        if self._check is None:
            self._told_at = self.clock.now()
            self._check = self.clock.call_later(CHECK_S, self.actor_ref, ProgressChecked())
        self._pass_to_engine(reply, text)

    def _pass_to_engine(self, reply: int, text: str | None) -> None:
        if self._synthesis is None:
            self._unsent.append((reply, text))
        elif text is None:
            self._synthesis.finish(reply)
        else:
            self._synthesis.write(reply, text)

    def _take_up(self, pending: PendingReply) -> None:
        """Speak the unheard rest of a reply, from the beginning of the piece in which the user stopped hearing it."""
        self._begin(pending.reply, pending.turn, pending.kind, pending.resume_at)
        if rest := pending.text[pending.resume_at :]:
            self._speak(pending.reply, rest)
        if pending.finished:
            self._finish(pending.reply)

    # the engine's stream

    async def _connect(self, engine: SpeechSynthesizer, stream: int) -> None:
        def report(event: SynthesisEvent) -> None:
            if self.actor_ref.is_alive():
                self.actor_ref.tell(SynthesisReported(stream, event))

        opening = engine.open(self.voice, self._attached.rate_hz, report)
        synthesis = await asyncio.wait_for(opening, OPEN_TIMEOUT_S)
        if not self.actor_ref.is_alive():
            await synthesis.close()
            return
        self._synthesis = synthesis
        unsent, self._unsent = self._unsent, []
        for reply, text in unsent:
            self._pass_to_engine(reply, text)

    def _on_event(self, event: SynthesisEvent) -> None:
        self._told_at = self.clock.now()
        speaking = self._speaking.get(event.reply)
        if speaking is None or not speaking.owed:
            return
        base, base_ms = speaking.text_start, speaking.audio_start_ms
        match event:
            case AudioSynthesized(reply, pcm):
                self._playout.add_audio(reply, pcm)
                self._take_seat()
            case WordSynthesized(reply=reply, text_start=text_start, text_end=text_end, audio_ms=audio_ms):
                self._playout.add_word(reply, base + text_start, base + text_end, base_ms + audio_ms)
            case PieceSynthesized(reply, text_end, audio_ms):
                self._playout.add_piece(reply, base + text_end, base_ms + audio_ms)
                speaking.told_text = max(speaking.told_text, base + text_end)
                self._cut_after_last_sentence(reply, speaking)
            case SynthesisFinished(reply):
                if speaking.told_text < speaking.ordered_text:
                    self._engine_failed(reply, ErrorKind.UNAVAILABLE, "a reply ended before all its text was spoken")
                    return
                speaking.owed = False
                self._playout.end(reply)
                self._take_seat()
            case SynthesisFailed(reply, kind, detail):
                self._engine_failed(reply, kind, detail)
            case _:
                assert_never(event)

    def _engine_failed(self, reply: int, kind: ErrorKind, detail: str) -> None:
        """Once, the actor starts anew and takes the reply up; the second time in a reply the reply is given up."""
        if self._checkpoint.synthesis_failed(reply):
            raise SynthesizerError(kind, detail)
        self._fail(reply, kind)

    def _fail(self, reply: int, kind: ErrorKind) -> None:
        """Give a reply up. What can be heard of it already is heard out before that is reported."""
        speaking = self._speaking[reply]
        speaking.failure = kind
        if speaking.owed and self._synthesis is not None:
            self._synthesis.cancel(reply)
        speaking.owed = False
        self._unsent = [(unsent, text) for unsent, text in self._unsent if unsent != reply]
        self._playout.end_early(reply)
        self._take_seat()

    def _check_progress(self) -> None:
        self._check = None
        owed = [reply for reply, speaking in self._speaking.items() if speaking.owed]
        texts = [reply for reply in owed if self._speaking[reply].owes_audio and self._has_text(reply)]
        # Less than a frame waits for what completes it.
        if not texts or self._playout.buffered_ms >= self._attached.frame_ms:
            self._told_at = self.clock.now()
        elif self.clock.now() - self._told_at > STALL_S:
            self._engine_failed(texts[0], ErrorKind.TIMEOUT, f"no audio for {STALL_S:.0f} s")
        if owed:
            self._check = self.clock.call_later(CHECK_S, self.actor_ref, ProgressChecked())

    def _has_text(self, reply: int) -> bool:
        pending = self._checkpoint.pending_replies.get(reply)
        return pending is not None and bool(pending.pieces)

    # playout

    def _take_seat(self) -> None:
        """Send at once, and from then on with the play clock."""
        if self._seat is None and self._connection.output is not None:
            now_ms = self._now_ms()
            self._seat = self.play_clock.join(self._clock_ticked, now_ms + FIRST_TICK_MS)
            self._tick(now_ms)

    def _leave_seat(self) -> None:
        if self._seat is not None:
            self._seat.leave()
            self._seat = None

    def _clock_ticked(self, at_ms: float) -> None:
        self.actor_inbox.put_now(PlayClockTicked(at_ms))

    def _tick(self, at_ms: float) -> None:
        for event in self._playout.tick(at_ms):
            if isinstance(event, Frame):
                self._send(event)
            else:
                self._drained(event)
        first = self._playout.first
        if first is None:
            self._leave_seat()
        else:
            self._checkpoint.reply_resumes_at(first, self._playout.unheard_from(first, at_ms))

    def _drained(self, drained: Drained) -> None:
        hearing = drained.hearing
        self._note_heard(hearing)
        speaking = self._forget(hearing.reply)
        if speaking is None:
            return
        if speaking.failure is not None:
            self._listener.tell(PlaybackFailed(hearing.reply, speaking.failure, _heard(hearing)))
            return
        pending = self._checkpoint.pending_replies.get(hearing.reply)
        is_heard = hearing.audio_ms > 0 or pending is None or is_speakable(pending.text)
        text_end = hearing.text_end if is_heard else 0
        finished = PlaybackFinished(
            reply=hearing.reply, precision=hearing.precision, heard_ms=hearing.audio_ms, text_end=text_end
        )
        self._checkpoint.playback_finished(finished)
        self._listener.tell(finished)

    def _send(self, frame: Frame) -> None:
        if frame.first:
            self._listener.tell(PlaybackStarted(frame.reply))
        self._show_text(frame)
        self._connection.show(
            AudioFrame(
                reply=frame.reply,
                turn=frame.turn,
                kind=frame.kind,
                pcm=frame.pcm,
                sequence=frame.sequence,
                audio_ms=frame.audio_ms,
                last=frame.last,
            )
        )
        self._tell_level(self._now_ms(), frame.level_db)

    def _tell_level(self, at_ms: float, level_db: float) -> None:
        """Tell the recognizer how loud we are: at once when we become louder, else the loudest every `LEVEL_MS`."""
        self._loudest_db = max(self._loudest_db, level_db)
        if level_db > self._level_told_db or at_ms - self._level_told_at_ms >= LEVEL_MS:
            self._level_told_at_ms, self._level_told_db = at_ms, self._loudest_db
            self._recognizer.tell(LevelSent(at_ms, self._loudest_db))
            self._loudest_db = FLOOR_DB

    def _show_text(self, frame: Frame) -> None:
        """Show each piece of text when it is about to be heard."""
        speaking, pending = self._speaking.get(frame.reply), self._checkpoint.pending_replies.get(frame.reply)
        if speaking is None or pending is None or (frame.text_end <= speaking.shown and not frame.first):
            return
        begins, shown = 0, speaking.shown
        for piece in pending.pieces:
            if begins >= shown and (begins < frame.text_end or (frame.first and begins == shown)):
                self._connection.show(ReplyText(frame.turn, frame.kind, piece))
                speaking.shown = begins + len(piece)
            begins += len(piece)

    def _pause(self) -> None:
        at_ms = self._now_ms()
        if self._playout.pause(at_ms) and self._attached.lead.transport is Transport.MARKED:
            self._connection.show(PlaybackPaused(self._turn_heard(at_ms)))

    def _resume(self) -> None:
        at_ms = self._now_ms()
        self._is_silenced = False
        self._playout.resume(at_ms)
        if self._attached.lead.transport is Transport.MARKED:
            self._connection.show(PlaybackResumed(self._turn_heard(at_ms)))

    def _turn_heard(self, at_ms: float) -> int:
        hearing = self._playout.heard(at_ms)
        pending = self._checkpoint.pending_replies.get(hearing.reply) if hearing else None
        return pending.turn if pending else 0

    def _yield_playback(self, order: YieldPlayback) -> None:
        """Silence on the wire as for a stop, and keep all that was not heard."""
        at_ms = self._now_ms()
        if self._playout.sounding(at_ms) and not self._is_silenced:
            self._is_silenced = True
            self._connection.show(AudioDiscarded(order.turn, order.reason))
        self._playout.yield_floor(at_ms)
        self._listener.tell(PlaybackYielded())

    def _end_at_sentence(self, turn: int) -> None:
        """Let the sentence in hand be the last of what is heard of `turn`."""
        for reply, speaking in self._speaking.items():
            pending = self._checkpoint.pending_replies.get(reply)
            if pending is None or pending.turn != turn:
                continue
            speaking.last_text = self._checkpoint.reply_cut_at_sentence(reply, self._playout.text_begun(reply))
            self._cut_after_last_sentence(reply, speaking)
        self._take_seat()

    def _cut_after_last_sentence(self, reply: int, speaking: "_Speaking") -> None:
        """Forget the audio behind the last sentence, as soon as it is known where that ends."""
        if speaking.last_text is None or not self._playout.cut_after(reply, speaking.last_text):
            return
        if speaking.owed and self._synthesis is not None:
            self._synthesis.cancel(reply)
        speaking.owed = False

    def _stop_playout(self, order: StopPlayback) -> None:
        at_ms = self._now_ms()
        self._checkpoint.replies_stopped(order.through_reply)
        sounding = self._playout.sounding(at_ms)
        cut = self._playout.clear(at_ms, order.through_reply)
        for hearing in cut:
            self._note_heard(hearing)
        if sounding and not self._is_silenced:
            self._connection.show(AudioDiscarded(order.turn, order.reason))
        self._is_silenced = False
        for reply in [r for r in self._speaking if r <= order.through_reply]:
            self._forget(reply)
        self._unsent = [(reply, text) for reply, text in self._unsent if reply > order.through_reply]
        self._listener.tell(PlaybackStopped(order.through_reply, tuple(_heard(hearing) for hearing in cut)))

    def _note_heard(self, hearing: Hearing | None) -> None:
        """Keep what was heard of a reply beside its text, where it outlives this actor and the orchestrator."""
        if hearing is not None:
            self._checkpoint.reply_heard(_heard(hearing))

    def _forget(self, reply: int) -> "_Speaking | None":
        speaking = self._speaking.pop(reply, None)
        if speaking is not None and speaking.owed and self._synthesis is not None:
            self._synthesis.cancel(reply)
        return speaking

    def _attach(self, attached: ConnectionAttached) -> None:
        """Another connection at the same rate: what was not heard is played on it."""
        self._attached = attached
        self._playout.attach(attached.lead, self._now_ms())
        if not self._playout.idle:
            self._take_seat()


class _Speaking(msgspec.Struct, kw_only=True):
    """A reply in this synthesizer."""

    text_start: int
    """Where the text begins that the engine is given: what is before it was heard, or is a kept phrase."""
    shown: int
    audio_start_ms: float = 0.0
    """Where the audio of the engine begins, behind that of kept phrases."""
    owed: bool = False
    """The engine has text of it and has not said that it is through."""
    ordered_text: int = 0
    """The end of the text that the engine was given."""
    told_text: int = 0
    """The end of the text that the engine has spoken, as it says."""
    has_end: bool = False
    """The engine was told that this is all the text."""
    last_text: int | None = None
    """The end of the last sentence that is to be heard; None: all of it."""
    failure: ErrorKind | None = None
    """Why no more of it can be spoken; that is reported when what was made of it has been heard."""

    def pass_over(self, characters: int, audio_ms: float) -> None:
        """Note text that the engine is not given, because its audio is there already."""
        self.text_start += characters
        self.ordered_text += characters
        self.told_text += characters
        self.audio_start_ms += audio_ms

    @property
    def owes_audio(self) -> bool:
        """Whether the engine has to tell anything: all the text that it was given may have been spoken already."""
        return self.owed and (self.has_end or self.told_text < self.ordered_text)


def _heard(hearing: Hearing) -> PlaybackPosition:
    return PlaybackPosition(
        reply=hearing.reply, text_end=hearing.text_end, heard_ms=hearing.audio_ms, precision=hearing.precision
    )
