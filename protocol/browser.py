"""The messages of the browser's WebSocket, in both directions: one Struct each, read by `decode`, written by `encode`.

Clients of the backend that this server replaces work unchanged: envelopes and bare messages have its field names,
unknown fields are ignored, and text that is not a JSON object counts as typed by the user.
"""

from datetime import UTC, datetime
from typing import Any, Literal

import msgspec

from protocol.errors import WireError
from protocol.tolerant_json import AROUND, JsonError, decode_json

INPUT_RATE_HZ = 16_000
OUTPUT_RATE_HZ = 48_000
OUTPUT_RATES_HZ = (16_000, 24_000, 48_000)
MAX_TEXT_CHARS = 4_000
MAX_ERROR_CHARS = 300
MAX_AUDIO_BYTES = 64_000
"""The most bytes of one message of audio: two seconds of PCM16LE mono at `INPUT_RATE_HZ`."""


# from the browser


class Typed(msgspec.Struct, frozen=True, tag="text"):
    """The user typed `text` instead of speaking."""

    text: str


class Interrupt(msgspec.Struct, frozen=True, tag="interrupt"):
    """The user wants the agent to stop speaking, for instance by a button."""


class HangUp(msgspec.Struct, frozen=True, tag="hang_up"):
    """The user has ended the conversation: the session ends at once and does not wait for the client to reconnect."""


class Ping(msgspec.Struct, frozen=True, tag="ping"):
    """The client keeps the connection alive; it is answered by `pong`."""


class PlayoutMark(msgspec.Struct, frozen=True, tag="playout_mark"):
    """How far the client has played the audio of a turn: `audio_ms` counts from the beginning of that turn's audio."""

    turn: int
    audio_ms: float
    state: Literal["playing", "paused", "empty"]


ClientMessage = Typed | Interrupt | HangUp | Ping | PlayoutMark


class Ignored(msgspec.Struct, frozen=True):
    """A message that has no effect: an empty text, or one of a `kind` that only other versions of the protocol know."""

    kind: str


def cut(text: str, most_chars: int) -> str:
    """Return `text`, cut to `most_chars` characters that end in an ellipsis if it is longer."""
    return text if len(text) <= most_chars else text[: most_chars - 1] + "\N{HORIZONTAL ELLIPSIS}"


class ProtocolError(WireError):
    """A message of a client cannot be understood: the text of the error says which field is wrong, and why.

    The text is cut to `MAX_ERROR_CHARS` characters, since it may repeat what the client sent.
    """

    def __init__(self, text: str) -> None:
        super().__init__(cut(text, MAX_ERROR_CHARS))


class _Tagged(msgspec.Struct, frozen=True):
    type: str | None = None
    kind: str | None = None
    Kind: str | None = None


_client = msgspec.json.Decoder(ClientMessage)
_tagged = msgspec.json.Decoder(_Tagged)
_KNOWN = {"text", "interrupt", "hang_up", "ping", "playout_mark"}


def decode(text: str) -> ClientMessage | Ignored:
    """Read a text message of the browser; text that is not a JSON object counts as typed by the user.

    Raises:
        ProtocolError: a field of a known type of message is missing or wrong, or typed text
            is too long; names the field.
    """
    if not text.lstrip(AROUND).startswith("{"):
        return _typed(text)
    try:
        tagged = _tagged.decode(text)
    except msgspec.ValidationError:
        return Ignored("unknown")
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _decode_tolerantly(text)
    if tagged.type not in _KNOWN:
        return Ignored(tagged.type or tagged.kind or tagged.Kind or "unknown")
    try:
        message = _client.decode(text)
    except msgspec.ValidationError as error:
        raise ProtocolError(f"{tagged.type}: {error}") from error
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _decode_tolerantly(text)
    return _typed(message.text) if isinstance(message, Typed) else message


def _decode_tolerantly(text: str) -> ClientMessage | Ignored:
    """Read a message in JSON that a strict parser refuses (see `tolerant_json.py`); text that is not JSON was typed."""
    try:
        plain = msgspec.json.encode(decode_json(text))
    except (JsonError, RecursionError):
        return _typed(text)
    return decode(plain.decode())


def _typed(text: str) -> Typed | Ignored:
    text = text.strip().strip(AROUND)
    if len(text) > MAX_TEXT_CHARS:
        raise ProtocolError(f"text: at most {MAX_TEXT_CHARS} characters, got {len(text)}")
    return Typed(text) if text else Ignored("empty")


# to the browser


EnvelopeType = Literal["event", "status", "assistant_streaming", "exit", "error"]


