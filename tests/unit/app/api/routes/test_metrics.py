import pytest
from starlette.requests import Request

from app.api.problems import ProblemError
from app.api.routes.metrics import MetricsRoutes
from config.groups.telemetry import Telemetry

REQUEST = Request({"type": "http", "method": "GET", "path": "/metrics", "headers": []})


async def test_without_prometheus_the_answer_says_what_to_set() -> None:
    with pytest.raises(ProblemError, match="OTEL_METRICS_EXPORTER"):
        await MetricsRoutes(Telemetry()).metrics(REQUEST)


async def test_prometheus_is_answered_in_its_text_format() -> None:
    answer = await MetricsRoutes(Telemetry(metrics_exporters=("prometheus",))).metrics(REQUEST)
    assert answer.headers["content-type"].startswith("text/plain; version=")
    assert b"# TYPE" in bytes(answer.body)
