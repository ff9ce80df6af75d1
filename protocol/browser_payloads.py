"""The payloads of the envelopes on the browser's WebSocket, one Struct for each kind of event."""

from typing import Literal

import msgspec

from protocol.transcripts import WordPlace

Turn = int
"""The number of a turn; the greeting is turn 0."""


class SessionOpened(msgspec.Struct, frozen=True, kw_only=True):
    """The first message: the session is open. `resumed` is true if it goes on with a conversation that was interrupted.

    With `resume_token` the client can come back after a lost connection; `sample_rate` is that of the agent's audio, in
    Hz.
    """

    session_id: str
    resume_token: str
    resumed: bool
    sample_rate: int
    encoding: Literal["json", "binary"]
    agent: str
    label: str
    event_type: Literal["session"] = "session"


class AgentNow(msgspec.Struct, frozen=True, kw_only=True):
    """The conversation was handed off: `agent` has it from `turn` on, `from_agent` had it before."""

    agent: str
    label: str
    from_agent: str
    turn: Turn
    event_type: Literal["agent_changed"] = "agent_changed"


class ServerDraining(msgspec.Struct, frozen=True):
    """The server accepts no new sessions and is about to restart. `message` is meant for people.

    The conversation goes on until it is over, the agent says goodbye, or the socket is closed with code 1012; after
    that the client reconnects.
    """

    message: str = "The server is about to restart"
    event_type: Literal["draining"] = "draining"


class InterimText(msgspec.Struct, frozen=True, kw_only=True):
    """What the user has said so far in an utterance that goes on; later transcripts may correct it.

    `offset_ms` and `duration_ms` are its place in the session's audio. They, `speaker` and `language` are left out if
    they are not known. `content` and `message` hold the same text.
    """

    content: str
    message: str
    event_type: Literal["stt_partial"] = "stt_partial"
    speaker: str | msgspec.UnsetType = msgspec.UNSET
    language: str | msgspec.UnsetType = msgspec.UNSET
    offset_ms: int | msgspec.UnsetType = msgspec.UNSET
    duration_ms: int | msgspec.UnsetType = msgspec.UNSET


class FinalText(msgspec.Struct, frozen=True, kw_only=True):
    """The final transcript of an utterance, or the text that the user typed. `confidence` is from 0 to 1.

    `offset_ms` and `duration_ms` are its place in the session's audio. They, `speaker`, `language` and `words` are left
    out if they are not known.
    """

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
    """The text of the agent's greeting, sent when the greeting is about to be heard."""

    message: str
    turn: Turn


class ReplyPiece(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of what the agent says, sent when it is about to be heard.

    `kind` is reply, filler, prompt, apology, goodbye or voicemail (a message for an answering machine).
    """

    content: str
    turn: Turn
    kind: str
    streaming: Literal[True] = True


class Exit(msgspec.Struct, frozen=True):
    """The session has ended; the socket is closed next."""

    reason: Literal["HUMAN_HANDOFF", "NORMAL", "ERROR", "IDLE_TIMEOUT", "VOICEMAIL", "MESSAGE_LEFT"]


class ErrorText(msgspec.Struct, frozen=True):
    """Something has failed and the conversation goes on; `error_message` is the agent's own phrase for it."""

    error_message: str


Payload = (
    SessionOpened | AgentNow | ServerDraining | InterimText | FinalText | GreetingText | ReplyPiece | Exit | ErrorText
)
