"""The rules of a session that only listens: what is transcribed, what is waited for, and when the session ends. Pure.

Each wait is a row of `WAITS`, as in turn-taking: what is awaited, by whom it is owed, since when, and what happens when
it does not come. A row tells from the state alone by when it is due; after each event one timer is armed for the row
that is due first. Times are in seconds of the session's clock.

Where the participants of a call are told apart, each has an utterance of their own in hand, by their label.
"""

from collections.abc import Callable, Iterable
from typing import assert_never

import msgspec

from actors.agent import Limits
from actors.conversation import ChatMessage, Ending, Role
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
from actors.rules.conversation_bounds import MAX_CHARS, MAX_MESSAGES
from actors.rules.utterance_in_hand import UtteranceInHand, as_final

_SOON_S = 1e-6
"""A timer that fires at most this many seconds early is on time, since floats round."""

HeardEvent = (
    SpeechStarted
    | SpeechContinued
    | SpeechStopped
    | NoiseStopped
    | InterimTranscript
    | FinalTranscript
    | NoSpeechRecognized
)
"""What the recognizer tells a session that only listens, as events of this rule."""
TranscriptionEffect = InterimTranscript | FinalTranscript | EndUtterance | ReopenRecognition | SessionOver
"""What is to be done: show or record a transcript, give the recognizer an order, or end the session."""


class TranscriptionSnapshot(msgspec.Struct, kw_only=True):
    """All that the rules of a listening session remember between two events."""

    number: int = 0
    """The number of transcripts so far; each is a turn of its own."""
    chars: int = 0
    """The number of characters of all transcripts so far."""
    utterances: dict[str, UtteranceInHand] = {}
    """The utterance in hand of each speaker, by label; the label is empty where all voices come in one stream."""
    heard_at: float = 0.0
    """When anything was heard last, or the session began to listen."""
    started_at: float = 0.0
    hold_at: float | None = None
    """Since when the caller is on hold; None while they are not."""
    finished: bool = False
    """Whether the session is over, so that nothing more is done."""

    def copied(self) -> "TranscriptionSnapshot":
        """The state as it is now, which later events do not change."""
        utterances = {speaker: msgspec.structs.replace(said) for speaker, said in self.utterances.items()}
        return msgspec.structs.replace(self, utterances=utterances)


