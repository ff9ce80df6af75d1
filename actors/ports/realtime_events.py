"""What a session of a speech-to-speech model (`actors/ports/realtime.py`) reports."""

from enum import StrEnum

import msgspec

from actors.messages.transcript import (
    FinalTranscript,
    InterimTranscript,
    NoSpeechRecognized,
    SpeechStarted,
    SpeechStopped,
)
from actors.ports.llm import ToolCalled
from protocol.realtime.failure_kinds import FailureKind


class Operation(StrEnum):
    """What the session was asked to do: names the cause of a failure."""

    OPEN = "open"
    APPEND = "append"
    COMMIT = "commit"
    CLEAR = "clear"
    ADD = "add"
    DELETE = "delete"
    TRUNCATE = "truncate"
    RESPOND = "respond"
    CANCEL = "cancel"
    UPDATE = "update"
    UNKNOWN = "unknown"
    """The service does not say which operation failed."""


class RealtimeReady(msgspec.Struct, frozen=True, tag=True):
    """The model has taken the session's options, and hears. The session ends in `lives_s` seconds; None: unknown."""

    lives_s: float | None = None


class CallerCommitted(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """A turn of the caller, from `start_ms` to `end_ms` of the session's audio, is `item_id` of the conversation.

    Told of each `commit`, and of what the model takes for a turn by itself. A turn that is none is deleted by its id.
    """

    item_id: str
    start_ms: float
    end_ms: float


class CallerTranscribed(msgspec.Struct, frozen=True, tag=True):
    """The words of the caller's item so far, or all of them, or that there are none; late, and sometimes never."""

    item_id: str
    transcript: InterimTranscript | FinalTranscript | NoSpeechRecognized


class ResponseStarted(msgspec.Struct, frozen=True, tag=True):
    """The model begins the response that was number `request`; 0 for one that nobody asked for."""

    response_id: str
    request: int


class ResponseGoesOn(msgspec.Struct, frozen=True, tag=True):
    """Something of this response has come that nobody can use yet, such as a piece of the arguments of a call."""

    response_id: str


class ResponseAudio(msgspec.Struct, frozen=True, tag=True):
    """More audio, PCM16LE mono at the session's rate, any even length, gapless and in order within an item.

    Some of a cancelled response comes until `ResponseFinished`.
    """

    response_id: str
    item_id: str
    pcm: bytes


class ResponseAudioFinished(msgspec.Struct, frozen=True, tag=True):
    """All audio of this item has been reported."""

    response_id: str
    item_id: str


class ResponseTranscript(msgspec.Struct, frozen=True, tag=True):
    """The next words that the model says; they run ahead of their audio."""

    response_id: str
    item_id: str
    text: str


class ResponseTranscriptFinished(msgspec.Struct, frozen=True, tag=True):
    """All words of this item: what `ResponseTranscript` told piece by piece."""

    response_id: str
    item_id: str
    text: str


class ResponseWord(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The word `text` begins at `audio_ms` of the item's audio, of models that have `word_times`."""

    response_id: str
    item_id: str
    text: str
    audio_ms: float
    duration_ms: float


class ResponseToolCalled(msgspec.Struct, frozen=True, tag=True):
    """The model wants a tool run. It goes on when its result was added and a response is asked for."""

    response_id: str
    item_id: str
    call: ToolCalled


class ResponseStatus(StrEnum):
    """What became of a response."""

    COMPLETED = "completed"
    CANCELLED = "cancelled"
    CUT = "cut"
    """The response was cut off because it was longer than a response may be."""
    FILTERED = "filtered"
    """The service's content filter has stopped the response; the same request would be stopped again."""
    FAILED = "failed"


class ResponseFinished(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Nothing more of this response comes. Told of each that started; says nothing about what was heard of it."""

    response_id: str
    status: ResponseStatus
    failure: FailureKind | None = None
    """The kind of failure, for a response that failed; else None."""
    detail: str = ""
    """Why the response failed, in words for operators; empty for one that did not."""
    prompt_tokens: int = 0
    completion_tokens: int = 0


class RateLimited(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """What is left of a limit of the service, `name`, until it is whole again in `reset_s` seconds."""

    name: str
    limit: int
    remaining: int
    reset_s: float


class RealtimeFailed(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """Something failed, and the session goes on, unless `RealtimeClosed` follows.

    `kind` says what can be done about it; one that is harmless is told for the sake of whoever waits for the answer to
    `operation`. Of a response that is not begun, `request` is its number.
    """

    kind: FailureKind
    operation: Operation
    detail: str
    """What has failed, in words for operators."""
    request: int = 0
    retry_after_s: float | None = None
    """Seconds after which the request may succeed, if the service has named them; else None."""


class RealtimeExpiring(msgspec.Struct, frozen=True, tag=True):
    """The service will end this session in `left_s` seconds, whatever is being said: another one is to take over."""

    left_s: float


class RealtimeClosed(msgspec.Struct, frozen=True, tag=True):
    """The session is over, and reports nothing more; told once, and not after `RealtimeSession.close`."""

    kind: FailureKind
    detail: str
    """Why the session was closed, in words for operators."""
    retry_after_s: float | None = None


RealtimeEvent = (
    RealtimeReady
    | SpeechStarted
    | SpeechStopped
    | CallerCommitted
    | CallerTranscribed
    | ResponseStarted
    | ResponseGoesOn
    | ResponseAudio
    | ResponseAudioFinished
    | ResponseTranscript
    | ResponseTranscriptFinished
    | ResponseWord
    | ResponseToolCalled
    | ResponseFinished
    | RateLimited
    | RealtimeFailed
    | RealtimeExpiring
    | RealtimeClosed
)
"""What a session reports, in the order in which the service told it. Times are in ms of the session's audio.

`SpeechStarted` and `SpeechStopped` come from the model's own voice activity detection, only with `detect_turns`.
"""
