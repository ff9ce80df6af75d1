"""The queries of the dashboard and of the workbook, read by parsers of their languages: all that they name exists."""

import re
from functools import cache

import promql_parser
import pytest
from duckdb_kql import KqlError, to_sql
from promql_parser import AggModifierType, AggregateExpr, Call, Expr, VectorSelector

from tests.kit import azure_workbook, grafana_dashboard
from tests.kit.metric_labels import metric_labels
from tests.unit.kit.test_grafana_dashboard import served

OF_THE_SCRAPE = {"instance"}
"""What Prometheus itself adds."""
LEGEND = re.compile(r"{{(\w+)}}")

COLUMNS = {
    *("timestamp", "name", "value", "valueCount", "valueSum", "valueMin", "valueMax"),
    *("customDimensions", "cloud_RoleInstance"),
}
"""What Application Insights keeps of a metric, of what the exporter sends; see `test_exporting`."""
MADE = {"series", "total", "mean", "worst", "level", "share"}
"""Columns that the workbook's queries make."""
TABLE = "customMetrics"
QUOTED = re.compile(r'"(\w+)"')
DIMENSION = re.compile(r'customDimensions\["(\w+)"\]')


class Names:
    """What a query of Prometheus names."""

    def __init__(self, query: str) -> None:
        self.metrics: set[str] = set()
        self.matched: set[str] = set()
        """Labels that have to have some value"""
        self.grouped: list[set[str]] = []
        """Labels by which each aggregation groups, the outermost first"""
        self.quantiles = 0
        promql_parser.walk(promql_parser.parse(query), self._visit)

    def _visit(self, expression: Expr) -> bool:
        if isinstance(expression, VectorSelector):
            assert expression.name is not None
            self.metrics.add(expression.name)
            self.matched |= {matcher.name for matcher in expression.matchers.matchers}
        elif isinstance(expression, AggregateExpr):
            modifier = expression.modifier
            assert modifier is None or modifier.type == AggModifierType.By
            self.grouped.append(set(modifier.labels) if modifier is not None else set())
        elif isinstance(expression, Call) and expression.func.name == "histogram_quantile":
            self.quantiles += 1
        return True


served_once = cache(served)

QUERIES = [
    pytest.param(legend, query, id=f"{title}: {legend}")
    for title, _, _, queries in grafana_dashboard.PANELS
    for legend, query in queries.items()
]


@pytest.mark.parametrize(("legend", "query"), QUERIES)
def test_each_metric_and_each_label_that_the_dashboard_names_is_served(legend: str, query: str) -> None:
    names, known = Names(query), served_once()
    assert names.metrics <= set(known)
    assert names.metrics
    for metric in names.metrics:
        of_bucket = {"le"} if metric.endswith("_bucket") else set()
        labels = metric_labels()[known[metric]] | OF_THE_SCRAPE | of_bucket
        assert names.matched <= labels
        assert set().union(*names.grouped) <= labels
    # A quantile is one of the buckets of each group.
    assert all("le" in labels for labels in names.grouped) or not names.quantiles
    assert set(LEGEND.findall(legend)) == set().union(*names.grouped) - {"le"}


@pytest.mark.parametrize(
    "query", ["sum (rate(earshot_x[5m])", "sum by kind (rate(x[5m]))", "rate(x)", "histogram_quantil(0.9, x)"]
)
def test_what_prometheus_would_refuse_is_refused_here(query: str) -> None:
    with pytest.raises(ValueError, match=r"."):
        promql_parser.parse(query)


def translated(query: str) -> str:
    """A query of the workbook in SQL, for the grain that somebody has chosen."""
    return str(to_sql(query.replace("{TimeRange:grain}", "5m")))


@pytest.mark.parametrize("panel", [pytest.param(panel, id=title) for title, _, panel in azure_workbook.PANELS])
def test_each_query_of_the_workbook_is_read_and_names_columns_and_dimensions_that_there_are(
    panel: azure_workbook.Counts | azure_workbook.Durations | azure_workbook.Levels | azure_workbook.Share,
) -> None:
    query = azure_workbook.query(panel)
    named = {name for name in QUOTED.findall(translated(query)) if not re.fullmatch(r"_s\d+", name)}
    assert TABLE in named
    labels = set().union(*(metric_labels()[name] for name in re.findall(r'"(earshot\.[\w.]+)"', query)))
    dimensions = set(DIMENSION.findall(query))
    assert dimensions <= labels
    assert named <= {TABLE} | COLUMNS | MADE | dimensions


@pytest.mark.parametrize(
    "query",
    [
        "customMetrics\n| where name in (",
        "customMetrics\n| summarise total = sum(valueSum)",
        "customMetrics\n| extend series = trimmed(name)",
        "customMetrics\n| where name == 'a' summarize count()",
    ],
)
def test_what_application_insights_would_refuse_is_refused_here(query: str) -> None:
    with pytest.raises(KqlError):
        translated(query)
