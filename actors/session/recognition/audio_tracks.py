"""The audio of a session: one ring for all voices in one stream, and one for each speaker who is heard alone."""

from actors.messages.caller import CallerAudio
from actors.session.checkpoint import Checkpoint
from actors.session.recognition.audio_ring import AudioRing

MOST_LAG_MS = 500
"""Milliseconds by which a speaker's audio may lag behind that of the others; more means that they are not being
streamed."""
ABSENT_MS = 10_000
"""Milliseconds of lag after which a speaker has left, or somebody else is streamed in their place. By then their last
words are settled: one second without audio ends an utterance, and its transcript is awaited twice for three
(`actors/rules/transcription.py`)."""
LOOK_MS = 1_000
"""Milliseconds of audio between two looks for speakers who have left."""


class AudioTracks:
    """Keeps what comes in, before anything can fail. All tracks lie on one axis of time.

    Args:
        checkpoint: says of each track up to where its audio has been dealt with.
        rate_hz: samples a second.
        keep_ms: how much audio is kept of each track at most, in milliseconds.
    """

    __slots__ = ("_checkpoint", "_keep_ms", "_next_look_bytes", "_rate_hz", "_rings", "all_voices")

    def __init__(self, checkpoint: Checkpoint, *, rate_hz: int, keep_ms: int) -> None:
        self._checkpoint = checkpoint
        self._rate_hz = rate_hz
        self._keep_ms = keep_ms
        self._rings = {speaker: self._new_ring(speaker) for speaker in ("", *checkpoint.tracks)}
        self._next_look_bytes = 0
        self.all_voices = self._rings[""]
        """The ring of the audio in which all voices are one stream."""

    def of(self, speaker: str) -> AudioRing:
        """The audio of this speaker; of all voices in one stream where the label is empty."""
        ring = self._rings.get(speaker)
        if ring is None:
            ring = self._rings[speaker] = self._new_ring(speaker)
        return ring

    def append(self, speaker: str, pcm: bytes) -> CallerAudio:
        """Keep audio of one speaker alone, PCM16LE mono, and return the message that says where it lies.

        A speaker who has not been streamed for a while goes on where the others are.
        """
        track, ring, size_bytes = self._checkpoint.track(speaker), self.of(speaker), len(pcm)
        others_begin = max(other.end_bytes for name, other in self._rings.items() if name) - size_bytes
        if not track.is_open or ring.bytes_of(MOST_LAG_MS) < others_begin - ring.end_bytes:
            ring.skip_to(others_begin)
        track.audio_bytes = ring.end_bytes + size_bytes
        track.is_open = True
        return ring.append(pcm)

    def close_absent(self, speaker: str) -> list[str]:
        """Those who have not been streamed for long while `speaker` was, and of whom no words are owed.

        Their tracks are closed: what comes of them later is the first of them again. Asked with each frame, it looks
        once in `LOOK_MS`.
        """
        ring = self._rings[speaker]
        if ring.end_bytes < self._next_look_bytes:
            return []
        self._next_look_bytes = ring.end_bytes + ring.bytes_of(LOOK_MS)
        latest = ring.end_bytes - ring.bytes_of(ABSENT_MS)
        gone = []
        for name, track in self._checkpoint.tracks.items():
            if name and track.is_open and not track.final_owed and self.of(name).end_bytes < latest:
                track.is_open = False
                gone.append(name)
        return gone

    @property
    def kept_bytes(self) -> int:
        """How many bytes of audio are kept."""
        return sum(ring.kept_bytes for ring in self._rings.values())

    def _new_ring(self, speaker: str) -> AudioRing:
        track = self._checkpoint.track(speaker)
        return AudioRing(
            self._rate_hz,
            self._keep_ms,
            begins_at=track.audio_bytes,
            settled_bytes=lambda: track.settled_bytes,
        )
