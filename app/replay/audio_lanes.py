"""Lays the audio of both sides of a session onto one axis of time, as it was heard: the caller left, the agent right.

What the agent sends is ahead of what is heard: where the client discards audio or holds it, the lane does the same.
"""

from collections.abc import Iterator
from typing import Any

import msgspec

from app.providers.realtime.resampling import PACKAGES, SAMPLE_BYTES, Resampler

AUDIO_PACKAGES = PACKAGES
"""The packages of the extra `local` that recording the audio of sessions needs."""

RATE_HZ = 16_000
CHANNELS = 2
BYTES_PER_S = RATE_HZ * SAMPLE_BYTES * CHANNELS

GAP_S = 0.15
"""Seconds by which audio may be later than the end of the audio before it and still continue it."""
MOST_AHEAD_S = 2.0
"""Seconds by which audio may be ahead of time; audio of clients that send faster than that is left out."""
OVER_S = 0.5
"""Seconds without further audio after which a stretch of audio is over."""
MARGIN_S = 1.0
"""Seconds after which what has happened can no longer change."""
BLOCK_S = 10
"""The most seconds of silence that are made at once; a silence of both sides may last for minutes."""


class CallerPiece(msgspec.Struct, frozen=True, gc=False):
    """Audio of one speaker, PCM16LE mono, that has come in at `at`, in seconds of the session's clock."""

    at: float
    speaker: str
    rate_hz: int
    pcm: bytes


class AgentPiece(msgspec.Struct, frozen=True, gc=False):
    """Audio of the agent, PCM16LE mono, that was sent at `at`, in seconds of the session's clock."""

    at: float
    rate_hz: int
    pcm: bytes


class AgentDiscarded(msgspec.Struct, frozen=True, gc=False):
    """The client has thrown away at `at` what it had not played."""

    at: float


class AgentHeld(msgspec.Struct, frozen=True, gc=False):
    """The client has stopped playing at `at`, and keeps what it had not played."""

    at: float


class AgentReleased(msgspec.Struct, frozen=True, gc=False):
    """The client has gone on playing at `at` with what it had kept."""

    at: float


Piece = CallerPiece | AgentPiece | AgentDiscarded | AgentHeld | AgentReleased


class _Lane:
    """The samples of one side, at RATE_HZ, behind those that were taken already."""

    def __init__(self, numpy: Any) -> None:
        self._numpy = numpy
        self._samples: Any = numpy.zeros(0, "<i2")
        self._begin = 0

    def add(self, at: int, pcm: bytes) -> None:
        """Add audio that begins with the sample of this number to what is there."""
        samples = self._numpy.frombuffer(pcm, "<i2")[max(0, self._begin - at) :]
        first = max(at, self._begin) - self._begin
        self._grow(first + len(samples))
        there = self._samples[first : first + len(samples)]
        total = there.astype("<i4") + samples
        there[:] = total.clip(-32_768, 32_767)

    def cut(self, at: int) -> bytes:
        """Take away the audio from the sample of this number on, and return it."""
        first = max(at, self._begin) - self._begin
        rest = bytes(self._samples[first:].tobytes())
        self._samples = self._samples[:first]
        return rest

    def take(self, until: int) -> Any:
        """The samples before the one of this number, silence where there are none; they are not kept."""
        count = max(0, until - self._begin)
        self._grow(count)
        taken, self._samples = self._samples[:count], self._samples[count:].copy()
        self._begin += count
        return taken

    def _grow(self, length: int) -> None:
        if (missing := length - len(self._samples)) > 0:
            self._samples = self._numpy.concatenate([self._samples, self._numpy.zeros(missing, "<i2")])


