"""The play clock of one session: what to send when, and how much of it the caller has heard. Pure; times are passed in.

All audio ever sent counts as one stream, measured in ms from its beginning; each reply begins somewhere in it.
`ClientPosition` says how far the caller has heard that stream, `PlayTrack` what there is to hear of one reply. How far
ahead of what is being heard audio is sent, and what a pause does, belongs to the transport:

    PACED   a pause stops sending; what is on its way (the lead) is still heard.
    MARKED  a pause is obeyed by the client at once; what it holds is not heard until playout goes on.
    BLIND   the client cannot hold: only what is not on its way to it yet can be paused.
"""

from collections.abc import Iterator, Mapping

from msgspec.structs import replace

from actors.conversation import UtteranceKind
from actors.messages.caller import Lead, Transport
from actors.messages.output import AudioFrame
from actors.rules.audio import ramp
from actors.rules.playback.client_position import ClientPosition
from actors.rules.playback.frames import Drained, Hearing
from actors.rules.playback.play_head import MarkState
from actors.rules.playback.play_track import ROUNDING_MS, PlayTrack, TrackEnd


class Playout:
    """The play clock of one session: replies in, frames out, one reply after the other.

    `at_ms` is the time, on any scale that never runs backwards. Orders about replies that are not (or no longer) queued
    are ignored, so that what was cleared stays silent.

    Args:
        rate_hz: of the audio.
        lead: how the connection plays.
        frame_ms: how long a frame lasts.
        sent_before_ms: how much audio of each turn a former playout has sent to the same client, which counts on.
    """

    def __init__(
        self, rate_hz: int, lead: Lead, frame_ms: int = 20, sent_before_ms: Mapping[int, float] | None = None
    ) -> None:
        if lead.lead_ms < frame_ms:
            raise ValueError(f"a lead of {lead.lead_ms} ms has no room for a frame of {frame_ms} ms")
        self._rate_hz = rate_hz
        self._frame_ms = frame_ms
        self._frame_bytes = rate_hz * frame_ms // 1000 * 2
        self._tracks: dict[int, PlayTrack] = {}
        self._position = ClientPosition(lead, sent_before_ms)
        self._head = self._position.head
        self._is_paused = self._is_detached = False
        """Whether a pause was ordered that has not ended; whether the connection was lost, with no other one as yet."""
        self._ramp_due = False
        """Whether the next frame is faded in, since it continues a reply after silence."""
        # Lists: an empty deque takes 760 bytes, and few frames are ever in one.
        self._underway: list[AudioFrame] = []
        """The frames that were sent and not heard to their end."""
        self._again: list[AudioFrame] = []
        """Frames to be sent again, since a former connection was lost before they were heard."""

    def begin(self, reply: int, kind: UtteranceKind = UtteranceKind.REPLY, turn: int = 0, text_start: int = 0) -> None:
        """Queue `reply` behind all others; `text_start` characters of its text have been heard already.

        A filler goes before replies of which nothing has been sent, or of which all there is was heard: it is for the
        wait until they come, or go on.

        Raises:
            ValueError: it is queued already.
        """
        if reply in self._tracks:
            raise ValueError(f"reply {reply} is queued already")
        is_filler = kind is UtteranceKind.FILLER
        waiting = [t for t in self._tracks.values() if not t.frames or self._is_dry(t)] if is_filler else []
        self._tracks[reply] = PlayTrack(reply, kind, turn, text_start, self._rate_hz)
        for track in waiting:
            self._tracks[track.reply] = self._tracks.pop(track.reply)

    def add_audio(self, reply: int, pcm: bytes) -> None:
        """Add audio to the end of `reply`, PCM16LE mono.

        Raises:
            ValueError: an odd number of bytes.
        """
        if len(pcm) % 2:
            raise ValueError("half a sample of audio")
        if (track := self._tracks.get(reply)) is not None:
            track.add_audio(pcm)

    def add_word(self, reply: int, text_start: int, text_end: int, audio_ms: float) -> None:
        """Note that the word `text[text_start:text_end]` of `reply` begins at `audio_ms` of its audio."""
        if (track := self._tracks.get(reply)) is not None:
            track.places.add_word(text_end, audio_ms)

    def add_piece(self, reply: int, text_end: int, audio_ms: float) -> None:
        """Note that the text of `reply` up to `text_end` ends at `audio_ms` of its audio."""
        if (track := self._tracks.get(reply)) is not None:
            track.places.add_piece(text_end, audio_ms)

    def estimate_piece(self, reply: int, text_end: int, audio_ms: float) -> None:
        """Note that the text of `reply`, as far as it is known, ends at about `audio_ms` of what is being made."""
        if (track := self._tracks.get(reply)) is not None:
            track.places.estimate_piece(text_end, audio_ms)

    def end(self, reply: int) -> None:
        """Note that all audio of `reply` has been added."""
        track = self._tracks.get(reply)
        if track is not None and track.end is None:
            track.end = TrackEnd.WHOLE

    def end_early(self, reply: int) -> None:
        """Note that no more audio of `reply` comes, though not all its text was spoken: its last word may be cut."""
        if (track := self._tracks.get(reply)) is not None:
            track.end = TrackEnd.CUT_SHORT

    def track(self, reply: int) -> PlayTrack | None:
        """What there is to hear of `reply`, of which audio may be held; None if it is not queued."""
        return self._tracks.get(reply)

    def forget(self, reply: int) -> None:
        """Drop `reply`, of which nothing was sent."""
        self._tracks.pop(reply, None)

    def pause(self, at_ms: float) -> bool:
        """Stop sending without losing audio; False if the transport cannot. A marking client must be told too."""
        self._head.advance(at_ms)
        if self._position.lead.transport is Transport.BLIND and not self._head.dry:
            return False
        if not self._is_paused and self._position.lead.transport is Transport.MARKED:
            self._position.hold(at_ms)
        self._is_paused = True
        return True

    def yield_floor(self, at_ms: float) -> None:
        """Be silent and lose nothing: what the client had and did not play is sent again after `resume`.

        The client must be ordered to throw its audio away. Works on every transport.
        """
        self._position.stand(at_ms)
        self._take_back()
        self._is_paused = True

    def resume(self, at_ms: float) -> None:
        """Go on with the very next sample. A marking client must be ordered to go on too."""
        if not self._is_paused:
            return
        self._is_paused = False
        # A client that held its player goes on in the middle of its own buffer: there is no gap to soften.
        self._ramp_due |= self._position.lead.transport is Transport.PACED
        if not self._is_detached:
            self._position.release(at_ms)

    def text_begun(self, reply: int) -> int:
        """The end of the text of `reply` whose audio has begun to be sent, or is about to; 0 if it is not queued."""
        track = self._tracks.get(reply)
        return track.places.text_entered(track.taken_ms) if track is not None else 0

    def cut_after(self, reply: int, text_end: int) -> bool:
        """Forget the audio of `reply` behind its text up to `text_end`; False while it is not known where that ends."""
        track = self._tracks.get(reply)
        return track is None or track.cut_after(text_end)

    def clear(self, at_ms: float, through_reply: int | None = None) -> list[Hearing]:
        """Forget all replies (up to number `through_reply`) and end a pause; how much of each had been heard.

        The client must be told to throw its audio away. A reply that is kept loses nothing: what the client had of it
        is sent again. A reply found complete is not told of as drained any more.
        """
        self._head.advance(at_ms)
        cut = [t for t in self._tracks.values() if through_reply is None or t.reply <= through_reply]
        hearings = [self._hearing(track, at_ms) for track in cut]
        for track in cut:
            del self._tracks[track.reply]
        self._take_back()
        self._is_paused = False
        return hearings

    def detach(self, at_ms: float) -> None:
        """Note that the connection was lost: nobody hears anything, and nothing is sent until `attach`."""
        self._head.advance(at_ms)
        self._head.hold()
        self._is_detached = True

    def attach(self, lead: Lead, at_ms: float) -> None:
        """Go on with a new connection: it is sent again what the former one was sent and was not heard to its end."""
        if not self._is_detached:
            self.detach(at_ms)
        self._position.attach(lead)
        self._take_back()
        self._is_detached = False

    def mark(self, turn: int, audio_ms: float, state: MarkState, at_ms: float) -> None:
        """Note that the client has played `audio_ms` of `turn`; ignored for unknown turns and clients without marks."""
        if not self._is_detached:
            self._position.mark(turn, audio_ms, state, at_ms)

    def tick(self, at_ms: float) -> list[AudioFrame | Drained]:
        """What has been heard wholly by now, and the frames to send now; also between ticks, when audio has arrived."""
        head = self._head
        head.advance(at_ms)
        self._forget_heard()
        events: list[AudioFrame | Drained] = []
        for track in self._tracks.values():
            # The first may have been heard to its end once all its audio was taken.
            if track.closed:
                events.extend(self._drained(at_ms))
            break
        if not (self._is_paused or self._is_detached):
            most_ahead_ms = self._position.lead.lead_ms + ROUNDING_MS - self._frame_ms
            while head.sent_ms - head.heard_ms <= most_ahead_ms and (frame := self._next_frame()) is not None:
                events.append(self._send(frame, at_ms))
        return events

    def _next_frame(self) -> AudioFrame | None:
        if self._again:
            return self._again.pop(0)
        for track in self._tracks.values():
            if track.closed:
                continue
            if not track.has_frame(self._frame_bytes, self._frame_ms):
                return None
            if track.buffered_bytes or track.frames:
                return self._cut(track)
            track.closed = True
        return None

    def _cut(self, track: PlayTrack) -> AudioFrame:
        """The next frame of `track`; if its end came after all its audio had been taken, it closes with silence."""
        begins_ms, places = track.taken_bytes * 500 / self._rate_hz, track.places
        pcm = track.pop_audio(self._frame_bytes)
        if len(pcm) < self._frame_bytes:
            pcm = pcm.ljust(self._frame_bytes, b"\0")
        track.closed = track.end is not None and not track.buffered_bytes
        track.is_flushed = False
        track.frames += 1
        return AudioFrame(
            reply=track.reply,
            turn=track.turn,
            kind=track.kind,
            sequence=track.frames - 1,
            audio_ms=begins_ms,
            pcm=pcm,
            text_end=places.text_last if track.closed else places.text_begun(begins_ms + self._frame_ms),
            first=track.frames == 1,
            last=track.closed,
        )

    def _send(self, frame: AudioFrame, at_ms: float) -> AudioFrame:
        self._tracks[frame.reply].start_ms = self._head.sent_ms - frame.audio_ms
        softened = self._ramp_due and self._head.dry and frame.sequence > 0
        self._ramp_due = False
        self._position.sent(frame.turn, at_ms, self._frame_ms)
        self._underway.append(frame)
        return replace(frame, pcm=ramp(frame.pcm, self._rate_hz)) if softened else frame

    def _drained(self, at_ms: float) -> Iterator[Drained]:
        for track in list(self._tracks.values()):
            hearing = self._hearing(track, at_ms)
            if not hearing.complete:
                return
            del self._tracks[track.reply]
            yield Drained(hearing)

    def _forget_heard(self) -> None:
        underway, frame_ms, head = self._underway, self._frame_ms, self._head
        # A frame of which any part was not heard yet is underway still.
        most_ms = head.sent_ms - head.heard_ms - ROUNDING_MS + frame_ms
        while len(underway) * frame_ms >= most_ms:
            del underway[0]

    def _take_back(self) -> None:
        """Have what was sent and not heard sent again, except of replies that are not queued any more."""
        self._forget_heard()
        for track in self._tracks.values():
            track.settle(self._head.heard_ms)
            track.start_ms = None
        unheard = (*self._underway, *self._again)
        self._again = [replace(frame, first=False) for frame in unheard if frame.reply in self._tracks]
        self._underway.clear()
        self._head.skip()
        self._ramp_due = True

    def heard(self, at_ms: float, reply: int | None = None) -> Hearing | None:
        """How much was heard of `reply`, by default of the one being heard; None if nothing (of it) is to be heard."""
        self._head.advance(at_ms)
        track = next(iter(self._tracks.values()), None) if reply is None else self._tracks.get(reply)
        return self._hearing(track, at_ms) if track is not None else None

    def sounding(self, at_ms: float) -> bool:
        """Whether a reply has been sent in part, or wholly, and may not all have been heard yet."""
        self._head.advance(at_ms)
        return any(track.frames and not self._hearing(track, at_ms).complete for track in self._tracks.values())

    @property
    def buffered_ms(self) -> float:
        """Audio that waits to be sent, and not for the rest of a reply before it."""
        waiting_bytes = 0
        for track in self._tracks.values():
            waiting_bytes += track.buffered_bytes
            if track.end is None:
                break
        return waiting_bytes * 500 / self._rate_hz + len(self._again) * self._frame_ms

    def first_unheard(self) -> tuple[int, int] | None:
        """The reply that is heard first, and where in its text the first piece begins that was not heard to its end.

        As of the last tick; None if no reply is queued.
        """
        # A loop, since this is done with each frame, and `next(iter())` is two calls.
        for track in self._tracks.values():
            return track.reply, track.places.piece_end(track.settle(self._head.heard_ms))
        return None

    def is_dry(self) -> bool:
        """Whether nothing is on its way to the caller, so that there may be something to catch up with, or to hold."""
        # No property, and not by `dry`, which is one: this is asked with each frame, and a property takes five times
        # as long to call as a method.
        return self._head.heard_ms >= self._head.sent_ms

    def caught_up(self) -> int | None:
        """The reply that is heard first, if all there is of it was heard and more is to come. As of the last tick."""
        track = next(iter(self._tracks.values()), None)
        return track.reply if track is not None and self._is_dry(track) else None

    @property
    def is_held(self) -> bool:
        """Whether sending is paused and nothing is on its way, so that ticks change nothing until the next order."""
        return self._is_paused and not self._underway and self._head.dry

    def flush(self, reply: int) -> bool:
        """Have the rest of `reply` sent that is less than a frame, filled up with silence; False if there is none."""
        track = self._tracks.get(reply)
        if track is None or not track.sendable_bytes(self._frame_ms):
            return False
        track.is_flushed = True
        return True

    def _is_dry(self, track: PlayTrack) -> bool:
        is_underway = not self._head.dry or bool(self._again)
        has_begun = track.frames > 0 or track.places.text_start > 0
        is_waiting = track.sendable_bytes(self._frame_ms) < self._frame_bytes
        return has_begun and track.end is None and is_waiting and not is_underway

    @property
    def idle(self) -> bool:
        """Whether nothing is queued, so that no ticks are needed until the next `begin`."""
        return not self._tracks

    def _hearing(self, track: PlayTrack, at_ms: float) -> Hearing:
        is_sent_again = any(frame.reply == track.reply for frame in self._again)
        return track.hearing(self._head.heard_ms, self._position.precision(at_ms), is_sent_again=is_sent_again)
