"""What a timeline keeps, and that it keeps no words unless it may."""

import msgspec

from actors.conversation import Ending, Floor, PositionPrecision, UtteranceKind
from actors.messages.model import ToolFinished
from actors.messages.output import (
    AudioDiscarded,
    AudioFrame,
    ErrorShown,
    FloorChanged,
    OutputMessage,
    PlaybackPaused,
    PlaybackResumed,
    ReplyHeard,
    SessionEnded,
    ToolStarted,
    TurnMeasured,
)
from actors.messages.transcript import FinalTranscript, InterimTranscript
from actors.tool_outcome import ToolOutcome
from app.console.timeline import MOST_EVENTS, MOST_SESSIONS, Timeline, Timelines

SECRETS = ("forty two", "555 0100", "hidden_tool")


def conversation() -> list[OutputMessage]:
    return [
        FloorChanged(Floor.USER, 1),
        InterimTranscript("my", 0.0, 5.0),
        InterimTranscript("my secret is", 0.0, 10.0),
        FinalTranscript(text="my secret is forty two", turn=1),
        ToolStarted("1", "look_up", '{"number": "555 0100"}'),
        ToolStarted("2", "hidden_tool", "{}"),
        ToolFinished(
            turn=1, call_id="1", name="look_up", outcome=ToolOutcome({"is": "forty two"}, failed=True), elapsed_ms=120.0
        ),
        AudioFrame(
            reply=1, turn=1, kind=UtteranceKind.REPLY, pcm=b"", sequence=1, audio_ms=20.0, last=False
        ),
        PlaybackPaused(1),
        PlaybackResumed(1),
        AudioDiscarded(1, "barge_in"),
        ReplyHeard(
            turn=1, kind=UtteranceKind.REPLY, text="call 555 0100", precision=PositionPrecision.EXACT, interrupted=True
        ),
        TurnMeasured(
            turn=1, first_audio_ms=310.0, onset_to_pause_ms=None, onset_to_decision_ms=None,
            decision_to_silence_ms=20.0, heard_ms=900.0, interrupted=True,
        ),
        ErrorShown("sorry"),
        SessionEnded(Ending.NORMAL),
    ]  # fmt: skip


def kept(*, content: bool) -> Timeline:
    timeline = Timeline(lambda: 12.3456, ("look_up",), content=content)
    for message in conversation():
        timeline.note(message)
    return timeline


def test_each_thing_that_happened_is_an_event_and_audio_is_none() -> None:
    timeline = kept(content=True)
    assert [event.kind for event in timeline.events] == [
        *("floor", "interim", "said", "tool", "tool", "tool_over", "paused", "resumed", "cut", "heard", "measured"),
        *("error", "ended"),
    ]
    assert {event.at for event in timeline.events} == {12.346}
    by_kind = {event.kind: event for event in timeline.events}
    assert by_kind["floor"].name == "user"
    assert by_kind["interim"].text == "my secret is", "only the latest"
    assert by_kind["said"].text == "my secret is forty two"
    assert (by_kind["heard"].text, by_kind["heard"].interrupted) == ("call 555 0100", True)
    assert (by_kind["tool_over"].name, by_kind["tool_over"].failed) == ("look_up", True)
    assert by_kind["measured"].times_ms == {
        "first_audio_ms": 310.0, "decision_to_silence_ms": 20.0, "heard_ms": 900.0,
    }  # fmt: skip


def test_without_leave_to_keep_content_no_word_number_or_unknown_name_is_in_it() -> None:
    assert "interim" not in {event.kind for event in kept(content=False).events}
    text = msgspec.json.encode(list(kept(content=False).events)).decode()
    assert [secret for secret in SECRETS if secret in text] == []
    assert '"look_up"' in text


def test_events_and_sessions_are_bounded() -> None:
    timelines = Timelines(lambda: 0.0, (), (), content=False)
    first = timelines.of("session-0")
    assert timelines.of("session-0") is first
    for _ in range(MOST_EVENTS + 5):
        first.note(PlaybackPaused(1))
    assert len(first.events) == MOST_EVENTS
    for number in range(1, MOST_SESSIONS + 1):
        timelines.of(f"session-{number}").note(PlaybackPaused(1))
    assert timelines.known("session-0") is None
    assert timelines.known("session-1") is not None


def test_a_session_that_is_live_keeps_its_timeline_however_many_are_over() -> None:
    live = {"live-0", "live-1"}
    timelines = Timelines(lambda: 0.0, (), live, content=False)
    kept = [timelines.of(session_id) for session_id in sorted(live)]
    for number in range(3 * MOST_SESSIONS):
        timelines.of(f"over-{number}").note(PlaybackPaused(1))
    assert [timelines.known(session_id) for session_id in sorted(live)] == kept
    assert timelines.known(f"over-{2 * MOST_SESSIONS + 1}") is None
    assert timelines.known(f"over-{2 * MOST_SESSIONS + 2}") is not None


def test_sessions_that_never_came_make_nobody_elses_be_forgotten() -> None:
    """As of whoever opens dashboards for ids that nobody has."""
    timelines = Timelines(lambda: 0.0, (), (), content=False)
    timelines.of("talked").note(PlaybackPaused(1))
    for number in range(2 * MOST_SESSIONS):
        timelines.of(f"never-{number}")
    assert timelines.known("talked") is not None


def test_more_live_sessions_than_are_kept_leave_no_more_than_that_when_they_are_over() -> None:
    live = {f"live-{number}" for number in range(3 * MOST_SESSIONS)}
    timelines = Timelines(lambda: 0.0, (), live, content=False)
    for session_id in sorted(live):
        timelines.of(session_id)
    assert all(timelines.known(session_id) for session_id in live)
    over = sorted(live)
    live.clear()
    timelines.of("next")
    assert sum(timelines.known(session_id) is not None for session_id in over) == MOST_SESSIONS - 1


def test_a_timeline_is_said_to_be_here_where_something_happened_and_the_session_was_last() -> None:
    timelines = Timelines(lambda: 0.0, (), (), content=False)
    timelines.session_moved("s")
    # A dashboard that waits for a session of another worker.
    timelines.of("s")
    assert not timelines.has("s")
    timelines.of("s").note(PlaybackPaused(1))
    assert timelines.has("s")
    timelines.session_moved("s")
    assert not timelines.has("s")
    assert timelines.known("s") is not None
    timelines.session_opened("s")
    assert timelines.has("s")
