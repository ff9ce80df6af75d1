"""The record of a conversation, from what is known of it when it is over."""

from typing import Any

import msgspec

from actors.conversation import ChatMessage, HandoffMade, Role, SessionRecord, Usage
from app.console.timeline import TimelineEvent
from app.records.making import make_call_record
from app.records.redaction import compiled
from protocol.call_record import CallRecord, Percentiles, ToolUse

SESSION = SessionRecord(
    session_id="session-1", mode="media", agent="clinic", state="ended", created_at=1_000.0, updated_at=1_061.5, turn=3,
    call_id="call-1", ended_reason="NORMAL",
    handoffs=(HandoffMade(turn=2, from_agent="clinic", to_agent="billing", at=1_002.5),),
    messages=(
        ChatMessage(role=Role.USER, text="I am AB-12, call me at +1 206 555 0100", at=1_002.0),
        ChatMessage(role=Role.TOOL, text="her card is 4111 1111 1111 1111", at=1_003.0),
        ChatMessage(role=Role.ASSISTANT, text="I have noted five five five zero one", at=1_004.0, interrupted=True),
    ),
)  # fmt: skip


def measured(first_audio_ms: float, *, interrupted: bool = False) -> TimelineEvent:
    return TimelineEvent(1.0, "measured", 1, times_ms={"first_audio_ms": first_audio_ms}, interrupted=interrupted)


def tool(name: str, elapsed_ms: float, *, failed: bool = False) -> TimelineEvent:
    return TimelineEvent(1.0, "tool_over", 1, name=name, times_ms={"elapsed_ms": elapsed_ms}, failed=failed)


EVENTS = [
    *(measured(each) for each in (300.0, 100.0, 200.0)),
    measured(900.0, interrupted=True),
    tool("book", 120.0),
    tool("book", 30.25, failed=True),
    tool("ask", 5.0),
]


def record(events: list[TimelineEvent] = EVENTS, *, content: bool = True) -> CallRecord:
    usage = Usage(prompt_tokens=300, completion_tokens=20, recognized_s=61.24, spoken_characters=120)
    return make_call_record(
        SESSION,
        events,
        usage,
        restarts=2,
        has_audio=True,
        host="here",
        patterns=compiled([r"\bAB-\d\d\b"]),
        content=content,
    )


def test_it_says_what_became_of_the_conversation_and_what_it_cost() -> None:
    found = record()
    assert (found.outcome, found.duration_s) == ("NORMAL", 61.5)
    assert (found.turns, found.interruptions, found.restarts) == (3, 1, 2)
    assert found.tools == (
        ToolUse(name="ask", calls=1, failed=0, total_ms=5.0),
        ToolUse(name="book", calls=2, failed=1, total_ms=150.2),
    )
    assert found.latencies_ms == {"first_audio_ms": Percentiles(300.0, 900.0)}
    assert (found.usage.prompt_tokens, found.usage.recognized_s, found.usage.spoken_characters) == (300, 61.2, 120)
    assert found.started_at.startswith("1970-01-01T00:16:40")
    assert found.handoffs == ("billing",)
    assert (found.audio, found.host) == (True, "here")


def test_its_transcript_is_redacted_and_holds_no_result_of_a_tool() -> None:
    said = [(words.role, words.text, words.interrupted) for words in record().transcript or ()]
    assert said == [
        ("user", "I am [redacted], call me at [phone]", False),
        ("assistant", "I have noted [digits]", True),
    ]


def test_without_leave_there_is_no_transcript_at_all() -> None:
    shown: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(record(content=False)))
    assert "transcript" not in shown
    assert "content" not in shown
    assert record().content
    assert "555" not in str(shown)


def test_of_nothing_that_happened_there_is_nothing() -> None:
    found = record([])
    assert (found.tools, found.latencies_ms, found.interruptions) == ((), {}, 0)
