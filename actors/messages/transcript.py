"""What the recognizer hears: voice, and words. And the orders to it."""

from typing import ClassVar

from actors.messages.base import Message
from actors.ports.stt import RecognitionEvent


class SpeechStarted(Message, frozen=True):
    """The first voiced window of an utterance (the onset)."""

    onset_ms: float


class SpeechContinued(Message, frozen=True):
    """One more window of an utterance that has begun."""

    transient: ClassVar[bool] = True

    voiced_ms: float
    silence_ms: float


class SpeechStopped(Message, frozen=True):
    """Endpointing found the end of the utterance, `silence_ms` after its last voiced audio."""

    start_ms: float
    end_ms: float
    voiced_ms: float
    silence_ms: float


class NoiseStopped(Message, frozen=True):
    """What had begun was too short to be an utterance."""


class InterimTranscript(Message, frozen=True):
    """What the user seems to have said so far."""

    transient: ClassVar[bool] = True

    text: str
    start_ms: float


class FinalTranscript(Message, frozen=True):
    """What the user said."""

    traced: ClassVar[bool] = True
    text: str
    start_ms: float
    end_ms: float
    confidence: float


class NoSpeechRecognized(Message, frozen=True):
    """There was voice, but nothing intelligible."""


class EndUtterance(Message, frozen=True):
    """The caller's audio has stopped in mid-utterance: end it now, as if silence had ended it."""


class ReopenRecognition(Message, frozen=True):
    """The engine owes a final: give the stream up and open another, with (`again`) or without the audio it owes."""

    again: bool


class LevelSent(Message, frozen=True):
    """The level of a frame of ours just sent, for the echo bound."""

    routine: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    at_ms: float
    level_db: float


class RecognitionReported(Message, frozen=True):
    """One event of the recognizer's stream number `stream`."""

    transient: ClassVar[bool] = True

    stream: int
    event: RecognitionEvent
