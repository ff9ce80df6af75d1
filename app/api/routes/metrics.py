"""The metrics of this worker in the text format of Prometheus, for its scrapes."""

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.problems import ProblemError
from config.groups.telemetry import Telemetry


class MetricsRoutes:
    """The route `/metrics`, which answers operators where metrics are given to Prometheus."""

    def __init__(self, settings: Telemetry) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """The route that Prometheus scrapes."""
        return [Route("/metrics", self.metrics)]

    async def metrics(self, _: Request) -> Response:
        """Answer what the worker that took this request has measured since its start."""
        if not self._settings.serves_prometheus:
            raise ProblemError(HTTPStatus.NOT_FOUND, "metrics are not served: set OTEL_METRICS_EXPORTER to prometheus")
        from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

        # Writing thousands of lines takes milliseconds that no caller should wait for.
        text = await asyncio.to_thread(generate_latest, REGISTRY)
        return Response(text, media_type=CONTENT_TYPE_LATEST)
