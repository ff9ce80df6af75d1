"""The workbook is what its module makes, asks for metrics that there are, and for what Application Insights keeps."""

import json
import re

from tests.kit.azure_workbook import FILE, PANELS, Counts, Durations, Levels, Share, query, text, workbook
from tests.kit.grafana_dashboard import ON_NO_PANEL
from tests.kit.metric_labels import metric_labels
from tests.test_instruments import documented

DIMENSIONS = re.compile(r'customDimensions\["(\w+)"\]')
NAMES = re.compile(r'"(earshot\.[\w.]+)"')


def test_the_file_is_what_the_module_makes() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "run: python -m tests.kit.azure_workbook"


def test_each_query_asks_for_metrics_that_there_are_as_what_they_are() -> None:
    kinds = {name: kind for name, kind, _ in documented()}
    for title, _, panel in PANELS:
        names = NAMES.findall(query(panel))
        assert names, title
        found = {kinds[name] for name in names}
        match panel:
            case Counts():
                assert found <= {"counter", "histogram"}, title
            case Levels():
                assert found <= {"gauge", "up-down counter"}, title
            case Durations():
                assert found == {"histogram"}, title
            case _:
                continue


def test_each_dimension_that_a_query_names_is_one_that_its_metrics_are_given() -> None:
    for title, _, panel in PANELS:
        asked = query(panel)
        named = set(DIMENSIONS.findall(asked))
        of_each = [metric_labels()[name] for name in NAMES.findall(asked)]
        assert named <= set().union(*of_each), title
        if isinstance(panel, Levels | Share):
            assert all(named <= labels for labels in of_each), title


def test_every_metric_is_on_a_panel_or_is_said_to_be_on_none() -> None:
    asked = {name for *_, panel in PANELS for name in NAMES.findall(query(panel))}
    assert {name for name, _, _ in documented()} - asked == set(ON_NO_PANEL)


def test_a_query_reads_one_step_after_the_other() -> None:
    (mean,) = (panel for title, _, panel in PANELS if title.startswith("End of speech"))
    assert query(mean).splitlines() == [
        "customMetrics",
        '| where name in ("earshot.turn.first_audio")',
        '| extend series = trim(" +", strcat(substring(name, strlen("earshot."))))',
        "| summarize mean = sum(valueSum) / sum(valueCount), worst = max(valueMax) by"
        " bin(timestamp, {TimeRange:grain}), series",
    ]
    for _, _, panel in PANELS:
        first, *steps = query(panel).splitlines()
        assert first == "customMetrics"
        assert all(step.startswith("| ") for step in steps)


def test_each_item_is_as_the_schema_of_workbooks_has_it() -> None:
    """Its required fields, and the types of those that it knows; 3 is a query, 9 are parameters."""
    assert workbook()["version"] == "Notebook/1.0"
    for item in workbook()["items"]:
        assert set(item) <= {
            "type",
            "content",
            "name",
            "customWidth",
            "showPin",
            "styleSettings",
            "conditionalVisibility",
        }
        assert isinstance(item["content"], dict)
        assert item["type"] in (3, 9)
        assert isinstance(item["name"], str)
        assert isinstance(item.get("customWidth", ""), str)
    (parameter,) = workbook()["items"][0]["content"]["parameters"]
    assert isinstance(parameter["label"], str)


def test_every_chart_follows_the_time_that_is_chosen() -> None:
    time, *charts = workbook()["items"]
    assert time["content"]["parameters"][0]["name"] == "TimeRange"
    assert len({chart["name"] for chart in charts}) == len(PANELS)
    assert all(chart["content"]["timeContextFromParameter"] == "TimeRange" for chart in charts)
    assert json.loads(text()) == workbook()
