"""What each request passes before its route, and in which order."""

from pathlib import Path
from unittest.mock import Mock

from actors.runtime.clock import run_virtual
from app.assembly import Assembly
from app.middleware import middleware_of
from app.services import Services
from tests.kit.service_kit import running


def layers_of(services: Services) -> list[str]:
    return [getattr(each.cls, "__name__", "") for each in middleware_of(Assembly(services))]


def test_a_worker_that_is_alone_forwards_nothing() -> None:
    async def main() -> None:
        async with running() as services:
            elsewhere = ["SessionRequests", "DashboardForwarding", "CallForwarding"]
            assert layers_of(services) == ["AccessGuard", *elsewhere]
            services.lifecycle.relay_directory = Path("somewhere")
            assert layers_of(services) == ["AccessGuard", "SessionForwarding", *elsewhere]

    run_virtual(main())


def test_a_session_that_has_moved_is_not_said_to_be_here_any_more() -> None:
    async def main() -> None:
        async with running() as services:
            services.lifecycle.worker_bus = bus = Mock()
            middleware_of(Assembly(services))
            services.session_events.moved.notify("s")
            bus.session_left.assert_called_once_with("s", begun=False)

    run_virtual(main())
