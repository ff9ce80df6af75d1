"""The exporters for OTLP. They read endpoint, headers, time-out and compression from the standard variables."""

from importlib import import_module
from typing import Any

from opentelemetry.sdk.metrics.export import MetricExporter
from opentelemetry.sdk.trace.export import SpanExporter

from config.groups.telemetry import OtlpProtocol

PACKAGES = {
    OtlpProtocol.HTTP: "opentelemetry.exporter.otlp.proto.http",
    OtlpProtocol.GRPC: "opentelemetry.exporter.otlp.proto.grpc",
}
"""The packages of the exporters; they are imported when they are used, since gRPC takes a tenth of a second and
10 MB."""


def otlp_span_exporter(protocol: OtlpProtocol) -> SpanExporter:
    """Make the exporter of spans to an OTLP collector by `protocol`."""
    package = import_module(f"{PACKAGES[protocol]}.trace_exporter")
    exporter: SpanExporter = package.OTLPSpanExporter(**_client(protocol))
    return exporter


def otlp_metric_exporter(protocol: OtlpProtocol) -> MetricExporter:
    """Make the exporter of metrics to an OTLP collector by `protocol`."""
    package = import_module(f"{PACKAGES[protocol]}.metric_exporter")
    exporter: MetricExporter = package.OTLPMetricExporter(**_client(protocol))
    return exporter


def _client(protocol: OtlpProtocol) -> dict[str, Any]:
    """What an exporter sends with, where it is not its own.

    By HTTP it follows no redirection and takes it for success: what is sent to `http://` where the collector listens on
    `https://` would be lost, and counted as sent.
    """
    if protocol is not OtlpProtocol.HTTP:
        return {}
    # The exporter's own HTTP library, which it brings along.
    session = import_module("requests").Session()
    session.hooks["response"].append(_refuse_redirection)
    return {"session": session}


def _refuse_redirection(response: Any, *_: Any, **__: Any) -> None:
    if 300 <= response.status_code < 400:
        raise OSError(f"the collector answers {response.status_code}: it is elsewhere")
