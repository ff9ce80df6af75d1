"""What a Realtime service tells, in words that both dialects share; `codec.py` alone knows how they are spelt.

Times count in milliseconds of all audio that was appended since the session began.
"""

import msgspec

from protocol.realtime.failure_kinds import FailureKind


class SessionCreated(msgspec.Struct, frozen=True, kw_only=True):
    """The service is there. `expires_at` is when it ends the session, in seconds since the epoch; None if unsaid."""

    session_id: str = ""
    model: str = ""
    expires_at: float | None = None


class SessionUpdated(msgspec.Struct, frozen=True, kw_only=True):
    """What was ordered for the session holds from now on."""

    expires_at: float | None = None


class InputSpeechStarted(msgspec.Struct, frozen=True):
    """The service hears speech in item `item_id`, its padding before already taken off."""

    audio_start_ms: int = 0
    item_id: str = ""


class InputSpeechStopped(msgspec.Struct, frozen=True):
    """The service hears no speech any more; the silence that it waited for is before `audio_end_ms`."""

    audio_end_ms: int = 0
    item_id: str = ""


class InputCommitted(msgspec.Struct, frozen=True):
    """A turn of the caller has become `item_id` of the conversation."""

    item_id: str = ""


class InputTranscriptDelta(msgspec.Struct, frozen=True):
    """The next words of the caller's item."""

    item_id: str = ""
    delta: str = ""


class InputTranscript(msgspec.Struct, frozen=True):
    """All words of the caller's item; often told after the answer has begun, sometimes never."""

    item_id: str = ""
    transcript: str = ""


class InputTranscriptFailed(msgspec.Struct, frozen=True):
    """There will be no words of the caller's item."""

    item_id: str = ""
    code: str = ""


class ResponseCreated(msgspec.Struct, frozen=True):
    """The model begins to answer; `metadata` is what was given with the order."""

    response_id: str
    metadata: dict[str, str] = {}


class ResponseGoesOn(msgspec.Struct, frozen=True):
    """Something of a response has come that is of no use by itself: an item was begun, or a piece of a call."""

    response_id: str


class AudioDelta(msgspec.Struct, frozen=True, gc=False, rename={"pcm": "delta"}):
    """More audio of the model, PCM16LE mono at the session's rate; far faster than it can be played."""

    response_id: str
    item_id: str
    pcm: bytes


class AudioDone(msgspec.Struct, frozen=True):
    """All audio of the model's item has come."""

    response_id: str
    item_id: str


class TranscriptDelta(msgspec.Struct, frozen=True, rename={"text": "delta"}):
    """The next words of the model's item; they run ahead of their audio."""

    response_id: str
    item_id: str
    text: str


class TranscriptDone(msgspec.Struct, frozen=True, rename={"text": "transcript"}):
    """All words of the model's item."""

    response_id: str
    item_id: str
    text: str


class WordTime(msgspec.Struct, frozen=True, kw_only=True, rename={"audio_ms": "audio_offset_ms"}):
    """Where a word begins in the audio of the model's item, and how long it lasts, in ms."""

    response_id: str
    item_id: str
    text: str
    audio_ms: float
    audio_duration_ms: float = 0.0


class FunctionCalled(msgspec.Struct, frozen=True, kw_only=True):
    """The model calls a tool; `arguments` is a complete JSON object as text, as far as the service keeps its word."""

    response_id: str
    item_id: str
    call_id: str
    name: str
    arguments: str


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """Tokens that a response cost."""

    input_tokens: int = 0
    output_tokens: int = 0


class Failure(msgspec.Struct, frozen=True, kw_only=True):
    """Why something failed. `code` and `param` are identifiers of the protocol; no text of the service is kept."""

    kind: FailureKind
    code: str = ""
    param: str = ""


class ResponseDone(msgspec.Struct, frozen=True, kw_only=True):
    """Nothing more comes of the response, whatever became of it."""

    response_id: str
    status: str
    """How the response ended: completed, cancelled, incomplete or failed."""
    reason: str = ""
    """Why the response was cancelled or is incomplete: `client_cancelled`, `max_output_tokens`, `content_filter` and
    others."""
    failure: Failure | None = None
    """Why the response failed; None for one that did not."""
    usage: Usage = Usage()


class RateLimit(msgspec.Struct, frozen=True, kw_only=True):
    """How much of `name` (requests or tokens) is left until it is full again, `reset_seconds` from now."""

    name: str = ""
    limit: int = 0
    remaining: int = 0
    reset_seconds: float = 0.0


class RateLimitsUpdated(msgspec.Struct, frozen=True):
    """What is left of the limits after a response."""

    rate_limits: tuple[RateLimit, ...] = ()


class ServiceFailed(msgspec.Struct, frozen=True, kw_only=True):
    """The service tells of an error; `event_id` is that of the command which caused it, if one did."""

    failure: Failure
    event_id: str = ""


class Ignored(msgspec.Struct, frozen=True):
    """A message of a type that tells nothing we want to know."""

    type: str


Event = (
    SessionCreated
    | SessionUpdated
    | InputSpeechStarted
    | InputSpeechStopped
    | InputCommitted
    | InputTranscriptDelta
    | InputTranscript
    | InputTranscriptFailed
    | ResponseCreated
    | ResponseGoesOn
    | AudioDelta
    | AudioDone
    | TranscriptDelta
    | TranscriptDone
    | WordTime
    | FunctionCalled
    | ResponseDone
    | RateLimitsUpdated
    | ServiceFailed
    | Ignored
)
