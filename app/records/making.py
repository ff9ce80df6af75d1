"""Makes the record of a conversation from what is known of it when it is over. Pure."""

from collections.abc import Iterable, Sequence
from re import Pattern

from actors.conversation import Role, SessionRecord, Usage
from app.console.timeline import TimelineEvent
from app.records.redaction import redacted
from protocol.browser import timestamp
from protocol.call_record import CallRecord, Percentiles, RecordedWords, RecordUsage, ToolUse

TIMES = ("first_audio_ms", "onset_to_pause_ms", "onset_to_decision_ms", "decision_to_silence_ms")


def make_call_record(
    session: SessionRecord,
    events: Sequence[TimelineEvent],
    usage: Usage,
    *,
    restarts: int,
    has_audio: bool,
    host: str,
    patterns: Iterable[Pattern[str]],
    content: bool,
) -> CallRecord:
    """The record of a session that is over.

    Args:
        session: as it is stored.
        events: its timeline.
        usage: what it cost.
        restarts: how often an actor of it was started again.
        has_audio: whether its audio was recorded.
        host: the name of this machine.
        patterns: what is left out of the transcript besides numbers and addresses.
        content: whether there is a transcript.
    """
    measured = [event for event in events if event.kind == "measured"]
    return CallRecord(
        session_id=session.session_id,
        call_id=session.call_id,
        mode=session.mode,
        agent=session.agent,
        outcome=session.ended_reason or "ERROR",
        started_at=timestamp(session.created_at),
        ended_at=timestamp(session.updated_at),
        duration_s=round(session.updated_at - session.created_at, 3),
        turns=session.turn,
        interruptions=sum(event.interrupted for event in measured),
        restarts=restarts,
        audio=has_audio,
        host=host,
        tools=tuple(_tools(events)),
        latencies_ms=_latencies_ms(measured),
        usage=RecordUsage(
            prompt_tokens=usage.prompt_tokens,
            completion_tokens=usage.completion_tokens,
            recognized_s=round(usage.recognized_s, 1),
            spoken_characters=usage.spoken_characters,
        ),
        handoffs=tuple(each.to_agent for each in session.handoffs),
        content=content,
        transcript=tuple(_transcript(session, tuple(patterns))) if content else None,
    )


def _tools(events: Iterable[TimelineEvent]) -> Iterable[ToolUse]:
    by_name: dict[str, list[TimelineEvent]] = {}
    for event in events:
        if event.kind == "tool_over":
            by_name.setdefault(event.name, []).append(event)
    for name, uses in sorted(by_name.items()):
        took_ms = sum(use.times_ms["elapsed_ms"] for use in uses)
        yield ToolUse(name=name, calls=len(uses), failed=sum(use.failed for use in uses), total_ms=round(took_ms, 1))


def _latencies_ms(measured: Iterable[TimelineEvent]) -> dict[str, Percentiles]:
    """The percentiles of each of `TIMES` that was measured at all."""
    times_ms: dict[str, list[float]] = {}
    for event in measured:
        for name, time_ms in event.times_ms.items():
            times_ms.setdefault(name, []).append(time_ms)
    return {name: _percentiles(sorted(times_ms[name])) for name in TIMES if name in times_ms}


def _percentiles(in_order: Sequence[float]) -> Percentiles:
    """Median and 95th percentile by the nearest rank; `in_order` is sorted and not empty."""

    def at(share: float) -> float:
        return round(in_order[min(len(in_order) - 1, int(share * len(in_order)))], 1)

    return Percentiles(at(0.5), at(0.95))


def _transcript(session: SessionRecord, patterns: Sequence[Pattern[str]]) -> Iterable[RecordedWords]:
    for message in session.messages:
        if message.role in (Role.USER, Role.ASSISTANT) and message.text:
            yield RecordedWords(
                at=timestamp(message.at),
                role=message.role.value,
                text=redacted(message.text, patterns),
                interrupted=message.interrupted,
            )
