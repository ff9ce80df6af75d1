"""What the real exporters send for a scripted session. The SDK lives in a process of its own: it is installed once."""

import re
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path

import httpx
import pytest
from opentelemetry.proto.trace.v1.trace_pb2 import Span
from prometheus_client.parser import text_string_to_metric_families

from app.telemetry.exporting import within
from tests.kit.azure_workbook import PANELS, Durations, Share, query
from tests.kit.collector import Collector, grpc_collector, http_collector
from tests.kit.metric_labels import metric_labels
from tests.kit.ports import free_port
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, environment, eventually, serving
from tests.test_instruments import documented
from tests.unit.kit.test_grafana_dashboard import served

ROOT = Path(__file__).parents[3]

SAID = ("my secret is forty two", "call me at five five five zero one hundred", "Fine. What else?")

SESSION = """
import asyncio
from app.telemetry.exporting import exporting
from config.settings import read_settings
from actors.runtime.clock import run_virtual
from actors.messages.output import ReplyHeard
from actors.ports.llm import ReplyGenerated, TextGenerated, ToolCalled
from actors.tools import tool
from tests.kit.session_kit import stage
from actors.runtime.session_trace import Peer
from tests.kit.fakes import FakeModel, FakeSynthesizer

FakeSynthesizer.peer = Peer("Azure Speech", "westeurope.tts.speech.microsoft.com")

async def main():
    said = ["my secret is forty two", "call me at five five five zero one hundred"]

    @tool
    async def look_up(what: str) -> str:
        "Look something up."
        await asyncio.sleep(0.5)
        return "the secret of the caller is forty two"

    def script(request):
        if request.turn == 2 and request.messages[-1].role.value != "tool":
            call = ToolCalled(call_id="1", name="look_up", arguments="{\\"what\\": \\"forty two\\"}")
            return [0.2, call, ReplyGenerated(100, 5)]
        return [0.2, TextGenerated("Fine. What else?"), ReplyGenerated(100, 5)]

    async with stage(utterances=said, model=FakeModel(script), tools={"look_up": look_up}) as on:
        await on.ear.until_count(ReplyHeard, 1)
        for count in (2, 3):
            await asyncio.sleep(0.5)
            await on.talk(900)
            await on.ear.until_count(ReplyHeard, count)
        await asyncio.sleep(0.5)

from app.telemetry import exporting as module
module.STOP_S = 20.0
settings = read_settings()
with exporting(settings.telemetry):
    run_virtual(main())
    if settings.telemetry.serves_prometheus:
        from prometheus_client import REGISTRY, generate_latest
        print(generate_latest(REGISTRY).decode())
"""

EACH_METRIC = """
import math
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import PeriodicExportingMetricReader
from app.telemetry.azure_monitor import azure_monitor_exporters
from config.settings import read_settings
from tests.kit.metric_labels import metric_labels
from tests.test_instruments import documented

_, exporter = azure_monitor_exporters(read_settings().telemetry.azure_monitor)
meters = MeterProvider([PeriodicExportingMetricReader(exporter, math.inf)], shutdown_on_exit=False)
meter = meters.get_meter("earshot")
for name, kind, unit in documented():
    given = dict.fromkeys(metric_labels()[name], "x")
    if kind == "histogram":
        meter.create_histogram(name, unit=unit).record(2, given)
    elif kind == "gauge":
        meter.create_gauge(name, unit=unit).set(2, given)
    else:
        getattr(meter, "create_" + kind.replace(" ", "_").replace("-", "_"))(name, unit=unit).add(2, given)
meters.force_flush()
meters.shutdown()
"""
"""One value of each metric of the table goes to Azure Monitor, with the attributes that the product gives it."""

QUIET = {
    "APPLICATIONINSIGHTS_STATSBEAT_DISABLED_ALL": "true",
    "APPLICATIONINSIGHTS_SDKSTATS_DISABLED": "true",
    "APPLICATIONINSIGHTS_CONTROLPLANE_DISABLED": "true",
    "OTEL_EXPERIMENTAL_RESOURCE_DETECTORS": "otel",
}
"""Azure Monitor's exporter would report on itself to Microsoft."""


def scripted_session(program: str = SESSION, **variables: str) -> str:
    """Run the session with these variables, or another program; returns what was printed."""
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env=environment(**variables), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert run.returncode == 0, run.stderr
    return run.stdout


def require_no_words(*outputs: bytes | str) -> None:
    for output in outputs:
        text = output.decode("latin-1") if isinstance(output, bytes) else output
        assert [words for words in SAID if words in text or words.split()[-1] in re.findall(r"\w{5,}", text)] == []


STAGES = ("recognition", "chat", "execute_tool", "synthesis", "playout")


def stages_of(collector: Collector, parent: Span) -> list[str]:
    """The names of the stages below a span, in the order in which they began."""
    below = [span for span in collector.spans if span.parent_span_id == parent.span_id]
    return [
        span.name for span in sorted(below, key=lambda each: each.start_time_unix_nano) if span.name.startswith(STAGES)
    ]


