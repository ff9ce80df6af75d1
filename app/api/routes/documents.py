"""Routes of the API's machine-readable descriptions `/openapi.json` and `/asyncapi.json`, which `/docs` shows."""

from collections.abc import Callable, Sequence
from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.api.responses import json_response
from app.page.pages import absent
from config.settings import Settings

FOR_EVERY_PAGE = {"Access-Control-Allow-Origin": "*", "Cache-Control": "no-cache"}


class DocumentRoutes:
    """Serves the documents, which are made when they are first asked for, in about 10 ms.

    `routes_of_app` returns the routes to describe, these included.
    """

    def __init__(self, settings: Settings, routes_of_app: Callable[[], Sequence[BaseRoute]]) -> None:
        self._settings = settings
        self._routes_of_app = routes_of_app
        self._openapi: dict[str, Any] | None = None
        self._asyncapi: dict[str, Any] | None = None

    def routes(self) -> list[BaseRoute]:
        """Return the routes, at the root of the server."""
        on = self._settings.server.enable_docs
        return [
            Route("/openapi.json", self.openapi if on else absent),
            Route("/asyncapi.json", self.asyncapi if on else absent),
        ]

    async def openapi(self, _: Request) -> Response:
        """Return the OpenAPI 3.1 document of the REST API."""
        if self._openapi is None:
            from app.api.contract.openapi import openapi

            self._openapi = openapi(self._routes_of_app())
        return json_response(self._openapi, headers=FOR_EVERY_PAGE)

    async def asyncapi(self, request: Request) -> Response:
        """Return the AsyncAPI 3.0 document of the WebSockets."""
        if self._asyncapi is None:
            from app.api.contract.asyncapi import asyncapi

            self._asyncapi = asyncapi(self._routes_of_app())
        base = self._settings.server.base_url or f"{request.url.scheme}://{request.url.netloc}"
        scheme, _, host = base.partition("://")
        server = {"host": host, "protocol": "wss" if scheme == "https" else "ws"}
        return json_response({**self._asyncapi, "servers": {"earshot": server}}, headers=FOR_EVERY_PAGE)
