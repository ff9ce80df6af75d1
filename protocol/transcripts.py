"""The transcript of a session as clients get it: what was said, by whom, and where in the audio."""

import msgspec


class WordPlace(msgspec.Struct, frozen=True):
    """A word that was recognised; both times are in ms, the offset from the beginning of the session's audio."""

    text: str
    offset_ms: int
    duration_ms: int


class TranscriptEntry(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said in one piece. Fields that are not known, or do not apply, are left out.

    `agent`, `kind`, `heard`, `interrupted` and `sources` are of what an agent said, all from `speaker` on of what was
    transcribed.
    """

    role: str
    text: str
    turn: int
    at: str
    """ISO 8601"""
    agent: str | msgspec.UnsetType = msgspec.UNSET
    """The name of the agent that said it."""
    kind: str | msgspec.UnsetType = msgspec.UNSET
    heard: str | msgspec.UnsetType = msgspec.UNSET
    interrupted: bool | msgspec.UnsetType = msgspec.UNSET
    sources: tuple[str, ...] | msgspec.UnsetType = msgspec.UNSET
    """Of a reply for which the agent's knowledge was searched: the passages that were found, as `FILE#HEADING`."""
    confidence: float | msgspec.UnsetType = msgspec.UNSET
    speaker: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    offset_ms: int | msgspec.UnsetType = msgspec.UNSET
    duration_ms: int | msgspec.UnsetType = msgspec.UNSET
    words: tuple[WordPlace, ...] | msgspec.UnsetType = msgspec.UNSET


class TranscriptDocument(msgspec.Struct, frozen=True, kw_only=True):
    """All of it, in the order in which it was recognised."""

    session_id: str
    agent: str
    mode: str
    speakers: tuple[str, ...]
    """Who is told apart, in the order in which they first spoke."""
    languages: tuple[str, ...]
    """Every language that was recognised, in the order in which they were first spoken."""
    entries: tuple[TranscriptEntry, ...]
