import pytest

from app.telemetry.otlp import PACKAGES, otlp_metric_exporter, otlp_span_exporter
from config.groups.telemetry import OtlpProtocol


@pytest.mark.parametrize("protocol", [OtlpProtocol.HTTP])
def test_the_exporters_are_those_of_the_protocol(protocol: OtlpProtocol) -> None:
    spans, measured = otlp_span_exporter(protocol), otlp_metric_exporter(protocol)
    try:
        assert type(spans).__module__.startswith(PACKAGES[protocol])
        assert type(measured).__module__.startswith(PACKAGES[protocol])
    finally:
        spans.shutdown()
        measured.shutdown()
