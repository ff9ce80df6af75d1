"""How a checkpoint comes to where it was not written: from another process, or out of a former session's record."""

import msgspec

from actors.conversation import ChatMessage, SessionRecord
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


_encode = msgspec.json.Encoder().encode


class CheckpointEncoder:
    """Encodes the checkpoints of one session, one after the other: a message of the conversation, which is most of a
    checkpoint, is encoded only when it is new.
    """

    __slots__ = ("_encoded", "_messages")

    def __init__(self) -> None:
        self._messages: tuple[ChatMessage, ...] = ()
        self._encoded: list[msgspec.Raw] = []

    def encode(self, checkpoint: Checkpoint, clock: Clock, audio_bytes: int) -> bytes:
        """The checkpoint as JSON, for another process; `audio_bytes` is how much caller audio has come in.

        Raises:
            TypeError, ValueError: something in it has no form in JSON.
        """
        taken = msgspec.structs.replace(checkpoint, tracks=dict(checkpoint.tracks))
        taken.tracks[""] = msgspec.structs.replace(taken.track(), audio_bytes=audio_bytes)
        # What is encoded already is written as it stands.
        taken.messages = self._encoded_messages(checkpoint.messages)  # type: ignore[assignment]
        return _encode(_Encoded(checkpoint=taken, at=clock.now(), wall=clock.wall()))

    def _encoded_messages(self, messages: tuple[ChatMessage, ...]) -> list[msgspec.Raw]:
        known = self._messages
        if messages is not known:
            pairs = enumerate(zip(known, messages, strict=False))
            same = next((at for at, (one, other) in pairs if one is not other), min(len(known), len(messages)))
            self._encoded[same:] = [msgspec.Raw(_encode(message)) for message in messages[same:]]
            self._messages = messages
        return self._encoded


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
    """One checkpoint as JSON: see `CheckpointEncoder.encode`."""
    return CheckpointEncoder().encode(checkpoint, clock, audio_bytes)


def decode(data: bytes, clock: Clock) -> Checkpoint:
    """The checkpoint that `encode` has written, with its times on this process's clock.

    Raises:
        msgspec.DecodeError: this is not a checkpoint.
    """
    encoded = msgspec.json.decode(data, type=_Encoded)
    checkpoint = encoded.checkpoint
    checkpoint.times_moved(clock.now() - clock.wall() + encoded.wall - encoded.at)
    return checkpoint
