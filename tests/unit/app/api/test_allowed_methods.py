"""The methods of a path, whichever routes they are of."""

from typing import Any

import pytest
from starlette.routing import Mount, Route, WebSocketRoute

from app.api.allowed_methods import allowed_methods


async def served(*_: Any) -> None: ...


ROUTES = [
    Route("/", served),
    Mount(
        "/api",
        routes=[
            Route("/agents/{name}", served),
            Route("/agents/{name}", served, methods=["PUT"]),
            Route("/calls", served, methods=["POST"]),
            WebSocketRoute("/talk", served),
        ],
    ),
]


@pytest.mark.parametrize(
    ("path", "methods"),
    [
        ("/", ["GET", "HEAD"]),
        ("/api/agents/dentist", ["GET", "HEAD", "PUT"]),
        ("/api/calls", ["POST"]),
        ("/api/talk", []),
        ("/api/nothing", []),
    ],
)
def test_all_methods_of_a_path_are_told(path: str, methods: list[str]) -> None:
    scope = {"type": "http", "method": "PATCH", "path": path, "root_path": "", "headers": []}
    assert allowed_methods(ROUTES, scope) == methods
    after_a_mount = {**scope, "root_path": "/api", "app_root_path": ""}
    assert allowed_methods(ROUTES, after_a_mount) == methods