def require_within(collector: Collector, session: Span) -> None:
    """Every span lies in its session, and a stage in its turn; times are those of the clock of the conversation."""
    spans = {span.span_id: span for span in collector.spans}
    for span in collector.spans:
        assert session.start_time_unix_nano <= span.start_time_unix_nano <= span.end_time_unix_nano
        assert span.end_time_unix_nano <= session.end_time_unix_nano
        parent = spans.get(span.parent_span_id)
        assert parent is None or parent.start_time_unix_nano <= span.start_time_unix_nano
    (called,) = [span for span in collector.spans if span.name == "execute_tool look_up"]
    assert (called.end_time_unix_nano - called.start_time_unix_nano) / 1e9 == pytest.approx(0.5, abs=0.001)


@pytest.mark.parametrize(
    ("collecting", "protocol"), [(http_collector, "http/protobuf"), (grpc_collector, "grpc")], ids=["http", "grpc"]
)
def test_a_collector_is_sent_the_tree_of_spans_and_the_metrics(
    collecting: Callable[[], AbstractContextManager[Collector]], protocol: str
) -> None:
    with collecting() as collector:
        scripted_session(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_PROTOCOL=protocol)
    (session,) = [span for span in collector.spans if span.name == "session"]
    turns = [span for span in collector.spans if span.name == "turn"]
    assert [turn.parent_span_id for turn in turns] == [session.span_id] * 2
    assert {span.trace_id for span in collector.spans} == {session.trace_id}
    assert stages_of(collector, session) == ["synthesis", "playout"]
    assert stages_of(collector, turns[0]) == ["recognition", "chat", "synthesis", "playout"]
    assert stages_of(collector, turns[1]) == [
        *("recognition", "chat", "execute_tool look_up", "chat", "synthesis", "playout")
    ]
    require_within(collector, session)
    tokens = {
        point.attributes[0].value.string_value: point.as_int
        for point in collector.metrics["earshot.model.tokens"].sum.data_points
    }
    assert tokens == {"prompt": 300, "completion": 15}
    first_audio = collector.metrics["earshot.turn.first_audio"].histogram.data_points[0]
    told_ms = [
        attribute.value.double_value
        for turn in turns
        for attribute in turn.attributes
        if attribute.key == "earshot.first_audio_ms"
    ]
    assert first_audio.count == len(told_ms) == 2
    assert first_audio.sum == pytest.approx(sum(told_ms) / 1000)
    assert collector.metrics["earshot.model.first_token"].histogram.data_points[0].count == 3
    (sessions,) = collector.metrics["earshot.session.duration"].histogram.data_points
    assert sessions.count == 1
    assert {each.key for each in sessions.attributes} == {"mode", "ending"}
    assert collector.metrics["earshot.session.active"].sum.data_points[0].as_int == 0
    assert collector.resources[0]["service.name"] == "earshot"
    require_no_words(*collector.raw)


def test_a_collector_is_sent_gzip_where_that_is_asked_for() -> None:
    with http_collector() as collector:
        scripted_session(OTEL_EXPORTER_OTLP_ENDPOINT=collector.url, OTEL_EXPORTER_OTLP_COMPRESSION="gzip")
    assert collector.encodings == {"gzip"}
    assert len([span for span in collector.spans if span.name == "turn"]) == 2
    assert "earshot.turn.first_audio" in collector.metrics


def test_azure_monitor_is_sent_dependencies_and_metrics() -> None:
    pytest.importorskip("azure.monitor.opentelemetry.exporter", reason="the extra azure-monitor is not installed")
    key = "00000000-0000-0000-0000-000000000001"
    with http_collector() as collector:
        scripted_session(
            **QUIET,
            APPLICATIONINSIGHTS_CONNECTION_STRING=f"InstrumentationKey={key};IngestionEndpoint={collector.url}/",
        )
    kinds = {envelope["data"]["baseType"] for envelope in collector.envelopes}
    assert {"RemoteDependencyData", "MetricData"} <= kinds
    named = [envelope["data"]["baseData"].get("name") for envelope in collector.envelopes]
    assert named.count("session") == 1
    assert named.count("turn") == 2
    spoken = [
        each["data"]["baseData"] for each in collector.envelopes if each["data"]["baseData"].get("name") == "synthesis"
    ]
    assert {each["target"] for each in spoken} == {"Azure Speech"}
    assert not [name for name in named if name and name.startswith("POST")]
    # What the workbook asks for: the name, and of a histogram the sum, the count and the greatest.
    sent = [each["data"]["baseData"] for each in collector.envelopes if each["data"]["baseType"] == "MetricData"]
    points = {point["name"]: point for data in sent for point in data["metrics"]}
    assert {"value", "count", "min", "max"} <= set(points["earshot.turn.first_audio"])
    (ended,) = (data for data in sent if data["metrics"][0]["name"] == "earshot.session.duration")
    assert ended["properties"] == {"mode": "media", "ending": "NORMAL"}
    require_no_words(*collector.raw)


