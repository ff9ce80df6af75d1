"""The attributes of metrics are found wherever they are given, and of every metric that the product has."""

import ast

from tests.kit.metric_labels import labels_in, metric_labels
from tests.test_instruments import documented

COUNTERS = """
_counters = {Failure.STORE: _meter.create_counter("earshot.store")}
"""
OWN = """
_plain = metrics.get_meter("earshot").create_counter("earshot.plain")
_named = metrics.get_meter("earshot").create_counter("earshot.named", unit="s")
_passed = metrics.get_meter("earshot").create_counter("earshot.passed")
_bare = metrics.get_meter("earshot").create_counter("earshot.bare")

class Flushes:
    def __init__(self):
        self._attributes = {"actor": "x"}

    def flush(self):
        _named.add(1, self._attributes)

def work():
    _plain.add(1, {"kind": "one"})
    _plain.add(1, {"kind": "two", "reason": "x"})
    report_failure(Failure.STORE, log, "line", level=1, operation="save")
    Counting(_passed)
    _bare.add(1)
    seen.add(1, {"none": "of a metric"})

def observe(options):
    labels = {"setting": "x"}
    yield metrics.Observation(1, labels)

metrics.get_meter("earshot").create_observable_gauge("earshot.seen", [observe])
"""
OTHER = """
class Counting:
    def count(self):
        self._outcomes.add(1, {"outcome": "answered"})
"""


def test_attributes_are_found_however_they_are_given() -> None:
    found = labels_in([ast.parse(source) for source in (COUNTERS, OWN, OTHER)])
    assert dict(found) == {
        "earshot.store": {"operation"},
        "earshot.plain": {"kind", "reason"},
        "earshot.named": {"actor"},
        "earshot.passed": {"outcome"},
        "earshot.bare": set(),
        "earshot.seen": {"setting"},
    }


def test_every_metric_of_the_product_is_among_them() -> None:
    assert set(metric_labels()) == {name for name, _, _ in documented()}
    assert metric_labels()["earshot.session.duration"] == {"mode", "ending"}
    assert metric_labels()["earshot.provider.breaker"] == {"setting", "provider"}
    assert metric_labels()["earshot.sessions.forwarded"] == {"outcome"}
    assert metric_labels()["earshot.reply.failures"] == {"owed_by"}
