"""The record of one conversation, as the REST API returns it and as the webhook sends it."""

import msgspec


class Percentiles(msgspec.Struct, frozen=True):
    """Median and 95th percentile of one latency, over the turns of a conversation, in ms."""

    median: float
    p95: float


class ToolUse(msgspec.Struct, frozen=True, kw_only=True):
    """How often one tool was called in a conversation, how many of these calls failed, and their total time."""

    name: str
    calls: int
    failed: int
    total_ms: float


class RecordUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What a conversation has used, in the units that providers charge by.

    These are tokens of the language model, seconds of audio for the recognizer, and characters for the synthesizer.
    """

    prompt_tokens: int
    completion_tokens: int
    recognized_s: float
    spoken_characters: int


class RecordedWords(msgspec.Struct, frozen=True, kw_only=True):
    """Words that the user said or that were heard of the agent, redacted. `at` is ISO 8601, `role` is user or
    assistant."""

    at: str
    role: str
    text: str
    interrupted: bool


class CallRecord(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """The record of one conversation that is over; its times are ISO 8601.

    `transcript` is present only where content may be logged (LOG_CONTENT), and `content` says whether it is.
    """

    session_id: str
    call_id: str
    mode: str
    agent: str
    """The name of the agent that had the conversation last."""
    outcome: str
    """How it ended: NORMAL, HUMAN_HANDOFF, ERROR, IDLE_TIMEOUT, VOICEMAIL or MESSAGE_LEFT (a call that the agent placed
    reached an answering machine), or ABANDONED (the connection was lost and did not come back)."""
    started_at: str
    ended_at: str
    duration_s: float
    turns: int
    interruptions: int
    restarts: int
    audio: bool
    """Whether the audio of both sides was recorded, in a file beside the session file."""
    host: str
    """The name of the machine that had the conversation last; its session file and its audio are stored there."""
    tools: tuple[ToolUse, ...]
    latencies_ms: dict[str, Percentiles]
    usage: RecordUsage
    handoffs: tuple[str, ...] = ()
    """The names of the agents that it was handed off to, in the order of time."""
    content: bool = False
    transcript: tuple[RecordedWords, ...] | None = None