class _Stream:
    """Pieces of one voice, which follow each other on a lane."""

    def __init__(self, lane: _Lane, rate_hz: int) -> None:
        self.rate_hz = rate_hz
        self._lane = lane
        self._resampler = Resampler(rate_hz, RATE_HZ)
        self._end = 0

    def push(self, begin: int, pcm: bytes) -> None:
        """Add audio that begins at this sample at the earliest, or where the audio before it ends."""
        if begin - self._end > GAP_S * RATE_HZ:
            self._add(self._resampler.finish())
            self._end = begin
        if self._end - begin <= MOST_AHEAD_S * RATE_HZ:
            self._add(self._resampler.push(pcm))

    def finish(self) -> None:
        """Add what the conversion of rates holds back."""
        self._add(self._resampler.finish())

    def finish_if_over(self, at: int) -> None:
        """Finish the lane if nothing has come for a while: later there would be no place for its end any more."""
        if at - self._end > OVER_S * RATE_HZ:
            self.finish()

    def begin_at(self, at: int) -> None:
        """Have what comes next begin at this sample."""
        self._resampler.finish()
        self._end = at

    def _add(self, pcm: bytes) -> None:
        if pcm:
            self._lane.add(self._end, pcm)
            self._end += len(pcm) // SAMPLE_BYTES


class AudioLanes:
    """Both sides of a session from `began_at` on, in seconds of its clock. Belongs to one thread at a time.

    Raises:
        ModuleNotFoundError: one of AUDIO_PACKAGES is not installed.
    """

    def __init__(self, began_at: float) -> None:
        import numpy

        self._numpy: Any = numpy
        self._began_at = began_at
        self._caller, self._agent = _Lane(numpy), _Lane(numpy)
        self._speakers: dict[str, _Stream] = {}
        self._voice: _Stream | None = None
        self._held = b""
        self._now = 0
        self._taken = 0

    def add(self, piece: Piece) -> None:
        """Lay down the audio that has come next, or discard, hold or release what is there, as the client did."""
        at = self._now = max(self._now, round((piece.at - self._began_at) * RATE_HZ))
        match piece:
            case CallerPiece(speaker=speaker, rate_hz=rate_hz, pcm=pcm):
                stream = self._speakers.get(speaker)
                if stream is None or stream.rate_hz != rate_hz:
                    stream = self._speakers[speaker] = _Stream(self._caller, rate_hz)
                # A piece of the caller's audio comes in when its last sample was spoken.
                stream.push(max(0, at - len(pcm) * RATE_HZ // (rate_hz * SAMPLE_BYTES)), pcm)
            case AgentPiece(rate_hz=rate_hz, pcm=pcm):
                self._voice_at(rate_hz, at).push(at, pcm)
            case AgentDiscarded():
                self._stop(at)
                self._held = b""
            case AgentHeld():
                self._held = self._stop(at) + self._held
            case AgentReleased():
                self._agent.add(at, self._held)
                if self._voice is not None:
                    self._voice.begin_at(at + len(self._held) // SAMPLE_BYTES)
                self._held = b""

    def _voice_at(self, rate_hz: int, at: int) -> _Stream:
        if self._voice is None or self._voice.rate_hz != rate_hz:
            self._voice = _Stream(self._agent, rate_hz)
            self._voice.begin_at(at)
        return self._voice

    def _stop(self, at: int) -> bytes:
        """Silence the agent from this sample on; returns the audio that would have been heard."""
        if self._voice is not None:
            self._voice.finish()
            self._voice.begin_at(at)
        return self._agent.cut(at)

    def settled(self) -> Iterator[bytes]:
        """What does not change any more and was not taken yet, PCM16LE with two channels, in blocks."""
        for stream in self._streams():
            stream.finish_if_over(self._now)
        return self._take(self._now - round(MARGIN_S * RATE_HZ))

    def rest(self) -> Iterator[bytes]:
        """All that was not taken yet, up to the latest piece, in blocks."""
        for stream in self._streams():
            stream.finish()
        return self._take(self._now)

    def _streams(self) -> Iterator[_Stream]:
        yield from self._speakers.values()
        if self._voice is not None:
            yield self._voice

    def _take(self, until: int) -> Iterator[bytes]:
        while self._taken < until:
            self._taken = min(until, self._taken + BLOCK_S * RATE_HZ)
            both = self._caller.take(self._taken), self._agent.take(self._taken)
            yield bytes(self._numpy.column_stack(both).tobytes())
