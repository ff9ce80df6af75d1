"""How a checkpoint comes to where it was not written: from another process, or out of a former session's record."""

import msgspec

from actors.conversation import SessionRecord
from actors.ports.clock import Clock
from actors.rules.speakers import SPEAKERS
from actors.rules.transcription import TranscriptionSnapshot
from actors.rules.turn_taking.state import Opening, TurnSnapshot
from actors.session.checkpoint import Checkpoint
from actors.session.recognition.audio_track import AudioTrack


class _Encoded(msgspec.Struct, frozen=True, kw_only=True):
    """A checkpoint, and the same moment on the clock of its process and since the epoch."""

    checkpoint: Checkpoint
    at: float
    wall: float


def checkpoint_of(record: SessionRecord, started_at: float, *, greets: bool, audio_bytes: int = 0) -> Checkpoint:
    """What a session goes on from that is restored from the record of a former one.

    Args:
        record: the former session as it was stored.
        started_at: now, in seconds of the session's clock.
        greets: whether the caller is greeted again.
        audio_bytes: where in all audio of the conversation the audio to come begins.
    """
    return Checkpoint(
        created_at=record.created_at,
        started_at=started_at,
        agent=record.agent,
        handoffs=record.handoffs,
        turn=TurnSnapshot(turn_number=record.turn, opening=Opening.GREETING if greets else Opening.NONE),
        transcription=TranscriptionSnapshot(number=record.turn, chars=sum(len(said.text) for said in record.messages)),
        # A speaker who is heard alone goes on at the same place as the others.
        tracks={speaker: AudioTrack(audio_bytes=audio_bytes, settled_bytes=audio_bytes) for speaker in ("", *SPEAKERS)},
        messages=record.messages,
        memory=record.memory,
        memory_before=record.memory,
        user_at=started_at,
    )


def encode(checkpoint: Checkpoint, clock: Clock, audio_bytes: int) -> bytes:
    """The checkpoint as JSON, for another process; `audio_bytes` is how much caller audio has come in."""
    taken = msgspec.structs.replace(checkpoint, tracks=dict(checkpoint.tracks))
    taken.tracks[""] = msgspec.structs.replace(taken.track(), audio_bytes=audio_bytes)
    return msgspec.json.encode(_Encoded(checkpoint=taken, at=clock.now(), wall=clock.wall()))


def decode(data: bytes, clock: Clock) -> Checkpoint:
    """The checkpoint that `encode` has written, with its times on this process's clock.

    Raises:
        msgspec.DecodeError: this is not a checkpoint.
    """
    encoded = msgspec.json.decode(data, type=_Encoded)
    checkpoint = encoded.checkpoint
    checkpoint.times_moved(clock.now() - clock.wall() + encoded.wall - encoded.at)
    return checkpoint
