"""The dashboard is what its module makes, and asks for metrics that there are, by the names that Prometheus reads."""

import re

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry, generate_latest

from tests.kit.grafana_dashboard import FILE, PANELS, text
from tests.test_instruments import documented

NAMES = re.compile(r"\bearshot_\w+")


def served() -> set[str]:
    """The names of the samples that Prometheus reads, of every instrument in the table of metrics."""
    registry = CollectorRegistry()
    reader = PrometheusMetricReader(scope_info_enabled=False, registry=registry)
    provider = MeterProvider([reader], shutdown_on_exit=False)
    meter = provider.get_meter("earshot")
    for name, kind, unit in documented():
        unit = "" if unit == "1" else unit
        if kind == "histogram":
            meter.create_histogram(name, unit=unit).record(1)
        elif kind == "up-down counter":
            meter.create_up_down_counter(name, unit=unit).add(1)
        elif kind == "gauge":
            meter.create_gauge(name, unit=unit).set(1)
        else:
            meter.create_counter(name, unit=unit).add(1)
    lines = generate_latest(registry).decode().splitlines()
    provider.shutdown()
    return {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}


def test_the_file_is_what_the_module_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m tests.kit.grafana_dashboard"


def test_each_query_asks_for_metrics_that_are_served() -> None:
    asked = {name for *_, queries in PANELS for query in queries.values() for name in NAMES.findall(query)}
    assert len(asked) > 15
    assert asked - served() == set()
