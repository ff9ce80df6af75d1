"""The route by which Prometheus scrapes the metrics of this worker."""

import asyncio
from http import HTTPStatus

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from app.api.problems import ProblemError
from config.groups.telemetry import Telemetry


class MetricsRoutes:
    """Serves `/metrics` to operators, if metrics are exported to Prometheus."""

    def __init__(self, settings: Telemetry) -> None:
        self._settings = settings

    def routes(self) -> list[Route]:
        """Return the route that Prometheus scrapes."""
        return [Route("/metrics", self.metrics)]

    async def metrics(self, _: Request) -> Response:
        """Return the metrics of the worker that took this request, since its start."""
        if not self._settings.serves_prometheus:
            raise ProblemError(HTTPStatus.NOT_FOUND, "metrics are not served: set OTEL_METRICS_EXPORTER to prometheus")
        from prometheus_client import CONTENT_TYPE_LATEST, REGISTRY, generate_latest

        # Writing thousands of lines takes milliseconds that no caller should wait for.
        text = await asyncio.to_thread(generate_latest, REGISTRY)
        return Response(text, media_type=CONTENT_TYPE_LATEST)
