"""The dashboard is what its module makes, and asks for metrics that there are, by the names that Prometheus reads."""

import re

from opentelemetry.exporter.prometheus import PrometheusMetricReader
from opentelemetry.sdk.metrics import MeterProvider
from prometheus_client import CollectorRegistry, generate_latest

from tests.kit.grafana_dashboard import FILE, ON_NO_PANEL, PANELS, dashboard, text
from tests.test_instruments import documented

NAMES = re.compile(r"\bearshot_\w+")


def served() -> dict[str, str]:
    """The names of the samples that Prometheus reads, each with its instrument in the table of metrics."""
    found: dict[str, str] = {}
    for name, kind, unit in documented():
        registry = CollectorRegistry()
        reader = PrometheusMetricReader(scope_info_enabled=False, registry=registry)
        provider = MeterProvider([reader], shutdown_on_exit=False)
        meter = provider.get_meter("earshot")
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
        samples = {line.split("{")[0].split(" ")[0] for line in lines if not line.startswith("#")}
        found |= dict.fromkeys(samples - {"target_info"}, name)
    return found


def test_the_file_is_what_the_module_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m tests.kit.grafana_dashboard"


def test_each_panel_has_what_an_import_needs_and_none_lies_on_another() -> None:
    panels = dashboard()["panels"]
    assert len({panel["id"] for panel in panels}) == len(panels)
    assert len({(panel["gridPos"]["x"], panel["gridPos"]["y"]) for panel in panels}) == len(panels)
    for panel in panels:
        place, letters = panel["gridPos"], [target["refId"] for target in panel["targets"]]
        assert place["x"] + place["w"] <= 24
        assert letters == sorted(set(letters)), panel["title"]
        assert all(letter.isalpha() for letter in letters), panel["title"]
        for target in panel["targets"]:
            assert target["datasource"]["uid"] == "${source}", "whoever imports it chooses the source"
            assert target["expr"].count("(") == target["expr"].count(")"), target["expr"]


def test_each_query_asks_for_metrics_that_are_served_and_each_metric_is_on_a_panel_or_is_said_to_be_on_none() -> None:
    asked = {name for *_, queries in PANELS for query in queries.values() for name in NAMES.findall(query)}
    known = served()
    assert asked - set(known) == set()
    shown = {known[sample] for sample in asked}
    assert {name for name, _, _ in documented()} - shown == set(ON_NO_PANEL)
