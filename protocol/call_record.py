"""The record of one conversation, as the REST API answers it and as the webhook sends it."""

import msgspec


class Percentiles(msgspec.Struct, frozen=True):
    """A time of the turns of a conversation, in ms."""

    median: float
    p95: float


class ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    """How often and how long one tool was used in a conversation."""

    name: str
    calls: int
    failed: int
    total_ms: float


class RecordUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversation cost, in the units that providers charge by."""

    prompt_tokens: int
    completion_tokens: int
    recognized_s: float
    spoken_characters: int


class RecordedWords(msgspec.Struct, frozen=True, kw_only=True):
    """Something that was said and heard, redacted. `at`: ISO 8601."""

    at: str
    role: str
    text: str
    interrupted: bool


class CallRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one conversation. `transcript` is there only where content may be logged, and `content` says that
    there is one."""

    session_id: str
    call_id: str
    mode: str
    agent: str
    """The one that had the conversation last."""
    outcome: str
    """How it ended: NORMAL, HUMAN_HANDOFF, ERROR, IDLE_TIMEOUT, VOICEMAIL or MESSAGE_LEFT (an answering machine took a
    call of ours), or abandoned by its caller."""
    started_at: str
    ended_at: str
    duration_s: float
    turns: int
    interruptions: int
    restarts: int
    audio: bool
    """Whether what both sides said was recorded as sound, beside the session's file."""
    host: str
    """The machine that had it last: there lie its session file and its audio."""
    tools: tuple[ToolUse, ...]
    latencies_ms: dict[str, Percentiles]
    usage: RecordUsage
    handoffs: tuple[str, ...] = ()
    """The agents that it was handed off to, in the order of time."""
    content: bool = False
    transcript: tuple[RecordedWords, ...] | None = None