def test_the_workbook_asks_for_what_azure_monitor_is_sent_of_each_metric() -> None:
    pytest.importorskip("azure.monitor.opentelemetry.exporter", reason="the extra azure-monitor is not installed")
    key = "00000000-0000-0000-0000-000000000001"
    with http_collector() as collector:
        address = f"InstrumentationKey={key};IngestionEndpoint={collector.url}/"
        scripted_session(EACH_METRIC, **QUIET, APPLICATIONINSIGHTS_CONNECTION_STRING=address)
    sent = [each["data"]["baseData"] for each in collector.envelopes if each["data"]["baseType"] == "MetricData"]
    points = {point["name"]: point for data in sent for point in data["metrics"]}
    assert {name for name, _, _ in documented()} - set(points) == set()
    # What is told apart by customDimensions, and by cloud_RoleInstance.
    dimensions = {data["metrics"][0]["name"]: set(data.get("properties") or ()) for data in sent}
    assert {name: labels for name, labels in metric_labels().items() if dimensions[name] != labels} == {}
    assert all(envelope["tags"]["ai.cloud.roleInstance"] for envelope in collector.envelopes)
    for title, _, panel in PANELS:
        for name in re.findall(r'"(earshot\.[\w.]+)"', query(panel)):
            # A query reads valueSum, valueCount and valueMax, which are made of these.
            wanted = {"value", "count", "max"} if isinstance(panel, Durations | Share) else {"value"}
            assert wanted <= set(points[name]), (title, name)
            assert points[name]["value"] == 2, (title, name)


def test_each_metric_that_a_call_leaves_has_the_labels_that_the_dashboard_may_ask_for() -> None:
    text = scripted_session(OTEL_METRICS_EXPORTER="prometheus")
    of_sample = served()
    found: dict[str, set[str]] = {}
    for family in text_string_to_metric_families(text):
        for sample in family.samples:
            if sample.name in of_sample:
                found.setdefault(of_sample[sample.name], set()).update(set(sample.labels) - {"le"})
    assert {"earshot.model.tokens", "earshot.session.duration", "earshot.actor.mailbox"} <= set(found)
    assert {name: labels for name, labels in found.items() if labels != metric_labels()[name]} == {}


def test_prometheus_reads_what_is_served() -> None:
    text = scripted_session(OTEL_METRICS_EXPORTER="prometheus")
    families = {family.name: family for family in text_string_to_metric_families(text)}
    samples = families["earshot_model_tokens"].samples
    assert {sample.labels["kind"]: sample.value for sample in samples} == {"prompt": 300, "completion": 15}
    require_no_words(text)


def test_nothing_configured_imports_no_sdk() -> None:
    program = (
        "import sys\nfrom app.telemetry.exporting import exporting\nfrom config.settings import read_settings\n"
        "with exporting(read_settings().telemetry):\n"
        "    print([name for name in sys.modules if name.startswith('opentelemetry.sdk')])"
    )
    run = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT, env=environment(), capture_output=True, text=True, timeout=60, check=True,
    )  # fmt: skip
    assert run.stdout == "[]\n"


def test_operators_scrape_a_server_whose_collector_is_dead_and_which_answers_all_the_same() -> None:
    token = "an-operator-token-of-this-test"
    dead = f"http://127.0.0.1:{free_port()}"
    variables = {"OTEL_METRICS_EXPORTER": "otlp,prometheus", "OTEL_EXPORTER_OTLP_ENDPOINT": dead}
    with serving(
        EARSHOT,
        **FAKES,
        **variables,
        OTEL_METRIC_EXPORT_INTERVAL="200",
        OTEL_EXPORTER_OTLP_TIMEOUT="1",
        OPERATOR_TOKEN=token,
    ) as server:
        assert server.get("/metrics").status_code == 401
        deadline = time.monotonic() + 60
        failures = 0.0
        while not failures and time.monotonic() < deadline:
            began = time.monotonic()
            answer = httpx.get(
                f"{server.url}/metrics",
                headers={"Authorization": f"Bearer {token}"},
                trust_env=False,
                verify=AUTHORITIES,
                timeout=60,
            )
            assert answer.status_code == 200
            for family in text_string_to_metric_families(answer.text):
                if family.name == "earshot_telemetry_failures":
                    failures = sum(sample.value for sample in family.samples)
            time.sleep(max(0.0, 0.1 - (time.monotonic() - began)))
        assert failures >= 1
        eventually(lambda: "telemetry cannot be sent" in server.log())
        time.sleep(1)  # batches in a row fail meanwhile
        assert server.log().count("telemetry cannot be sent") == 1
        assert token not in answer.text


def test_what_hangs_when_the_process_ends_is_not_waited_for() -> None:
    done: list[str] = []
    go_on, other = threading.Event(), threading.Event()

    def hangs() -> None:
        go_on.wait(60)
        done.append("what hangs")

    def goes() -> None:
        done.append("the other")
        other.set()

    within(0.1, [hangs, goes])
    # A busy machine may not have given the other its turn within that time.
    assert other.wait(60)
    assert done == ["the other"]
    go_on.set()
