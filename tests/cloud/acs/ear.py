"""What the far end hears: audio is played at its rate as it comes, and what does not come in time is a gap.

Pure: every time is told, in seconds of one clock. The service queues what it gets and plays it without a buffer of its
own, so whoever sends has to be ahead, but not far: the pacing says how well that was done.
"""

from typing import Literal

import msgspec

from tests.cloud.acs.pcm import FRAME_MS, duration_s, frame_bytes, level_dbfs

VOICE_DBFS = -45.0
"""Louder is a voice."""
BURST_GAP_MS = 200.0
"""Audio that comes later than this after the audio before it ran out is not late: it is something else."""


class Span(msgspec.Struct):
    """A stretch of what was played."""

    kind: Literal["audio", "silence"]
    started_s: float
    ended_s: float

    @property
    def ms(self) -> float:
        """Its length."""
        return (self.ended_s - self.started_s) * 1000


class Arrival(msgspec.Struct, frozen=True):
    """Audio came. `lead_ms`: audio of this burst less time since its first frame, this frame counted."""

    at_s: float
    bytes: int
    lead_ms: float
    late_ms: float


class Stop(msgspec.Struct, frozen=True):
    """StopAudio came, and so much was never played."""

    at_s: float
    dropped_ms: float


class Pacing(msgspec.Struct, frozen=True):
    """How the audio came."""

    bursts: int
    frames: int
    audio_ms: float
    max_lead_ms: float
    max_late_ms: float
    late_frames: int

    def breaks(self, lead_ms: float = 60.0, slack_ms: float = 5.0) -> list[str]:
        """What was not as it has to be, empty if all was."""
        broken = []
        if self.max_lead_ms > lead_ms + slack_ms:
            broken.append(f"up to {self.max_lead_ms:.1f} ms ahead, {lead_ms:.0f} allowed")
        if self.max_late_ms > slack_ms:
            broken.append(f"up to {self.max_late_ms:.1f} ms late, {self.late_frames} frames")
        return broken


