"""Wraps exporters to count what they could not send, with one warning when a collector cannot be reached."""

import logging
from collections.abc import Callable, Sequence
from typing import Any

from opentelemetry import metrics
from opentelemetry.sdk.metrics.export import MetricExporter, MetricExportResult, MetricsData
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import SpanExporter, SpanExportResult

from app.telemetry.bounded import BoundedExport

log = logging.getLogger(__name__)

_failures = metrics.get_meter("earshot").create_counter(
    "earshot.telemetry.failures", unit="{export}", description="Batches of metrics or spans that could not be sent"
)


class ExportOutcomes:
    """Counts the failures of one exporter. Logs the first of a row of them, and the success that ends the row.

    Args:
        exporter: its name for operators, such as `otlp`.
        signal: what it sends, `metrics` or `traces`.
    """

    def __init__(self, exporter: str, signal: str) -> None:
        self._attributes = {"exporter": exporter, "signal": signal}
        self._failing = False
        self._bounded = BoundedExport()

    def succeeded(self) -> None:
        """Note that the collector has taken a batch."""
        if self._failing:
            self._failing = False
            log.info("telemetry is sent again", extra=self._attributes)

    def failed(self, error: str = "") -> None:
        """Note that a batch was refused or not sent. `error`: the class of the exception, if there was one."""
        _failures.add(1, self._attributes)
        if not self._failing:
            self._failing = True
            log.warning("telemetry cannot be sent, and is lost", extra={**self._attributes, "error": error})

    def of(self, export: Callable[[], Any], *, within_s: float, success: object, failure: Any) -> Any:
        """Run `export` and return its result; return `failure` if it raises or takes longer than `within_s` seconds."""
        try:
            result = self._bounded.run(export, within_s)
        except Exception as error:  # noqa: BLE001 - a library's thread must go on, whatever its exporter raises
            self.failed(type(error).__name__)
            return failure
        if result is success:
            self.succeeded()
        else:
            self.failed()
        return result


class ObservedSpanExporter(SpanExporter):
    """Gives spans to another exporter, which may take `export_s` seconds for a batch."""

    def __init__(self, inner: SpanExporter, name: str, export_s: float) -> None:
        self._inner = inner
        self._export_s = export_s
        self._outcomes = ExportOutcomes(name, "traces")

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """Send a batch; called by the thread of the SDK's batch processor."""
        result: SpanExportResult = self._outcomes.of(
            lambda: self._inner.export(spans),
            within_s=self._export_s,
            success=SpanExportResult.SUCCESS,
            failure=SpanExportResult.FAILURE,
        )
        return result

    def shutdown(self) -> None:
        """Close the connection to the collector."""
        self._inner.shutdown()

    def force_flush(self, timeout_millis: int = 30_000) -> bool:
        """Have the other exporter send what it keeps."""
        return self._inner.force_flush(timeout_millis)


class ObservedMetricExporter(MetricExporter):
    """Gives metrics to another exporter, in the temporality and aggregation that it prefers."""

    def __init__(self, inner: MetricExporter, name: str) -> None:
        super().__init__(
            preferred_temporality=inner._preferred_temporality,
            preferred_aggregation=inner._preferred_aggregation,
        )
        self._inner = inner
        self._outcomes = ExportOutcomes(name, "metrics")

    def export(self, metrics_data: MetricsData, timeout_millis: float = 10_000, **kwargs: Any) -> MetricExportResult:
        """Send what was measured; called by the thread of the SDK's periodic reader."""
        result: MetricExportResult = self._outcomes.of(
            lambda: self._inner.export(metrics_data, timeout_millis=timeout_millis, **kwargs),
            within_s=timeout_millis / 1_000,
            success=MetricExportResult.SUCCESS,
            failure=MetricExportResult.FAILURE,
        )
        return result

    def force_flush(self, timeout_millis: float = 10_000) -> bool:
        """Have the other exporter send what it keeps."""
        return self._inner.force_flush(timeout_millis)

    def shutdown(self, timeout_millis: float = 30_000, **kwargs: Any) -> None:
        """Close the connection to the collector."""
        self._inner.shutdown(timeout_millis, **kwargs)
