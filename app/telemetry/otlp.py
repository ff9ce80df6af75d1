"""The exporters for OTLP. They read endpoint, headers, time-out and compression from the standard variables."""

from importlib import import_module

from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter

from config.groups.telemetry import OtlpProtocol

PACKAGES = {
    OtlpProtocol.HTTP: "opentelemetry.exporter.otlp.proto.http",
    OtlpProtocol.GRPC: "opentelemetry.exporter.otlp.proto.grpc",
}
"""Imported when used: gRPC takes a tenth of a second and 10 MB."""


def otlp_span_exporter(protocol: OtlpProtocol) -> SpanExporter:
    """The exporter of spans to a collector that speaks this protocol."""
    exporter: SpanExporter = import_module(f"{PACKAGES[protocol]}.trace_exporter").OTLPSpanExporter()
    return exporter


def otlp_metric_exporter(protocol: OtlpProtocol) -> MetricExporter:
    """The exporter of metrics to a collector that speaks this protocol."""
    exporter: MetricExporter = import_module(f"{PACKAGES[protocol]}.metric_exporter").OTLPMetricExporter()
    return exporter
