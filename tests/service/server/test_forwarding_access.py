"""Who was not let in neither claims a session's id nor has another worker asked about it."""

import asyncio
from pathlib import Path

import pytest
from starlette.types import ASGIApp

from actors.runtime.clock import run_virtual
from app.api.asgi import app_of
from app.auth.browser import Grant
from app.services import Services
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.service_kit import running

RELAY = "/api/v1/realtime/dashboard/relay"
OUTSIDE = "203.0.113.9"


class AskedBus:
    """Stands in for the launcher: notes what it is asked, and says that nobody has any session."""

    def __init__(self, service: Services) -> None:
        self.asked: list[tuple[str, bool]] = []
        self.left: list[str] = []
        bus = service.lifecycle.worker_bus
        bus.owner = self.owner  # type: ignore[method-assign]
        bus.session_left = self.session_left  # type: ignore[method-assign]

    async def owner(self, session_id: str, *, claim: bool) -> int:
        self.asked.append((session_id, claim))
        return 0

    def session_left(self, session_id: str, *, begun: bool) -> None:
        if not begun:
            self.left.append(session_id)


def forwarding(service: Services, tmp_path: Path) -> tuple[ASGIApp, AskedBus]:
    service.lifecycle.relay_directory = tmp_path
    bus = AskedBus(service)
    return app_of(service), bus


@pytest.mark.parametrize("path", [CONVERSATION, RELAY])
@pytest.mark.parametrize("token", ["", "made up"])
def test_a_stranger_claims_no_session(tmp_path: Path, path: str, token: str) -> None:
    async def main() -> None:
        async with running({"BROWSER_AUTH": "token"}) as service:
            app, bus = forwarding(service, tmp_path)
            socket = AsgiSocket(app, path, client=OUTSIDE, session_id="somebodys", token=token)
            await asyncio.sleep(0.5)
            assert socket.task.done()
            assert bus.asked == []

    run_virtual(main())


def test_a_session_token_claims_the_session_it_names_and_gives_it_back_with_the_last_connection(tmp_path: Path) -> None:
    async def main() -> None:
        async with running({"BROWSER_AUTH": "token", "MAX_CONCURRENT_SESSIONS": "1"}) as service:
            app, bus = forwarding(service, tmp_path)
            token = service.browser_access.issue(Grant("mine", "tester"), 60).token
            other = service.browser_access.issue(Grant("other", "tester"), 60).token
            first = AsgiSocket(app, CONVERSATION, client=OUTSIDE, token=token)
            await asyncio.sleep(0.5)
            assert bus.asked == [("mine", True)]
            full = AsgiSocket(app, CONVERSATION, client=OUTSIDE, token=other)
            await asyncio.sleep(0.5)
            assert full.task.done()
            assert bus.left == ["other"]
            first.close()
            await asyncio.sleep(0.5)
            assert "mine" not in bus.left, "the session waits for its client to come back"

    run_virtual(main())


def test_a_refused_socket_leaves_one_line_for_each_reason(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> None:
        async with running({"BROWSER_AUTH": "token"}) as service:
            app, _ = forwarding(service, tmp_path)
            for token in ("", "", "made up"):
                AsgiSocket(app, CONVERSATION, client=OUTSIDE, session_id="somebodys", token=token)
                await asyncio.sleep(0.5)

    run_virtual(main())
    said = [record.getMessage() for record in caplog.records if record.name == "earshot.access"]
    assert said == ["a WebSocket was refused: token missing", "a WebSocket was refused: token malformed"]