class Envelope(msgspec.Struct, frozen=True, kw_only=True):
    """An event of the session, for its page and for dashboards.

    `sender` is `User`, `System` or the agent's label; `ts` is ISO 8601.
    """

    type: EnvelopeType
    sender: str
    payload: Any
    """One of `protocol.browser_payloads.Payload`; declared as Any since msgspec describes no union of Structs without
    tags."""
    session_id: str
    ts: str
    topic: str = "session"
    call_id: str | None = None
    user_id: str | None = None


class AudioData(msgspec.Struct, frozen=True, tag="audio_data", kw_only=True):
    """Audio of the agent for clients that asked for JSON; `data` is PCM16LE mono, base64 on the wire."""

    data: bytes
    frame_index: int
    total_frames: int
    sample_rate: int
    is_final: bool


class Control(msgspec.Struct, frozen=True, tag="control", omit_defaults=True, kw_only=True):
    """An order to the client's player: to discard audio, to pause or to resume. `at` is ISO 8601.

    `tts_cancelled` and `audio_stop` discard the audio that is not played yet. Only clients that send playout marks
    (`marks=1`) are sent `pause`, `resume` and `audio_start`; the last says that the audio after it belongs to `turn`.
    """

    action: Literal["tts_cancelled", "audio_stop", "pause", "resume", "audio_start"]
    at: str
    session_id: str
    reason: str = ""
    turn: int | None = None


class AssistantFinal(msgspec.Struct, frozen=True, tag="assistant_final", kw_only=True):
    """The text that the user has heard of a reply, sent when its playback is over.

    `exactness` says how that is known: `exact` from the client's playout marks, `network` from the server's clock, up
    to the delay of the network, `estimated` for a client that buffers audio and reports nothing, or `typed` for a reply
    that was text without audio.
    """

    content: str
    speaker: str
    turn: int
    exactness: Literal["exact", "network", "estimated", "typed"]
    interrupted: bool


class ToolStart(msgspec.Struct, frozen=True, tag="tool_start", kw_only=True):
    """A tool begins to run; `ts` is ISO 8601, `args` is the JSON object with its arguments."""

    call_id: str = msgspec.field(name="callId")
    tool: str
    ts: str
    args: msgspec.Raw


class ToolProgress(msgspec.Struct, frozen=True, tag="tool_progress", kw_only=True):
    """A running tool has reported that `pct` percent of its work are done."""

    call_id: str = msgspec.field(name="callId")
    tool: str
    ts: str
    pct: int


class ToolEnd(msgspec.Struct, frozen=True, tag="tool_end", kw_only=True):
    """A tool has returned or failed; `result` is null where there is an `error`."""

    call_id: str = msgspec.field(name="callId")
    tool: str
    ts: str
    status: Literal["success", "error"]
    elapsed_ms: float = msgspec.field(name="elapsedMs")
    result: Any
    error: str | None


class SessionEnd(msgspec.Struct, frozen=True, tag="session_end"):
    """The session has ended; the socket is closed next."""

    reason: Literal["HUMAN_HANDOFF", "NORMAL", "ERROR", "IDLE_TIMEOUT", "VOICEMAIL", "MESSAGE_LEFT"]
    ts: str


class TurnMetrics(msgspec.Struct, frozen=True, tag="turn_metrics", kw_only=True):
    """The latencies of one turn in ms; a latency is null if the events that it is measured between did not both occur.

    The onset is the moment in which the caller began to speak into the agent's reply; the decision is that this is an
    interruption. `heard_ms` is how much of the reply's audio was heard.
    """

    turn: int
    first_audio_ms: float | None
    onset_to_pause_ms: float | None
    onset_to_decision_ms: float | None
    decision_to_silence_ms: float | None
    heard_ms: float
    interrupted: bool


class Floor(msgspec.Struct, frozen=True, tag="floor"):
    """Who has the floor from now on, which is the right to speak."""

    floor: Literal["nobody", "user", "agent"]
    turn: int


class Pong(msgspec.Struct, frozen=True, tag="pong"):
    """The server's answer to `ping`; `ts` is ISO 8601."""

    ts: str


ServerMessage = (
    Envelope
    | AudioData
    | Control
    | AssistantFinal
    | ToolStart
    | ToolProgress
    | ToolEnd
    | SessionEnd
    | TurnMetrics
    | Floor
    | Pong
)

_encoder = msgspec.json.Encoder()


def encode(message: ServerMessage) -> str:
    """Write a message as the text that is sent to the browser."""
    return _encoder.encode(message).decode()


def timestamp(wall_s: float) -> str:
    """Return a time in seconds since the epoch as ISO 8601, in UTC and with milliseconds."""
    return datetime.fromtimestamp(wall_s, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
