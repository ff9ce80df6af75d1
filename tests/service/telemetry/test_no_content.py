"""With content logging off nothing that leaves the process or is shown to operators holds a word, a number or a key."""

import json
import re
from pathlib import Path

import httpx
import pytest
from websockets.sync.client import connect

from tests.kit.collector import http_collector
from tests.kit.service_kit import FAKES
from tests.kit.serving import AUTHORITIES, EARSHOT, Server, eventually, serving
from tests.service.console.console_kit import console

TOKEN = "an-operator-token-of-this-test"
SIGNED_WITH = "a-record-secret-of-this-test"
SESSION = "session-of-this-test"
SAID = "my password is marmalade, my card 4111 1111 1111 1111, call +1 206 555 0100, five five five zero one"
PLANTED = ("marmalade", "4111", "206 555", "2065550100", "five five", TOKEN, SIGNED_WITH)

SHOWN = (
    f"/api/v1/sessions/{SESSION}/record",
    f"/api/v1/sessions/{SESSION}/timeline",
    f"/api/v1/sessions/{SESSION}",
    "/api/v1/sessions",
    "/api/v1/health/actors",
    "/api/v1/logs",
    "/metrics",
)


def ask(server: Server, path: str) -> httpx.Response:
    headers = {"Authorization": f"Bearer {TOKEN}"}
    return httpx.get(server.url + path, headers=headers, trust_env=False, verify=AUTHORITIES, timeout=60)


IDS = re.compile(r"\b(?=\d*[a-f])[0-9a-f]{8,}\b")
"""Of traces, spans and requests: hexadecimal, with a letter at least."""


def is_told(secret: str, text: str) -> bool:
    """Whether a text holds a secret; digits in the middle of a number or an id are those of a time, or of chance."""
    if not secret.isdecimal():
        return secret in text
    return re.search(rf"(?<![\d.]){secret}", IDS.sub("", text)) is not None


def converse(server: Server, *, is_answered: bool = True) -> list[str]:
    """Say what is planted, in a conversation that is interrupted and restarted; what operators are shown meanwhile."""
    address = f"{server.url.replace('http', 'ws', 1)}/api/v1/realtime/conversation?session_id={SESSION}"
    meanwhile = []
    with connect(address, proxy=None, open_timeout=60, close_timeout=1, max_size=None, max_queue=None) as socket:
        socket.recv(timeout=60)
        for text in (SAID, "and " + SAID):
            socket.send(json.dumps({"type": "text", "text": text}))
            if is_answered:
                eventually(lambda: "first_audio_ms" in ask(server, f"/api/v1/sessions/{SESSION}/timeline").text)
            else:
                eventually(lambda: "ValueError" in server.log())
            meanwhile.append(ask(server, f"/api/v1/health/actors/{SESSION}").text)
            with console(server, TOKEN) as overview:
                meanwhile.append(str(overview.recv(timeout=60)))
            path = f"{server.url}/api/v1/health/actors/{SESSION}/orchestrator/restart"
            httpx.post(
                path, headers={"Authorization": f"Bearer {TOKEN}"}, trust_env=False, verify=AUTHORITIES, timeout=60
            )
        socket.send(json.dumps({"type": "hang_up"}))
        eventually(lambda: ask(server, f"/api/v1/sessions/{SESSION}/record").status_code == 200)
    return meanwhile


@pytest.mark.parametrize(
    ("log_format", "engines"),
    [
        ("key=value", {}),
        ("json", {}),
        # The text of an exception, which holds what was said, is in none of them either.
        ("json", {"LANGUAGE_MODEL": "tests.service.failing_engines:quotes_the_caller"}),
    ],
    ids=["key=value", "json", "exceptions"],
)
def test_nothing_that_was_planted_is_in_any_output(tmp_path: Path, log_format: str, engines: dict[str, str]) -> None:
    with (
        http_collector() as collector,
        serving(
            EARSHOT,
            **{**FAKES, **engines},
            OPERATOR_TOKEN=TOKEN,
            RECORD_SESSIONS="all",
            RECORD_DIRECTORY=str(tmp_path),
            LOG_LEVEL="debug",
            LOG_FORMAT=log_format,
            OTEL_EXPORTER_OTLP_ENDPOINT=collector.url,
            OTEL_METRICS_EXPORTER="otlp,prometheus",
            OTEL_METRIC_EXPORT_INTERVAL="500",
            OTEL_BSP_SCHEDULE_DELAY="200",
            CALL_RECORD_URL=f"{collector.url}/records",
            CALL_RECORD_SECRET=SIGNED_WITH,
        ) as server,
    ):
        outputs = converse(server, is_answered=not engines)
        outputs += [ask(server, path).text for path in SHOWN]
        eventually(lambda: any(tmp_path.glob("*.jsonl")))
        outputs += [path.read_text() for path in tmp_path.glob("*.jsonl")]
        eventually(lambda: any(span.name == "session" for span in collector.spans))
        eventually(lambda: bool(collector.posted) and "earshot.session.duration" in collector.metrics)
        outputs += [body.decode("latin-1") for body in collector.raw]
        outputs.append(server.log())
    assert len(outputs) > 10
    found = {secret: text[:200] for text in outputs for secret in PLANTED if is_told(secret, text)}
    assert found == {}
    assert SESSION in server_log_of(outputs)


def server_log_of(outputs: list[str]) -> str:
    """The log, which was read last: it does say which session it is about."""
    return outputs[-1]
