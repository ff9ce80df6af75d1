"""The rules of a session that only listens: what is transcribed, what is waited for, and when the session ends. Pure.

Each wait is a row of `WAITS`, as in turn-taking: what is awaited, by whom it is owed, since when, and what happens when
it does not come. A row tells from the state alone by when it is due; after each event one timer is armed for the row
that is due first. Times are in seconds of the session's clock.
"""

from collections.abc import Callable
from typing import assert_never

import msgspec

from actors.agent import Limits
from actors.conversation import Ending
from actors.messages.lifecycle import SessionOver
from actors.messages.transcript import (
    EndUtterance,
    FinalTranscript,
    InterimTranscript,
    NoiseStopped,
    NoSpeechRecognized,
    ReopenRecognition,
    SpeechContinued,
    SpeechStarted,
    SpeechStopped,
)

AUDIO_WAIT_S = 1.0
"""Seconds without a frame in mid-utterance after which the transport counts as stopped."""
TRANSCRIPT_WAIT_S = 3.0
"""Speech to text answers within two seconds at p99 (Azure); one more is not waited for."""

HeardEvent = (
    SpeechStarted
    | SpeechContinued
    | SpeechStopped
    | NoiseStopped
    | InterimTranscript
    | FinalTranscript
    | NoSpeechRecognized
)
"""What the recognizer tells a session that only listens."""
TranscriptionEffect = InterimTranscript | FinalTranscript | EndUtterance | ReopenRecognition | SessionOver
"""What is to be done: show or record a transcript, give the recognizer an order, or end the session."""


class TranscriptionSnapshot(msgspec.Struct, kw_only=True):
    """All that the rules of a listening session remember between two events."""

    number: int = 0
    """Transcripts so far; each is a turn of its own."""
    audio_at: float | None = None
    """When audio of the utterance in hand came last; None while nobody speaks."""
    awaited_at: float | None = None
    """Since when the final transcript is owed; None while it is not."""
    awaited_start_ms: float = 0.0
    """Where in the caller's audio the utterance begins whose final transcript is owed."""
    interim: str = ""
    """The latest interim transcript of the utterance in hand."""
    is_reopened: bool = False
    """The recognizer was given a second chance for the utterance whose final transcript is owed."""
    heard_at: float = 0.0
    """When anything was heard last, or since when the session listens."""
    started_at: float = 0.0
    finished: bool = False
    """The session is over; nothing is done any more."""


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One row. `due` tells by when what is awaited has to come, in seconds of the session's clock; None: not owed."""

    awaited: str
    owed_by: str
    otherwise: str
    due: Callable[["Transcription"], float | None]
    missing: Callable[["Transcription", float], list[TranscriptionEffect]]


