"""What the recognizer makes of the caller's audio: voice, interim and final transcripts. And the orders to it.

`speaker` says of which participant of a call a message is, as `rules/speakers.py` names them, where each has a stream
and a recognizer of their own; it is empty where all voices come in one stream.
"""

from typing import ClassVar, final

from actors.conversation import SpokenWord
from actors.messages.base import Message


class SpeechStarted(Message, frozen=True):
    """An utterance begins: its first voiced window (the onset) begins at `onset_ms` of the session's audio."""

    onset_ms: float
    speaker: str = ""


@final
class SpeechContinued(Message, frozen=True, gc=False):
    """Another window of an utterance: `voiced_ms` of it were voiced so far, the last `silence_ms` ago."""

    transient: ClassVar[bool] = True

    voiced_ms: float
    silence_ms: float
    speaker: str = ""


class SpeechStopped(Message, frozen=True, kw_only=True):
    """Endpointing has found the end of an utterance, `silence_ms` after its last voiced audio: its final is owed."""

    start_ms: float
    end_ms: float
    voiced_ms: float
    silence_ms: float
    speaker: str = ""


class NoiseStopped(Message, frozen=True):
    """What had begun as speech was too short to be an utterance. No transcript of it is owed."""

    speaker: str = ""


class InterimTranscript(Message, frozen=True):
    """What the caller seems to have said so far in the utterance that begins at `start_ms` of the audio."""

    transient: ClassVar[bool] = True

    text: str
    start_ms: float
    end_ms: float
    speaker: str = ""
    language: str = ""
    end_confidence: float | None = None
    """How likely the utterance is over, according to the engine, from 0 to 1; None if the engine does not tell.

    If the transcript has no text, there is voice in which the engine has found no words so far.
    """
    ended_by_engine: bool = False
    """Whether the engine takes the utterance for complete, by rules of its own."""


class EndOfTurnLikely(Message, frozen=True):
    """The caller is silent, and has probably said all that they want to say: `text` is all of the utterance so far.

    Told once for the words of a pause. The utterance goes on until it is told to be over.
    """

    transient: ClassVar[bool] = True

    text: str
    speaker: str = ""


class FinalTranscript(Message, frozen=True, kw_only=True):
    """What the caller said, complete, from `start_ms` to `end_ms` of the audio.

    An engine counts both from the beginning of its stream, the recognizer in the audio of the session. What was typed
    or keyed lies at no place in the audio: both are 0.
    """

    repeatable: ClassVar[bool] = True

    traced: ClassVar[bool] = True

    text: str
    start_ms: float = 0.0
    end_ms: float = 0.0
    confidence: float = 1.0
    """How sure the engine is of the words, from 0 to 1."""
    turn: int = 0
    """The turn in which the agent answers it; 0 until that is known."""
    speaker: str = ""
    language: str = ""
    """The language that was spoken, such as "de-DE"; empty if the engine does not tell."""
    words: tuple[SpokenWord, ...] = ()
    """Each word with its place in the audio, from engines that tell it."""


class ToneEnded(Message, frozen=True):
    """A steady tone, such as the beep of an answering machine, ended at `end_ms` of the audio."""

    end_ms: float
    duration_ms: float


class NoSpeechRecognized(Message, frozen=True):
    """The utterance that ended at `end_ms` of the audio held voice, but no words."""

    end_ms: float
    speaker: str = ""


class TurnEndHeard(Message, frozen=True):
    """Tells the recognizer that a speech-to-speech model, which hears the caller too, takes their turn for complete.

    It is evidence for the end of the utterance in hand, and no order: the recognizer still decides how much silence
    ends it.
    """


class EndUtterance(Message, frozen=True):
    """Order the recognizer to end the utterance in hand: the caller's audio has stopped coming in the middle of it."""

    speaker: str = ""


class ReopenRecognition(Message, frozen=True):
    """Order the recognizer to replace its stream, which owes a final transcript, with a new one.

    `again`: the new stream hears the audio of that utterance once more.
    """

    again: bool
    speaker: str = ""
