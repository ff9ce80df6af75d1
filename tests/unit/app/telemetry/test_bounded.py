"""A slow collector holds up neither an exporter's thread for longer than it may, nor more spans than may wait."""

import logging
import threading
from collections.abc import Sequence

import pytest
from opentelemetry import context
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import ALWAYS_OFF

from app.telemetry.bounded import BoundedExport, BoundedSpans, LateExportError
from app.telemetry.observed import ObservedSpanExporter

LOGGERS = ("app.telemetry.bounded", "app.telemetry.observed", "opentelemetry.sdk._shared_internal")
SOON_S = 0.02
BATCH = "OTEL_BSP_MAX_EXPORT_BATCH_SIZE"
LONG_S = 60.0


class Slow(SpanExporter):
    """Answers when it is let."""

    def __init__(self) -> None:
        self.asked = threading.Event()
        self.let = threading.Event()
        self.sent: list[str] = []
        self.threads: set[str] = set()

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        self.threads.add(threading.current_thread().name)
        self.asked.set()
        assert self.let.wait(LONG_S)
        self.sent += [span.name for span in spans]
        return SpanExportResult.SUCCESS


def test_an_export_that_is_late_is_left_behind_and_no_other_is_begun_until_it_is_back() -> None:
    bounded, let, begun = BoundedExport(), threading.Event(), []

    def slow() -> str:
        begun.append(threading.current_thread())
        let.wait(LONG_S)
        return "at last"

    with pytest.raises(LateExportError, match=r"^no end within 0.02 s$"):
        bounded.run(slow, SOON_S)
    for _ in range(20):
        with pytest.raises(LateExportError, match="the export before has not come back"):
            bounded.run(slow, LONG_S)
    assert len(begun) == 1
    assert begun[0].daemon, "the process may end"
    let.set()
    begun[0].join(LONG_S)
    assert bounded.run(slow, LONG_S) == "at last"


def test_what_an_export_raises_and_what_it_is_told_by_the_context_stays_as_it_is() -> None:
    def fails() -> None:
        raise ConnectionError("gone")

    with pytest.raises(ConnectionError, match="gone"):
        BoundedExport().run(fails, LONG_S)
    token = context.attach(context.set_value("told", "not to trace"))
    try:
        assert BoundedExport().run(lambda: context.get_value("told"), LONG_S) == "not to trace"
    finally:
        context.detach(token)


def test_no_more_spans_wait_than_may_and_what_is_dropped_is_told_once(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BATCH, "10")
    slow = Slow()
    spans = BoundedSpans(ObservedSpanExporter(slow, "otlp", LONG_S), "otlp", most=10, export_s=LONG_S)
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(spans)
    tracer = tracers.get_tracer("test")

    def warned() -> list[str]:
        return [record.message for record in caplog.records if record.levelno >= logging.WARNING]

    with caplog.at_level(logging.INFO):
        for number in range(50):
            tracer.start_span(f"span {number}").end()
        assert slow.asked.wait(LONG_S), "a full queue is sent at once"
        for number in range(50, 100):
            tracer.start_span(f"span {number}").end()
        assert warned() == ["the collector is slower than spans come: they are dropped"]
        slow.let.set()
        assert spans.force_flush()
        assert slow.sent == [f"span {number}" for number in range(10)], "what came first is sent, and each once"
        tracer.start_span("one more").end()
        assert spans.force_flush()
        assert slow.sent[10:] == ["one more"]
        spans.shutdown()
    assert len(warned()) == 1
    assert "the collector takes all spans again" in caplog.messages
    assert slow.threads == {"telemetry-export"}, "never the thread on which spans end"


def test_what_is_not_sampled_takes_nobodys_place(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(BATCH, "1")
    slow = Slow()
    spans = BoundedSpans(slow, "otlp", most=1, export_s=LONG_S)
    slow.let.set()
    for sampler in (ALWAYS_OFF, None):
        tracers = TracerProvider(sampler=sampler, shutdown_on_exit=False)
        tracers.add_span_processor(spans)
        tracers.get_tracer("test").start_span("one").end()
    spans.shutdown()
    assert slow.sent == ["one"]


def test_a_batch_that_takes_too_long_is_a_failure_and_makes_room(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(BATCH, "4")
    slow = Slow()
    spans = BoundedSpans(ObservedSpanExporter(slow, "otlp", SOON_S), "otlp", most=4, export_s=SOON_S)
    tracers = TracerProvider(shutdown_on_exit=False)
    tracers.add_span_processor(spans)
    with caplog.at_level(logging.INFO):
        for _ in range(6):
            for number in range(4):
                tracers.get_tracer("test").start_span(f"span {number}").end()
            assert spans.force_flush(), "it is not waited for"
    told = [record for record in caplog.records if record.levelno >= logging.WARNING]
    assert [(each.message, each.__dict__["error"]) for each in told] == [
        ("telemetry cannot be sent, and is lost", "LateExportError")
    ]
    slow.let.set()
    spans.shutdown()
