"""What the envelopes of the browser's WebSocket hold, one Struct for each thing that happens."""

from typing import Literal

import msgspec

from protocol.transcripts import WordPlace

Turn = int
"""Turns count from 0, the greeting's."""


class SessionOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The first message: the conversation is open. `sample_rate` in Hz; `resumed`: it goes on where it was."""

    session_id: str
    resume_token: str
    resumed: bool
    sample_rate: int
    encoding: Literal["json", "binary"]
    agent: str
    label: str
    event_type: Literal["session"] = "session"


class AgentNow(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation was handed off: the agent that has it from `turn` on, and the one that had it before."""

    agent: str
    label: str
    from_agent: str
    turn: Turn
    event_type: Literal["agent_changed"] = "agent_changed"


class ServerDraining(msgspec.Struct, frozen=True):
    """The server takes on nothing new and is about to restart. The conversation goes on until it is over, the agent
    says goodbye, or the socket is closed with 1012, after which the client comes back. `message` is for people."""

    message: str = "The server is about to restart"
    event_type: Literal["draining"] = "draining"


class InterimText(msgspec.Struct, frozen=True, kw_only=True):
    """What the user seems to be saying. Where in the audio, in ms, and who and in what language, as far as known."""

    content: str
    message: str
    event_type: Literal["stt_partial"] = "stt_partial"
    speaker: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    offset_ms: int | msgspec.UnsetType = msgspec.UNSET
    duration_ms: int | msgspec.UnsetType = msgspec.UNSET


class FinalText(msgspec.Struct, frozen=True, kw_only=True):
    """What the user has said or typed. Where in the audio, in ms, and who and in what language, as far as known."""

    message: str
    turn: Turn
    confidence: float
    sender: Literal["User"] = "User"
    speaker: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    offset_ms: int | msgspec.UnsetType = msgspec.UNSET
    duration_ms: int | msgspec.UnsetType = msgspec.UNSET
    words: tuple[WordPlace, ...] | msgspec.UnsetType = msgspec.UNSET


class GreetingText(msgspec.Struct, frozen=True, kw_only=True):
    """The agent's first words, as they are about to be heard."""

    message: str
    turn: Turn


class ReplyPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of a reply as it is about to be heard. `kind` is reply, filler, prompt, apology or goodbye."""

    content: str
    turn: Turn
    kind: str
    streaming: Literal[True] = True


class Exit(msgspec.Struct, frozen=True):
    """The session has ended; the socket is closed next."""

    reason: Literal["HUMAN_HANDOFF", "NORMAL", "ERROR", "IDLE_TIMEOUT", "VOICEMAIL", "MESSAGE_LEFT"]


class ErrorText(msgspec.Struct, frozen=True):
    """Something went wrong; the conversation goes on."""

    error_message: str


Payload = (
    SessionOpened | AgentNow | ServerDraining | InterimText | FinalText | GreetingText | ReplyPiece | Exit | ErrorText
)
