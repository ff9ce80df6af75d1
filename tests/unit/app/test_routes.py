"""What is served below the API's prefix."""

from starlette.routing import WebSocketRoute

from actors.runtime.clock import run_virtual
from app.assembly import Assembly
from app.routes import api_routes
from tests.kit.service_kit import running


def test_every_socket_is_served_under_both_names() -> None:
    async def main() -> list[str]:
        async with running() as services:
            routes = api_routes(Assembly(services))
            return sorted(route.path for route in routes if isinstance(route, WebSocketRoute))

    assert run_virtual(main()) == [
        "/browser/conversation",
        "/browser/dashboard/relay",
        "/console",
        "/media/stream",
        "/media/stream/{call_secret}",
        "/realtime/conversation",
        "/realtime/dashboard/relay",
    ]
