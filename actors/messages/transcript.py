"""What the recognizer hears: voice, and words. And the orders to it."""

from typing import ClassVar

from actors.messages.base import Message


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
    """What the caller seems to have said so far in the utterance that begins at `start_ms` of the audio."""

    transient: ClassVar[bool] = True

    text: str
    start_ms: float
    end_ms: float


class FinalTranscript(Message, frozen=True):
    """What the caller said, complete, from `start_ms` to `end_ms` of the audio.

    An engine counts both from the beginning of its stream, the recognizer in the audio of the session. What was typed
    or keyed lies at no place in the audio: both are 0.
    """

    traced: ClassVar[bool] = True

    text: str
    start_ms: float = 0.0
    end_ms: float = 0.0
    confidence: float = 1.0
    """How sure the engine is of the words, from 0 to 1."""
    turn: int = 0
    """The turn in which the agent answers it; 0 until that is known."""


class NoSpeechRecognized(Message, frozen=True):
    """The utterance that ended at `end_ms` of the audio held voice, but no words."""

    end_ms: float


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