class Wait(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table of waits. `due` tells by when what is awaited has to come, in seconds; None: not owed."""

    awaited: str
    owed_by: str
    clock: str
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
        s.hold_at = at if s.hold_at is not None else None
        for said in s.utterances.values():
            if said.audio_at is not None or said.awaited_at is not None:
                said.over(at)

    def handle(self, event: HeardEvent, at: float) -> list[TranscriptionEffect]:
        """Decide what is to be done about `event`, which came at `at`, in seconds of the session's clock."""
        s = self.state
        if s.finished:
            return []
        said = s.utterances.setdefault(event.speaker, UtteranceInHand())
        match event:
            case SpeechStarted():
                said.audio_at = s.heard_at = at
            case SpeechContinued(silence_ms=silence_ms):
                said.audio_at = at
                if silence_ms == 0:
                    s.heard_at = at
            case SpeechStopped(start_ms=start_ms):
                said.over(at)
                said.awaited_start_ms = start_ms
            case NoiseStopped():
                said.audio_at = None
            case InterimTranscript():
                said.interim, s.heard_at = event, at
                return [event]
            case FinalTranscript():
                s.heard_at = at
                return [*self._final(said, event)]
            case NoSpeechRecognized():
                said.settle()
            case _:
                assert_never(event)
        return []

    def hold_started(self, at: float) -> None:
        """Note that the caller is on hold: their voice is not waited for. The longest hold is a wait of its own."""
        if self.state.hold_at is None:
            self.state.hold_at = at

    def hold_ended(self, at: float) -> None:
        """Note that the caller is back; the wait for their voice begins anew."""
        s = self.state
        if s.hold_at is not None:
            s.hold_at, s.heard_at = None, max(s.heard_at, at)

    def _final(self, said: UtteranceInHand, final: FinalTranscript) -> list[FinalTranscript]:
        if not said.take(final):
            return []
        self.state.number += 1
        self.state.chars += len(final.text)
        return [msgspec.structs.replace(final, turn=self.state.number)]

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
            if due is not None and due <= at + _SOON_S and not self.state.finished:
                effects += wait.missing(self, at)
        return effects

    def audio_missing(self, at: float) -> list[TranscriptionEffect]:
        """End, as silence would have, the utterances in the middle of which the transport has stopped sending audio."""
        effects: list[TranscriptionEffect] = []
        for speaker, said in self.state.utterances.items():
            if said.audio_due is not None and said.audio_due <= at + _SOON_S:
                said.over(at)
                effects.append(EndUtterance(speaker))
        return effects

    def transcript_missing(self, at: float) -> list[TranscriptionEffect]:
        """Take the interim transcript for the final one; else have the audio recognised once more; else give up."""
        effects: list[TranscriptionEffect] = []
        for speaker, said in self.state.utterances.items():
            if said.transcript_due is not None and said.transcript_due <= at + _SOON_S:
                effects += self._transcript_missing(speaker, said, at)
        return effects

    def _transcript_missing(self, speaker: str, said: UtteranceInHand, at: float) -> list[TranscriptionEffect]:
        again = not said.has_current_interim and not said.is_reopened
        reopen = ReopenRecognition(again=again, speaker=speaker)
        if again:
            said.is_reopened, said.awaited_at = True, at
            return [reopen]
        told = self._final(said, as_final(said.interim)) if said.interim is not None else []
        # Whatever was told: a wait that stays owed would be over again at once, without end.
        said.settle()
        return [reopen, *told]

    def unfinished(self) -> list[FinalTranscript]:
        """The interim transcripts of what was being said when the session ended, as final ones, by where they end."""
        interims = [said.interim for said in self.state.utterances.values() if said.interim is not None]
        finals = [as_final(interim) for interim in sorted(interims, key=lambda interim: interim.end_ms)]
        return [told for final in finals for told in self._final(self.state.utterances[final.speaker], final)]

    def over(self, ending: Ending) -> list[TranscriptionEffect]:
        """End the session for the reason `ending`: nothing more is ordered afterwards."""
        self.state.finished = True
        return [SessionOver(ending)]


def as_message(final: FinalTranscript, at: float) -> ChatMessage:
    """A final transcript as a message of the record, made at `at` in seconds since 1970."""
    return ChatMessage(
        role=Role.USER,
        text=final.text,
        turn=final.turn,
        at=at,
        confidence=final.confidence,
        start_ms=final.start_ms,
        end_ms=final.end_ms,
        speaker=final.speaker,
        language=final.language,
        words=final.words,
    )


def _audio(listening: Transcription) -> float | None:
    return _first(said.audio_due for said in listening.state.utterances.values())


def _transcript(listening: Transcription) -> float | None:
    return _first(said.transcript_due for said in listening.state.utterances.values())


def _first(dues: Iterable[float | None]) -> float | None:
    return min((due for due in dues if due is not None), default=None)


def _voice(listening: Transcription) -> float | None:
    s = listening.state
    return s.heard_at + listening.limits.idle_s if s.hold_at is None else None


def _hold(listening: Transcription) -> float | None:
    """When the hold has lasted too long: counted from the last that was heard, since others may go on talking."""
    s = listening.state
    return max(s.hold_at, s.heard_at) + listening.limits.max_hold_s if s.hold_at is not None else None


def _session(listening: Transcription) -> float | None:
    s = listening.state
    if s.number >= MAX_MESSAGES or s.chars >= MAX_CHARS:
        return s.heard_at
    return s.started_at + listening.limits.max_session_s


WAITS = (
    Wait(
        awaited="the caller's next audio, in mid-utterance",
        owed_by="the transport",
        clock="wall",
        otherwise="the utterance is over",
        due=_audio,
        missing=Transcription.audio_missing,
    ),
    Wait(
        awaited="the final transcript of an utterance that is over",
        owed_by="the recognizer",
        clock="wall, from the end of the utterance, while the speaker is silent",
        otherwise="the interim transcript stands; else it is recognised once more; else nothing was said",
        due=_transcript,
        missing=Transcription.transcript_missing,
    ),
    Wait(
        awaited="any voice",
        owed_by="the caller",
        clock="wall, from when anything was heard last",
        otherwise="the session ends: nobody speaks any more",
        due=_voice,
        missing=lambda listening, _: listening.over(Ending.IDLE_TIMEOUT),
    ),
    Wait(
        awaited="the caller's return from hold, or any voice meanwhile",
        owed_by="the caller",
        clock="wall, from the beginning of the hold or when anything was heard last",
        otherwise="the session ends",
        due=_hold,
        missing=lambda listening, _: listening.over(Ending.IDLE_TIMEOUT),
    ),
    Wait(
        awaited="the end of the session",
        owed_by="the caller",
        clock="wall, from the start",
        otherwise="the session ends: it has lasted, or its transcript has become, as long as it may",
        due=_session,
        missing=lambda listening, _: listening.over(Ending.NORMAL),
    ),
)
"""Every wait of a session that only listens."""