class Transcription:
    """Turns what the recognizer tells into transcripts, and sees that none that is owed is waited for for ever."""

    def __init__(self, limits: Limits, state: TranscriptionSnapshot) -> None:
        self.limits = limits
        self.state = state

    def resume(self, at: float, started_at: float, heard_at: float) -> None:
        """Begin, or go on from a former state, whose times may be of another clock: its short waits begin anew.

        Args:
            at: now, in seconds of the session's clock.
            started_at: when the session began.
            heard_at: when the caller was heard last; `started_at` if never.
        """
        s = self.state
        s.started_at, s.heard_at = started_at, heard_at
        if s.audio_at is not None or s.awaited_at is not None:
            s.audio_at, s.awaited_at = None, at

    def handle(self, event: HeardEvent, at: float) -> list[TranscriptionEffect]:
        """Decide what is to be done about `event`, which came at `at`, in seconds of the session's clock."""
        s = self.state
        if s.finished:
            return []
        match event:
            case SpeechStarted():
                s.audio_at = s.heard_at = at
            case SpeechContinued(silence_ms=silence_ms):
                s.audio_at = at
                if silence_ms == 0:
                    s.heard_at = at
            case SpeechStopped(start_ms=start_ms):
                s.audio_at, s.awaited_at, s.awaited_start_ms = None, at, start_ms
            case NoiseStopped():
                s.audio_at = None
            case InterimTranscript(text):
                s.interim = text
                return [event]
            case FinalTranscript():
                s.heard_at = at
                return self._final(event)
            case NoSpeechRecognized():
                return self._settled()
            case _:
                assert_never(event)
        return []

    def _final(self, final: FinalTranscript) -> list[TranscriptionEffect]:
        # The final of an utterance before the one that is waited for leaves that one owed.
        if not 0 < final.end_ms <= self.state.awaited_start_ms:
            self._settled()
        self.state.number += 1
        return [msgspec.structs.replace(final, turn=self.state.number)]

    def _settled(self) -> list[TranscriptionEffect]:
        """Note that nothing is owed any more for the utterance in hand."""
        s = self.state
        s.awaited_at, s.interim, s.is_reopened = None, "", False
        return []

    def due(self) -> float | None:
        """When the first of the waits is over, in seconds of the session's clock; None after the end."""
        if self.state.finished:
            return None
        return min(at for wait in WAITS if (at := wait.due(self)) is not None)

    def waited(self, at: float) -> list[TranscriptionEffect]:
        """Decide what is to be done about all that was due by `at` and has not come."""
        effects: list[TranscriptionEffect] = []
        for wait in WAITS:
            due = wait.due(self)
            if due is not None and due <= at and not self.state.finished:
                effects += wait.missing(self, at)
        return effects

    def audio_missing(self, at: float) -> list[TranscriptionEffect]:
        """End the utterance as silence would have: the transport has sent no audio in the middle of it."""
        self.state.audio_at, self.state.awaited_at = None, at
        return [EndUtterance()]

    def transcript_missing(self, at: float) -> list[TranscriptionEffect]:
        """Take the interim transcript for the final one; else have the audio recognised once more; else give up."""
        s = self.state
        reopen = ReopenRecognition(again=not s.interim and not s.is_reopened)
        if s.interim:
            return [reopen, *self._final(FinalTranscript(text=s.interim))]
        if not s.is_reopened:
            s.is_reopened, s.awaited_at = True, at
            return [reopen]
        return [reopen, *self._settled()]

    def over(self, ending: Ending) -> list[TranscriptionEffect]:
        """End the session for the reason `ending`: nothing more is ordered afterwards."""
        self.state.finished = True
        return [SessionOver(ending)]


def _audio(listening: Transcription) -> float | None:
    audio_at = listening.state.audio_at
    return audio_at + AUDIO_WAIT_S if audio_at is not None else None


def _transcript(listening: Transcription) -> float | None:
    s = listening.state
    return s.awaited_at + TRANSCRIPT_WAIT_S if s.awaited_at is not None and s.audio_at is None else None


def _voice(listening: Transcription) -> float | None:
    return listening.state.heard_at + listening.limits.idle_s


def _session(listening: Transcription) -> float | None:
    return listening.state.started_at + listening.limits.max_session_s


WAITS = (
    Wait(
        awaited="the caller's next audio, in mid-utterance",
        owed_by="the transport",
        otherwise="the utterance is over",
        due=_audio,
        missing=Transcription.audio_missing,
    ),
    Wait(
        awaited="the final transcript of an utterance that is over",
        owed_by="the recognizer",
        otherwise="the interim transcript stands; else it is recognised once more; else nothing was said",
        due=_transcript,
        missing=Transcription.transcript_missing,
    ),
    Wait(
        awaited="any voice",
        owed_by="the caller",
        otherwise="the session ends: nobody speaks any more",
        due=_voice,
        missing=lambda listening, _: listening.over(Ending.IDLE_TIMEOUT),
    ),
    Wait(
        awaited="the end of the session",
        owed_by="the caller",
        otherwise="the session ends: it has lasted as long as it may",
        due=_session,
        missing=lambda listening, _: listening.over(Ending.NORMAL),
    ),
)
"""Every wait of a session that only listens."""
