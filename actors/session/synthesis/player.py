"""The player: paced audio goes out through the connection, with its text, and what was heard of it is noted."""

from collections.abc import Callable

from actors.conversation import UtteranceKind
from actors.messages.caller import ConnectionAttached, Transport
from actors.messages.output import AudioDiscarded, AudioFrame, PlaybackPaused, PlaybackResumed, ReplyText
from actors.messages.playback import (
    PlaybackPosition,
    StopPlayback,
    StopReason,
    YieldPlayback,
)
from actors.ports.clock import Clock
from actors.rules.playback.frames import Drained, Hearing
from actors.rules.playback.playout import Playout
from actors.runtime.play_clock import PlayClock, Seat
from actors.session.checkpoint import Checkpoint
from actors.session.connection import SessionConnection

FIRST_TICK_MS = 21.0
"""Milliseconds from the first frames of audio to the next tick: a little more than a period, so that the lead is full
then."""


class Player:
    """Plays what stands in its `playout` on the connection, and reports playback.

    Args:
        attached: what the connection can do.
        checkpoint: holds the text of the replies, and what was heard of them.
        connection: audio, text and what becomes of them are shown on it.
        play_clock: the process's.
        clock: the time.
        on_tick: called when the play clock ticks, with the time in milliseconds; has `tick` called with it.
        on_started: called with the number of a reply that begins to be sent, or goes on after it was caught up with.
        on_caught_up: called with each tick with the number of a reply of which all there is was heard, and more is to
            come; tells whether that counts, so that it is not told again until the reply goes on.
        on_drained: called when a reply has been heard to its end.
    """

    def __init__(
        self,
        *,
        attached: ConnectionAttached,
        checkpoint: Checkpoint,
        connection: SessionConnection,
        play_clock: PlayClock,
        clock: Clock,
        on_tick: Callable[[float], None],
        on_started: Callable[[int], None],
        on_caught_up: Callable[[int], bool],
        on_drained: Callable[[Drained], None],
    ) -> None:
        self._attached = attached
        self.playout = Playout(attached.rate_hz, attached.lead, attached.frame_ms, connection.sent_ms)
        self._checkpoint = checkpoint
        self._connection = connection
        self._play_clock = play_clock
        self._clock = clock
        self._on_tick = on_tick
        self._on_started = on_started
        self._on_caught_up = on_caught_up
        self._caught_up = 0
        """The last reply for which `PlaybackCaughtUp` was told and of which nothing was played since; 0 for none."""
        self._on_drained = on_drained
        self._seat: Seat | None = None
        self._shown: dict[int, int] = {}
        """The end of the text that was shown to the client, by reply."""
        self._is_silenced = False
        """Whether playback was yielded: the client has discarded its audio already, and a stop need not say so
        again."""

    @property
    def now_ms(self) -> float:
        """The present time in milliseconds of the session's clock."""
        return self._clock.now() * 1000

    def duration_ms(self, pcm: bytes) -> float:
        """How long this audio lasts at the connection's rate."""
        return len(pcm) * 500 / self._attached.rate_hz

    @property
    def is_fed(self) -> bool:
        """Whether there is audio to send: less than a frame waits for what completes it."""
        return self.playout.buffered_ms >= self._attached.frame_ms

    # the clock

    def play(self) -> None:
        """Send what can be sent at once, and from then on with the play clock."""
        if self._seat is None and self._connection.output is not None:
            now_ms = self.now_ms
            self._seat = self._play_clock.join(self._on_tick, now_ms + FIRST_TICK_MS)
            self.tick(now_ms)

    def leave_clock(self) -> None:
        """Send nothing more until `play` is called."""
        if self._seat is not None:
            self._seat.leave()
            self._seat = None

    def tick(self, at_ms: float) -> None:
        """Send what is due at `at_ms`, and report what has been heard to its end by then."""
        playout = self.playout
        for event in playout.tick(at_ms):
            if isinstance(event, AudioFrame):
                self._send(event, at_ms)
            else:
                self._keep(event.hearing)
                self._shown.pop(event.hearing.reply, None)
                self._on_drained(event)
        # While something is on its way, as with nearly every frame, nothing is caught up with and nothing held.
        is_dry = playout.is_dry()
        if is_dry:
            waiting = playout.caught_up()
            if waiting is not None and waiting != self._caught_up and self._on_caught_up(waiting):
                self._caught_up = waiting
        unheard = playout.first_unheard()
        if unheard is not None:
            reply, text_start = unheard
            self._checkpoint.reply_resumes_at(reply, text_start)
        if unheard is None or (is_dry and playout.is_held):
            self.leave_clock()

    def _send(self, frame: AudioFrame, at_ms: float) -> None:
        goes_on = frame.reply == self._caught_up
        if frame.first or goes_on:
            self._on_started(frame.reply)
        if goes_on:
            self._caught_up = 0
        self._show_text(frame)
        self._connection.show(frame)
        self._connection.audio_sent(frame.turn, self._attached.frame_ms)
        self._connection.echo.sent(at_ms, frame.pcm)

    def _show_text(self, frame: AudioFrame) -> None:
        """Show each piece of text when it is about to be heard."""
        shown = self._shown.get(frame.reply)
        if shown is None or (frame.text_end <= shown and not frame.first):
            return
        pending = self._checkpoint.pending_replies.get(frame.reply)
        if pending is None:
            return
        begins, shown_before = 0, shown
        for piece in pending.pieces:
            # Where text was taken back, what is left of it is one piece, of which a part may have been shown.
            unshown, ends = max(begins, shown_before), begins + len(piece)
            is_due = unshown < frame.text_end or (frame.first and unshown == shown_before)
            if unshown < ends and is_due:
                self._connection.show(ReplyText(frame.turn, frame.kind, piece[unshown - begins :]))
                self._shown[frame.reply] = ends
            begins = ends

    # replies

    def begin(self, reply: int, kind: UtteranceKind, turn: int, text_start: int) -> None:
        """Play a reply behind those that were begun before; its text before `text_start` was heard earlier."""
        self._shown[reply] = text_start
        self.playout.begin(reply, kind, turn, text_start)

    def text_ends(self, reply: int, text_end: int) -> None:
        """Note where the text of a reply ends for now: what was shown behind that was taken back, and other text may
        take its place.
        """
        if reply in self._shown:
            self._shown[reply] = min(self._shown[reply], text_end)

    def note_heard(self, reply: int) -> None:
        """Note in the checkpoint how far a reply has been heard by now, where it outlives this actor."""
        self._keep(self.playout.heard(self.now_ms, reply))

    def _keep(self, hearing: Hearing | None) -> None:
        if hearing is not None:
            self._checkpoint.reply_heard(position_of(hearing))

    # orders

    def pause(self) -> None:
        """Hold playback where it is.

        A client that cannot hold is only asked to before it was sent anything. Where the first frames have gone out
        since that was ordered, it throws them away, and is sent them again.
        """
        at_ms = self.now_ms
        if not self.playout.pause(at_ms):
            self.yield_playback(YieldPlayback(self._turn_heard(at_ms), StopReason.BARGE_IN))
        elif self._attached.lead.transport is Transport.MARKED:
            self._connection.is_holding = True
            self._connection.show(PlaybackPaused(self._turn_heard(at_ms)))

    def resume(self) -> None:
        """Go on with playback at the sample at which it was held or yielded."""
        at_ms = self.now_ms
        self._is_silenced = False
        self.playout.resume(at_ms)
        if self._attached.lead.transport is Transport.MARKED:
            self._connection.is_holding = False
            self._connection.show(PlaybackResumed(self._turn_heard(at_ms)))
        self._go_on()

    def _go_on(self) -> None:
        """Take a seat on the play clock again, where there is anything to play."""
        if not self.playout.idle:
            self.play()

    def _turn_heard(self, at_ms: float) -> int:
        hearing = self.playout.heard(at_ms)
        pending = self._checkpoint.pending_replies.get(hearing.reply) if hearing else None
        return pending.turn if pending else 0

    def yield_playback(self, order: YieldPlayback) -> None:
        """Have the client throw away what it has not played, and keep all that was not heard."""
        at_ms = self.now_ms
        if self.playout.sounding(at_ms) and not self._is_silenced:
            self._is_silenced = True
            self._discard(order)
        self.playout.yield_floor(at_ms)

    def _discard(self, order: StopPlayback | YieldPlayback) -> None:
        """Have the client throw away what it has, and play again what it is sent from now on."""
        self._connection.is_holding = False
        self._connection.show(AudioDiscarded(order.turn, order.reason))

    def stop(self, order: StopPlayback) -> tuple[PlaybackPosition, ...]:
        """Drop what was not heard of the replies that the order names; returns what was heard of those it cuts off."""
        at_ms = self.now_ms
        self._checkpoint.replies_stopped(order.through_reply)
        sounding = self.playout.sounding(at_ms)
        cut = self.playout.clear(at_ms, order.through_reply)
        for hearing in cut:
            self._keep(hearing)
        if sounding and not self._is_silenced:
            self._discard(order)
        elif self._connection.is_holding:
            # It was told to hold when nothing was sounding yet: what it is sent next is to be heard.
            self._connection.is_holding = False
            self._connection.show(PlaybackResumed(order.turn))
        self._is_silenced = False
        self._shown = {reply: end for reply, end in self._shown.items() if reply > order.through_reply}
        self._go_on()
        return tuple(position_of(hearing) for hearing in cut)

    def drop_audio(self) -> None:
        """Forget all audio that was not heard: nobody will hear it.

        The actors of a session that is over are garbage in cycles, which is collected after many sessions only; with
        them would stay all that was made of a reply, 48 kB for each second of it at 24 kHz.
        """
        self.playout.clear(self.now_ms)

    def attach(self, attached: ConnectionAttached) -> None:
        """Play what was not heard on another connection of the same rate."""
        self._attached = attached
        self.playout.attach(attached.lead, self.now_ms)
        self._go_on()

    def detach(self) -> None:
        """Hold what was not heard until there is another connection."""
        self.playout.detach(self.now_ms)
        self.leave_clock()


def position_of(hearing: Hearing) -> PlaybackPosition:
    """What was heard of a reply, as it is told to others."""
    return PlaybackPosition(
        reply=hearing.reply, text_end=hearing.text_end, heard_ms=hearing.audio_ms, precision=hearing.precision
    )
