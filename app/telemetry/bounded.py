"""Bounds what a slow collector holds up: how long an export lasts, and how many spans wait for one."""

import contextvars
import logging
import threading
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry import metrics
from opentelemetry.context import Context
from opentelemetry.sdk.trace import ReadableSpan, Span, SpanProcessor
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult

from app.errors import AppError

log = logging.getLogger(__name__)

_dropped = metrics.get_meter("earshot").create_counter(
    "earshot.telemetry.dropped_spans",
    unit="{span}",
    description="Spans that were not sent since the collector takes them more slowly than they come",
)


class LateExportError(AppError):
    """An export takes longer than it may. The text is one line."""


class BoundedExport:
    """Runs exports of one exporter, each in a thread of its own, and waits no longer for one than it may last.

    The exporters' own time-outs bound single reads: a collector that answers a byte a second keeps one for hours. One
    that is late goes on in its thread, but no other is begun until it has come back.
    """

    def __init__(self) -> None:
        self._late: threading.Thread | None = None

    def run(self, export: Callable[[], Any], limit_s: float) -> Any:
        """Call `export` in a thread, and return its result.

        Raises:
            LateExportError: nothing within `limit_s` seconds, or the one before it has not come back yet.
        """
        if self._late is not None and self._late.is_alive():
            raise LateExportError("the export before has not come back")
        self._late = None
        outcome: list[Callable[[], Any]] = []
        # The SDK sets a key in the context of the thread that exports, by which instrumented HTTP libraries leave the
        # exporter's own requests untraced; another thread would begin without that key.
        context = contextvars.copy_context()

        def work() -> None:
            try:
                result = context.run(export)
                outcome.append(lambda: result)
            except Exception as error:  # noqa: BLE001 - whatever it is, it is raised where it is waited for
                outcome.append(_raising(error))

        thread = threading.Thread(target=work, daemon=True, name="telemetry-export")
        thread.start()
        thread.join(limit_s)
        if not outcome:
            self._late = thread
            raise LateExportError(f"no end within {limit_s:g} s")
        return outcome[0]()


def _raising(error: Exception) -> Callable[[], Any]:
    def raise_it() -> None:
        raise error

    return raise_it


class BoundedSpans(SpanProcessor):
    """Hands spans to the SDK's batches as long as no more wait than may, those of the export under way included.

    What comes then is dropped: counted, and told once until all that waited has been sent or lost.

    Args:
        exporter: given the batches, by the SDK's thread.
        name: the exporter's, for operators, such as `otlp`.
        most: spans that may wait.
        export_s: how long an export may last.
    """

    def __init__(self, exporter: SpanExporter, name: str, *, most: int, export_s: float) -> None:
        self._attributes = {"exporter": name}
        self._most = most
        self._lock = threading.Lock()
        self._waiting = 0
        self._dropping = False
        self._batches = BatchSpanProcessor(
            _Counted(exporter, self._handled),
            max_queue_size=most,
            export_timeout_millis=export_s * 1_000,
        )

    def on_start(self, span: Span, parent_context: Context | None = None) -> None:
        """Do nothing: a span is sent when it has ended."""

    def on_end(self, span: ReadableSpan) -> None:
        """Have a span sent, or drop it; called on the event loop's thread, and never waits for the collector."""
        if span.context is None or not span.context.trace_flags.sampled:
            return
        with self._lock:
            is_full = self._waiting >= self._most
            if not is_full:
                self._waiting += 1
            is_first, self._dropping = is_full and not self._dropping, self._dropping or is_full
        if not is_full:
            self._batches.on_end(span)
            return
        _dropped.add(1, self._attributes)
        if is_first:
            log.warning("the collector is slower than spans come: they are dropped", extra=self._attributes)

    def shutdown(self) -> None:
        """Send what waits, and close the exporter."""
        self._batches.shutdown()  # type: ignore[no-untyped-call]

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Send all spans that wait now, on the thread that calls."""
        return self._batches.force_flush(timeout_millis)

    def _handled(self, count: int) -> None:
        """Count `count` spans as no longer waiting: they were sent, or could not be."""
        with self._lock:
            self._waiting -= count
            is_well = self._dropping and self._waiting == 0
            if is_well:
                self._dropping = False
        if is_well:
            log.info("the collector takes all spans again", extra=self._attributes)


class _Counted(SpanExporter):
    """Wraps an exporter, and reports how many spans it has sent or lost."""

    def __init__(self, inner: SpanExporter, handled: Callable[[int], None]) -> None:
        self._inner = inner
        self._handled = handled

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        try:
            return self._inner.export(spans)
        finally:
            self._handled(len(spans))

    def shutdown(self) -> None:
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        return self._inner.force_flush(timeout_millis)
