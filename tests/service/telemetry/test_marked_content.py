"""With content logging on, what people say is in the log, in session files and records, and each says that it is.

Spans, metrics and health never hold any. What is planted comes by the conversation of `test_no_content`, where it is
in none of all this: there content logging is off.
"""

import json
import re
import shlex
from pathlib import Path
from typing import Any

import msgspec
import pytest

from tests.kit.collector import Collector, http_collector
from tests.kit.service_kit import FAKES
from tests.kit.serving import EARSHOT, Server, eventually, serving
from tests.service.telemetry.test_no_content import SAID, SESSION, SIGNED_WITH, TOKEN, ask, converse, is_told

WORD = "marmalade"
NUMBERS = ("4111", "206 555", "five five")
ALL = (WORD, *NUMBERS)
KEEPS_NONE = ("", "/health/actors", "/logs", "/readiness", "/health")
"""Parts of the API that hold no word whatever is set."""


class Outputs(msgspec.Struct):
    """What a server has told of a conversation, by where it was told."""

    log: str = ""
    """Of the process, after its start"""
    shown: dict[str, str] = {}
    """By path, what operators are shown when it is over"""
    meanwhile: list[str] = []
    files: list[str] = []
    posted: list[bytes] = []
    telemetry: list[bytes] = []


def outputs(directory: Path, collector: Collector, **more: str) -> Outputs:
    """Hold the conversation with a server that may log content."""
    found = Outputs()
    environ = {
        **FAKES,
        "OPERATOR_TOKEN": TOKEN,
        "LOG_CONTENT": "on",
        "LOG_LEVEL": "debug",
        "RECORD_SESSIONS": "all",
        "RECORD_DIRECTORY": str(directory),
        "OTEL_EXPORTER_OTLP_ENDPOINT": collector.url,
        "OTEL_METRICS_EXPORTER": "otlp,prometheus",
        "OTEL_METRIC_EXPORT_INTERVAL": "500",
        "OTEL_BSP_SCHEDULE_DELAY": "200",
        "CALL_RECORD_URL": f"{collector.url}/records",
        "CALL_RECORD_SECRET": SIGNED_WITH,
        **more,
    }
    with serving(EARSHOT, **environ) as server:
        found.meanwhile = converse(server, is_answered="LANGUAGE_MODEL" not in more)
        eventually(lambda: any(directory.glob("*.jsonl")) and bool(collector.posted))
        eventually(lambda: any(span.name == "session" for span in collector.spans))
        eventually(lambda: "earshot.session.duration" in collector.metrics)
        found.shown = shown(server)
        found.log = server.log()
    found.files = [path.read_text() for path in directory.glob("*.jsonl")]
    found.posted = [body for _, body in collector.posted]
    found.telemetry = [body for body in collector.raw if body not in found.posted]
    return found


def shown(server: Server) -> dict[str, str]:
    paths = [f"/api/v1{path or '/sessions'}" for path in KEEPS_NONE]
    paths += [f"/api/v1/sessions/{SESSION}{part}" for part in ("", "/timeline", "/record")]
    return {path: ask(server, path).text for path in [*paths, "/metrics"]}


def told(text: str) -> list[str]:
    return [each for each in ALL if is_told(each, text)]


def pairs(line: str, log_format: str) -> dict[str, Any]:
    """The fields of a line."""
    if log_format == "json":
        found: dict[str, Any] = json.loads(line)
        return found
    return dict(pair.partition("=")[::2] for pair in shlex.split(line))


@pytest.mark.parametrize("log_format", ["key=value", "json"])
def test_what_holds_content_is_marked_and_nothing_else_holds_any(tmp_path: Path, log_format: str) -> None:
    with http_collector() as collector:
        found = outputs(tmp_path, collector, LOG_FORMAT=log_format)
    lines = [pairs(line, log_format) for line in found.log.splitlines()]
    holding = [line for line in lines if told(json.dumps(line))]
    assert {line["msg"] for line in holding} == {"the user said", "the user heard"}
    for line in holding:
        unmarked = {name: value for name, value in line.items() if name not in str(line["content"]).split()}
        assert told(json.dumps(unmarked)) == [], line
    assert set(told(found.log)) == set(ALL), "it is all there, as it was said"
    for body in found.telemetry:
        assert told(body.decode("latin-1")) == []
    assert [path for path, text in found.shown.items() if told(text)] == [
        f"/api/v1/sessions/{SESSION}/timeline",
        f"/api/v1/sessions/{SESSION}/record",
    ]
    assert [told(text) for text in found.meanwhile] == [[]] * len(found.meanwhile)
    timeline = json.loads(found.shown[f"/api/v1/sessions/{SESSION}/timeline"])
    assert timeline["content"] is True
    (file,) = found.files
    assert json.loads(file.splitlines()[0])["content"] is True
    assert WORD in file
    kept = found.shown[f"/api/v1/sessions/{SESSION}/record"]
    for text in (*[body.decode() for body in found.posted], kept):
        record = json.loads(text)
        assert record["content"] is True
        assert told(json.dumps({**record, "transcript": ()})) == []
        assert told(json.dumps(record)) == [WORD], "numbers are left out whatever is set"


def test_exceptions_that_quote_the_caller_are_marked_or_have_no_words(tmp_path: Path) -> None:
    with http_collector() as collector:
        found = outputs(
            tmp_path, collector, LOG_FORMAT="json", LANGUAGE_MODEL="tests.service.failing_engines:quotes_the_caller"
        )
    lines = [json.loads(line) for line in found.log.splitlines()]
    assert any("ValueError" in json.dumps(line) for line in lines)
    unmarked = [
        {name: value for name, value in line.items() if name not in str(line.get("content", "")).split()}
        for line in lines
    ]
    assert [line for line in unmarked if told(json.dumps(line))] == []
    for body in found.telemetry:
        assert told(body.decode("latin-1")) == []


@pytest.mark.parametrize("content", ["on", "off"])
def test_what_tasks_and_threads_of_an_engine_raise_is_not_told_in_its_words(content: str) -> None:
    engine = "tests.service.failing_engines:quotes_the_caller_behind_our_back"
    with serving(EARSHOT, **FAKES | {"LANGUAGE_MODEL": engine}, OPERATOR_TOKEN=TOKEN, LOG_CONTENT=content) as server:
        converse(server)
        eventually(lambda: server.log().count("nobody has caught it: ValueError at ") >= 4)
        log = server.log()
    lines = [line for line in log.splitlines() if "nobody has caught it" in line]
    assert {re.split(r": | has failed", line.partition("msg=")[2])[0].strip('"') for line in lines} >= {
        "the thread of-an-engine",
        "Task exception was never retrieved",
    }
    marked = [line for line in log.splitlines() if "content=text" in line]
    assert bool(marked) is (content == "on")
    assert [line for line in log.splitlines() if told(line) and line not in marked] == []
    assert SAID not in "".join(lines)
