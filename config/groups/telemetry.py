"""Settings: where metrics and traces are sent. The SDK of OpenTelemetry reads further `OTEL_*` variables by itself."""

from enum import StrEnum
from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class OtlpProtocol(StrEnum):
    """How OTLP is spoken with the collector."""

    HTTP = "http/protobuf"
    GRPC = "grpc"


class Telemetry(msgspec.Struct, frozen=True, kw_only=True):
    """Where metrics and traces are sent. Without any of these nothing is measured, and nothing leaves the process."""

    otlp_endpoint: Annotated[
        str, Variable("OTEL_EXPORTER_OTLP_ENDPOINT", "Collector that takes metrics and traces by OTLP", kinds.address())
    ] = ""
    otlp_protocol: Annotated[
        OtlpProtocol,
        Variable("OTEL_EXPORTER_OTLP_PROTOCOL", "How OTLP is spoken with that collector", kinds.one_of(OtlpProtocol)),
    ] = OtlpProtocol.HTTP
    otlp_traces_endpoint: Annotated[
        str, Variable("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "The same for traces only, path included", kinds.address())
    ] = ""
    otlp_metrics_endpoint: Annotated[
        str,
        Variable("OTEL_EXPORTER_OTLP_METRICS_ENDPOINT", "The same for metrics only, path included", kinds.address()),
    ] = ""
    otlp_traces_protocol: Annotated[
        OtlpProtocol | None,
        Variable(
            "OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "The protocol for traces, if another", kinds.one_of(OtlpProtocol)
        ),
    ] = None
    otlp_metrics_protocol: Annotated[
        OtlpProtocol | None,
        Variable(
            "OTEL_EXPORTER_OTLP_METRICS_PROTOCOL", "The protocol for metrics, if another", kinds.one_of(OtlpProtocol)
        ),
    ] = None
    metrics_exporters: Annotated[
        tuple[str, ...],
        Variable(
            "OTEL_METRICS_EXPORTER",
            "What metrics are given to; `prometheus` serves them at `/metrics`. Unset: OTLP if it has an endpoint",
            kinds.each("otlp, prometheus or none", "otlp|prometheus|none"),
        ),
    ] = ()
    traces_exporters: Annotated[
        tuple[str, ...],
        Variable(
            "OTEL_TRACES_EXPORTER",
            "What traces are given to. Unset: OTLP if it has an endpoint",
            kinds.each("otlp or none", "otlp|none"),
        ),
    ] = ()
    azure_monitor: Annotated[
        Secret | None,
        Variable(
            "APPLICATIONINSIGHTS_CONNECTION_STRING",
            "Application Insights resource that takes metrics and traces; needs the extra `azure-monitor`",
            kinds.application_insights(),
        ),
    ] = None
    most_waiting_spans: Annotated[
        int,
        Variable(
            "OTEL_BSP_MAX_QUEUE_SIZE",
            "Spans that wait to be sent, for each exporter; what comes then is dropped",
            kinds.whole(1, 1_000_000),
        ),
    ] = 2_048
    span_export_ms: Annotated[
        int,
        Variable(
            "OTEL_BSP_EXPORT_TIMEOUT",
            "How long a batch of spans may take, in ms; one that takes longer is taken for lost",
            kinds.whole(10, 600_000),
        ),
    ] = 30_000
    propagators: Annotated[
        tuple[str, ...],
        Variable(
            "OTEL_PROPAGATORS",
            "How traces of others are gone on with, and handed on",
            kinds.plug_ins("tracecontext, baggage, none, or others that are installed", "opentelemetry_propagator"),
        ),
    ] = ("tracecontext", "baggage")
    disabled: Annotated[
        bool, Variable("OTEL_SDK_DISABLED", "Whether all of this is off, whatever is set", kinds.switch())
    ] = False

    @property
    def export_s(self) -> float:
        """How long a batch of spans may take, in seconds."""
        return self.span_export_ms / 1_000

    @property
    def metrics_by_otlp(self) -> bool:
        """Whether metrics go to a collector."""
        return self._by_otlp(self.metrics_exporters, self.otlp_metrics_endpoint)

    @property
    def traces_by_otlp(self) -> bool:
        """Whether traces go to a collector."""
        return self._by_otlp(self.traces_exporters, self.otlp_traces_endpoint)

    @property
    def serves_prometheus(self) -> bool:
        """Whether Prometheus may scrape this server."""
        return "prometheus" in self.metrics_exporters and not self.disabled

    @property
    def leaves_the_process(self) -> bool:
        """Whether anything is measured at all."""
        return self.metrics_by_otlp or self.traces_by_otlp or self.serves_prometheus or self.to_azure_monitor

    @property
    def to_azure_monitor(self) -> bool:
        """Whether metrics and traces go to an Application Insights resource."""
        return self.azure_monitor is not None and not self.disabled

    def _by_otlp(self, exporters: tuple[str, ...], own_endpoint: str) -> bool:
        has_endpoint = bool(self.otlp_endpoint or own_endpoint)
        return not self.disabled and ("otlp" in exporters if exporters else has_endpoint)
