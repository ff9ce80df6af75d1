"""Installs the providers of OpenTelemetry's SDK with the exporters that the settings name. Imported only if there is
one.
"""

import logging
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import StringIO
from typing import NamedTuple
from uuid import uuid4

from azure.core.settings import settings as azure_settings
from opentelemetry import metrics, trace
from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import (
    ConsoleMetricExporter,
    MetricExporter,
    MetricReader,
    PeriodicExportingMetricReader,
)
from opentelemetry.sdk.resources import SERVICE_INSTANCE_ID, SERVICE_NAME, SERVICE_VERSION, Resource
from opentelemetry.sdk.trace import SpanLimits, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from app.telemetry.azure_monitor import azure_monitor_exporters
from app.telemetry.bounded import BoundedSpans
from app.telemetry.observed import ObservedMetricExporter, ObservedSpanExporter
from app.telemetry.otlp import otlp_metric_exporter, otlp_span_exporter
from app.telemetry.refusal import is_refusal, refusal
from app.version import product_version
from config.groups.telemetry import Telemetry


def install(settings: Telemetry) -> list[Callable[[], None]]:
    """Make this process measure and export, once in a process; returns the function that stops it.

    Raises:
        SettingsError: an exporter is not installed, or the SDK refuses a variable.
    """
    _require_readable_variables()
    spans: dict[str, SpanExporter] = {}
    measured: dict[str, MetricExporter] = {}
    if settings.azure_monitor is not None:
        spans["azure monitor"], measured["azure monitor"] = azure_monitor_exporters(settings.azure_monitor)
    by_otlp = _otlp_exporters(settings)
    if by_otlp.spans is not None:
        spans["otlp"] = by_otlp.spans
    if by_otlp.metrics is not None:
        measured["otlp"] = by_otlp.metrics
    readers: list[MetricReader] = [
        PeriodicExportingMetricReader(ObservedMetricExporter(exporter, name)) for name, exporter in measured.items()
    ]
    if settings.serves_prometheus:
        readers.append(PrometheusMetricReader(scope_info_enabled=False))
    resource = described()
    stops: list[Callable[[], None]] = []
    if readers:
        meters = MeterProvider(readers, resource=resource, shutdown_on_exit=False)
        metrics.set_meter_provider(meters)
        stops.append(meters.shutdown)
    if spans:
        tracers = TracerProvider(resource=resource, shutdown_on_exit=False)
        for name, exporter in spans.items():
            observed = ObservedSpanExporter(exporter, name, settings.export_s)
            tracers.add_span_processor(
                BoundedSpans(observed, name, most=settings.most_waiting_spans, export_s=settings.export_s)
            )
        trace.set_tracer_provider(tracers)
        # Azure's SDKs, such as that of calls, make a span of each request then, and send it along.
        azure_settings.tracing_enabled = True
        stops.append(tracers.shutdown)
    return stops


def require_usable_variables(settings: Telemetry) -> None:
    """Check that the SDK and the OTLP exporters can use the variables that they read by themselves. Nothing is sent.

    Raises:
        SettingsError: one is refused.
    """
    _require_readable_variables()
    with _complaints():
        for exporter in _otlp_exporters(settings):
            if exporter is not None:
                exporter.shutdown()


class _OtlpExporters(NamedTuple):
    """Those that send to a collector; None for what is not sent to one."""

    spans: SpanExporter | None
    metrics: MetricExporter | None


def _otlp_exporters(settings: Telemetry) -> _OtlpExporters:
    """Make the exporters of OTLP.

    Raises:
        SettingsError: one of them refuses a variable that it reads by itself.
    """
    spans, measured = None, None
    try:
        if settings.traces_by_otlp:
            spans = otlp_span_exporter(settings.otlp_traces_protocol or settings.otlp_protocol)
        if settings.metrics_by_otlp:
            measured = otlp_metric_exporter(settings.otlp_metrics_protocol or settings.otlp_protocol)
    except Exception as error:  # noqa: BLE001 - each transport has errors of its own for a value that it cannot use
        raise refusal(str(error)) from None
    return _OtlpExporters(spans, measured)


def _require_readable_variables() -> None:
    try:
        with _complaints():
            SpanLimits()
            BatchSpanProcessor(InMemorySpanExporter()).shutdown()  # type: ignore[no-untyped-call]
            # Which sessions are traced, as what, and how often metrics are sent.
            TracerProvider(shutdown_on_exit=False).shutdown()
            reader = PeriodicExportingMetricReader(ConsoleMetricExporter(out=StringIO()))
            MeterProvider([reader], shutdown_on_exit=False).shutdown()
    except ValueError as error:
        raise refusal(str(error)) from None


@contextmanager
def _complaints() -> Iterator[None]:
    """Raise what the SDK logs about its variables: a value that it cannot read it replaces by a default, with a log
    line.

    Raises:
        SettingsError: on leaving, if it has said anything.
    """
    source, complaints = logging.getLogger("opentelemetry"), _Complaints(logging.WARNING)
    propagates, source.propagate = source.propagate, False
    source.addHandler(complaints)
    try:
        yield
    finally:
        source.removeHandler(complaints)
        source.propagate = propagates
    if (told := next(filter(is_refusal, complaints.found), None)) is not None:
        raise refusal(told)


class _Complaints(logging.Handler):
    """A log handler that keeps what a library says of its variables."""

    def __init__(self, level: int) -> None:
        super().__init__(level)
        self.found: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep what a line of the log says."""
        self.found.append(record.getMessage())


def described() -> Resource:
    """The OpenTelemetry resource of this process: the attributes of the environment, with name and version added."""
    given = Resource.create()
    ours = {SERVICE_INSTANCE_ID: f"{os.getpid()}-{uuid4().hex[:12]}", SERVICE_VERSION: product_version()}
    named = str(given.attributes.get(SERVICE_NAME, "unknown_service"))
    if named.startswith("unknown_service"):
        ours[SERVICE_NAME] = "earshot"
    return given.merge(Resource(ours))