class Ear:
    """Hears from `begin` on. With `keep` false the sound itself is not kept, only when there was any."""

    def __init__(self, rate_hz: int = 16_000, *, burst_gap_ms: float = BURST_GAP_MS, keep: bool = True) -> None:
        self.rate_hz = rate_hz
        self.started_s: float | None = None
        self.arrivals: list[Arrival] = []
        self.stops: list[Stop] = []
        self.timeline: list[Span] = []
        self._burst_gap_ms = burst_gap_ms
        self._keep = keep
        self._queue = bytearray()
        self._heard = bytearray()
        self._levels: list[float] = []
        self._played = 0
        self._burst: tuple[float, float] | None = None
        self._bursts = 0

    def begin(self, at_s: float) -> None:
        """The line is open from here on."""
        self.started_s = at_s

    def receive(self, pcm: bytes, at_s: float) -> None:
        """Audio comes: it is played after what is queued."""
        self.play_until(at_s)
        self._pace(pcm, at_s)
        self._queue += pcm

    def stop(self, at_s: float) -> None:
        """StopAudio: what is queued is never played."""
        self.play_until(at_s)
        self.stops.append(Stop(at_s, duration_s(self._queue, self.rate_hz) * 1000))
        self._queue.clear()
        self._burst = None

    def play_until(self, at_s: float) -> None:
        """Time goes on."""
        if self.started_s is None:
            self.begin(at_s)
        assert self.started_s is not None
        # The small part of a sample makes up for floating point.
        due = int((at_s - self.started_s) * self.rate_hz + 1e-3) - self._played
        if due <= 0:
            return
        audio = min(due, len(self._queue) // 2)
        self._extend("audio", audio)
        self._extend("silence", due - audio)
        if self._keep:
            self._heard += self._queue[: audio * 2] + bytes((due - audio) * 2)
        del self._queue[: audio * 2]

    @property
    def queued_ms(self) -> float:
        """What has come and is not played yet."""
        return duration_s(self._queue, self.rate_hz) * 1000

    @property
    def heard(self) -> bytes:
        """All that was heard, gaps as zeros, from the beginning to the time told last."""
        return bytes(self._heard)

    def heard_between(self, from_s: float, to_s: float) -> bytes:
        """A part of what was heard."""
        return bytes(self._heard[2 * self._sample(from_s) : 2 * self._sample(to_s)])

    @property
    def pacing(self) -> Pacing:
        """How the audio came, so far."""
        return Pacing(
            bursts=self._bursts,
            frames=len(self.arrivals),
            audio_ms=sum(arrival.bytes for arrival in self.arrivals) / 2 / self.rate_hz * 1000,
            max_lead_ms=max((arrival.lead_ms for arrival in self.arrivals), default=0.0),
            max_late_ms=max((arrival.late_ms for arrival in self.arrivals), default=0.0),
            late_frames=sum(arrival.late_ms > 0 for arrival in self.arrivals),
        )

    def gaps(self, *, over_ms: float = 0.0, under_ms: float = BURST_GAP_MS) -> list[Span]:
        """Silences between two stretches of audio which nobody asked for, longer and shorter than that."""
        wanted = {stop.at_s for stop in self.stops}
        inner = zip(self.timeline, self.timeline[1:], self.timeline[2:], strict=False)
        return [
            gap
            for _, gap, _ in inner
            if gap.kind == "silence"
            and over_ms < gap.ms < under_ms
            and not any(abs(gap.started_s - at_s) <= 1 / self.rate_hz for at_s in wanted)
        ]

    def quiet_ms_after(self, stop: Stop) -> float | None:
        """Time from `stop` to the next audio that came, None if none did."""
        return next(((a.at_s - stop.at_s) * 1000 for a in self.arrivals if a.at_s >= stop.at_s), None)

    def voices(self, *, threshold_dbfs: float = VOICE_DBFS, pause_ms: float = 200.0) -> list[Span]:
        """When somebody was heard to speak, exact to a frame; shorter pauses do not count."""
        spans: list[Span] = []
        started_s = self.started_s or 0.0
        for number, level in enumerate(self._measured()):
            if level < threshold_dbfs:
                continue
            begins_s = started_s + number * FRAME_MS / 1000
            if spans and (begins_s - spans[-1].ended_s) * 1000 < pause_ms:
                spans[-1].ended_s = begins_s + FRAME_MS / 1000
            else:
                spans.append(Span("audio", begins_s, begins_s + FRAME_MS / 1000))
        return spans

    def voice_since(self, at_s: float, *, threshold_dbfs: float = VOICE_DBFS) -> float | None:
        """When a voice was first heard at or after `at_s`, None if it was not yet."""
        first = max(0, int((at_s - (self.started_s or 0.0)) * 1000 / FRAME_MS))
        for number, level in enumerate(self._measured()[first:], first):
            if level >= threshold_dbfs:
                return (self.started_s or 0.0) + number * FRAME_MS / 1000
        return None

    def silent_ms(self, *, threshold_dbfs: float = VOICE_DBFS) -> float:
        """For how long nothing has been heard."""
        levels = self._measured()
        frames = next((n for n, level in enumerate(reversed(levels)) if level >= threshold_dbfs), len(levels))
        return float(frames * FRAME_MS)

    def _measured(self) -> list[float]:
        size = frame_bytes(self.rate_hz)
        for begin in range(len(self._levels) * size, len(self._heard) - size + 1, size):
            self._levels.append(level_dbfs(bytes(self._heard[begin : begin + size])))
        return self._levels

    def _sample(self, at_s: float) -> int:
        return max(0, round((at_s - (self.started_s or 0.0)) * self.rate_hz))

    def _extend(self, kind: Literal["audio", "silence"], samples: int) -> None:
        if not samples:
            return
        begins_s = (self.started_s or 0.0) + self._played / self.rate_hz
        self._played += samples
        ends_s = (self.started_s or 0.0) + self._played / self.rate_hz
        if self.timeline and self.timeline[-1].kind == kind:
            self.timeline[-1].ended_s = ends_s
        else:
            self.timeline.append(Span(kind, begins_s, ends_s))

    def _pace(self, pcm: bytes, at_s: float) -> None:
        first_s, received_ms = self._burst or (at_s, 0.0)
        late_ms = (at_s - first_s) * 1000 - received_ms
        if self._burst is None or late_ms > self._burst_gap_ms:
            first_s, received_ms, late_ms = at_s, 0.0, 0.0
            self._bursts += 1
        received_ms += duration_s(pcm, self.rate_hz) * 1000
        lead_ms = received_ms - (at_s - first_s) * 1000
        self._burst = (first_s, received_ms)
        self.arrivals.append(Arrival(at_s, len(pcm), lead_ms, max(0.0, late_ms)))
