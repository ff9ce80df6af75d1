"""Speech to text (STT): caller audio in, transcripts out."""

from collections.abc import Callable
from typing import Protocol

import msgspec

from actors.errors import ErrorKind
from actors.messages.transcript import FinalTranscript, InterimTranscript, NoSpeechRecognized


class RecognitionOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What one session asks of the recognizer."""

    session_id: str
    rate_hz: int = 16_000
    languages: tuple[str, ...] = ("en-US",)
    phrases: tuple[str, ...] = ()
    """Sentences that callers are expected to say, in lower case and with placeholders filled in: a hint, never
    a limit."""


class RecognitionReady(msgspec.Struct, frozen=True, tag=True):
    """The engine is connected and hears what is pushed."""


class RecognitionFailed(msgspec.Struct, frozen=True, tag=True):
    """The stream has failed and reports nothing more: its owner has to open another one."""

    kind: ErrorKind
    detail: str


RecognitionEvent = RecognitionReady | InterimTranscript | FinalTranscript | NoSpeechRecognized | RecognitionFailed
"""What a stream reports. Times are in ms from the beginning of the stream's audio.

A final transcript is never empty. There is exactly one for each utterance: no two have the same `start_ms`.
"""


class Recognition(Protocol):
    """One session's stream of caller audio into an engine."""

    def push(self, pcm: bytes) -> None:
        """Hand over caller audio, PCM16LE mono at the rate asked for, any length; never blocks, never raises."""
        ...

    def finish_utterance(self) -> None:
        """Local endpointing heard the end of an utterance: deliver its final (or `NoSpeechRecognized`) now.

        An engine that segments speech itself may ignore it, except that after speech a final must follow.
        """
        ...

    async def close(self) -> None:
        """End the stream and release all it holds, within a second. No event is reported afterwards."""
        ...


class SpeechRecognizer(Protocol):
    """A speech-to-text engine, one for each process, which opens a stream for each session."""

    async def open(self, options: RecognitionOptions, report: Callable[[RecognitionEvent], None]) -> Recognition:
        """Start a stream; audio may be pushed at once.

        Raises:
            RecognizerError: the engine cannot start one.
        """
        ...

    async def close(self) -> None:
        """Release what the engine holds: threads, processes and connections."""
        ...
