"""The spans of a session, by the SDK, on a clock that the test turns."""

from collections.abc import Iterator
from contextlib import suppress

import pytest
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from actors.runtime.session_trace import (
    MOST_STAGES,
    Peer,
    Stage,
    Trace,
    current_traceparent,
    peer_of,
    trace_headers,
)
from tests.kit.spans import recorded_spans, tree

ASKED = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01"


class Clock:
    """Seconds that pass when the test says so."""

    def __init__(self) -> None:
        self.now_s = 100.0

    def now(self) -> float:
        return self.now_s

    def wall(self) -> float:
        return 1_000_000.0 + self.now_s


@pytest.fixture(name="spans")
def fixture_spans() -> Iterator[InMemorySpanExporter]:
    with recorded_spans("actors.runtime.session_trace") as spans:
        yield spans


def started(clock: Clock, traceparent: str = "") -> Trace:
    trace = Trace(clock.now, clock.wall)
    trace.session_started("session-1", "media", "ada", traceparent)
    return trace


def test_a_turn_begins_with_the_speech_that_it_answers_and_holds_its_stages(spans: InMemorySpanExporter) -> None:
    clock = Clock()
    trace = started(clock)
    trace.peers[Stage.RECOGNITION] = Peer("Azure Speech", "westeurope.stt.speech.microsoft.com")
    clock.now_s = 101
    trace.speech_started()
    clock.now_s = 102.5
    trace.speech_transcribed(0.9, 0.25)
    clock.now_s = 103
    trace.turn_started(1)
    trace.begin(Stage.TOOL, "call", {"gen_ai.tool.name": "book"}, of="book")
    trace.begin(Stage.SYNTHESIS, 1)
    clock.now_s = 104
    trace.end(Stage.SYNTHESIS, 1)
    trace.turn_ended(first_audio_ms=500.0, heard_ms=None)
    clock.now_s = 105
    trace.end(Stage.TOOL, "call", error="tool_failed")
    trace.session_ended("NORMAL")
    named = {span.name: span for span in spans.get_finished_spans()}
    assert tree(spans.get_finished_spans()) == {
        "": ["session"],
        "session": ["turn"],
        "turn": ["recognition", "synthesis", "execute_tool book"],
    }

    def times(name: str) -> tuple[float, float]:
        span = named[name]
        assert span.start_time is not None
        assert span.end_time is not None
        return span.start_time / 1e9 - 1_000_000, span.end_time / 1e9 - 1_000_000

    assert times("session") == (100, 105)
    assert times("turn") == (101, 104)
    assert times("recognition") == (101, 102.5)
    assert times("execute_tool book") == (103, 105)
    assert named["turn"].attributes == {"earshot.turn": 1, "earshot.first_audio_ms": 500.0}
    assert named["recognition"].kind is SpanKind.CLIENT
    assert named["recognition"].attributes == {
        "peer.service": "Azure Speech",
        "server.address": "westeurope.stt.speech.microsoft.com",
        "earshot.confidence": 0.9,
        "earshot.recognition_delay_ms": 250.0,
    }
    assert named["synthesis"].kind is SpanKind.INTERNAL
    assert named["execute_tool book"].status.status_code is StatusCode.ERROR
    assert named["session"].status.status_code is StatusCode.UNSET


def test_noise_is_no_speech_that_a_turn_begins_with_and_words_before_it_are(spans: InMemorySpanExporter) -> None:
    clock = Clock()
    trace = started(clock)
    trace.speech_started()
    trace.speech_dropped()
    clock.now_s = 101
    trace.turn_started(1)
    trace.speech_started()
    trace.speech_transcribed(1.0, None)
    clock.now_s = 102
    trace.speech_started()
    trace.speech_dropped()
    trace.turn_started(2)
    trace.session_ended("NORMAL")
    began = [span.start_time for span in spans.get_finished_spans() if span.name == "turn"]
    assert [(at or 0) / 1e9 - 1_000_000 for at in began] == [101, 101]


def test_a_session_goes_on_with_the_trace_that_it_was_asked_for_in(spans: InMemorySpanExporter) -> None:
    started(Clock(), ASKED).session_ended("ERROR")
    (span,) = spans.get_finished_spans()
    assert span.context is not None
    assert span.parent is not None
    assert f"{span.context.trace_id:032x}" == ASKED.split("-")[1]
    assert f"{span.parent.span_id:016x}" == ASKED.split("-")[2]
    assert span.status.status_code is StatusCode.ERROR


def test_what_is_done_inside_a_stage_carries_its_trace_on(spans: InMemorySpanExporter) -> None:
    trace = started(Clock())
    trace.begin(Stage.MODEL)
    assert current_traceparent() == ""
    with trace.inside(Stage.MODEL):
        headers = trace_headers()
        assert headers["traceparent"] == current_traceparent()
    with suppress(ValueError), trace.inside(Stage.MODEL):
        raise ValueError("a number that somebody said")
    trace.session_ended("NORMAL")
    model = next(span for span in spans.get_finished_spans() if span.name == "chat")
    assert model.context is not None
    assert f"{model.context.span_id:016x}" == headers["traceparent"].split("-")[2]
    assert model.events == ()
    assert model.status.description is None


def test_stages_that_nobody_ends_are_bounded_and_end_with_the_session(spans: InMemorySpanExporter) -> None:
    trace = started(Clock())
    for reply in range(MOST_STAGES + 3):
        trace.begin(Stage.PLAYOUT, reply)
    assert len(spans.get_finished_spans()) == 3
    trace.end_through(Stage.PLAYOUT, 5)
    assert len(spans.get_finished_spans()) == 6
    trace.note(Stage.PLAYOUT, "paused")
    trace.session_ended("NORMAL")
    finished = spans.get_finished_spans()
    assert len(finished) == MOST_STAGES + 4
    assert [event.name for event in finished[-2].events] == ["paused"]


def test_without_a_session_or_a_provider_nothing_is_recorded() -> None:
    trace = Trace()
    trace.session_started("session-1", "media", "ada")
    trace.speech_started()
    trace.turn_started(1)
    trace.begin(Stage.MODEL)
    with trace.inside(Stage.MODEL):
        assert trace_headers() == {}
    assert not trace.in_turn
    assert trace.session_context is None
    trace.session_ended("NORMAL")


def test_the_first_engine_that_is_elsewhere_is_the_peer() -> None:
    class Elsewhere:
        peer = Peer("Azure Speech")

    assert peer_of(object(), Elsewhere()) == Peer("Azure Speech")
    assert peer_of(object()) is None
