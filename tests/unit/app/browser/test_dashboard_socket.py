"""The dashboard's socket: which session it shows, how many there may be, and that it leaves nothing behind."""

import asyncio
from types import SimpleNamespace
from typing import Any
from unittest.mock import Mock

import pytest

from actors.messages.output import ErrorShown
from actors.runtime.clock import run_virtual
from app.agents.roster import AgentRoster
from app.auth.exposure import Exposure
from app.auth.guard import ADMITTED
from app.browser import dashboard_socket
from app.browser.dashboard_socket import DashboardSocket
from app.browser.session_outputs import SessionOutputs
from app.console.timeline import Timelines
from app.limits.clients import Clients
from app.server.sockets.socket_writer import OVERLOADED, REFUSED
from config.settings import Settings
from tests.kit.session_kit import AGENT


class Stage:
    """The endpoint of a worker without a live session."""

    def __init__(self, **variables: str) -> None:
        settings = Settings.read({"HOST": "0.0.0.0", **variables})
        self.outputs = SessionOutputs((), Timelines(lambda: 0.0, (), (), content=False), log_content=False)
        self.socket = DashboardSocket(
            limits=settings.limits,
            lifecycle=Mock(),
            clock=Mock(wall=lambda: 1_000.0, now=lambda: 0.0),
            clients=Clients(settings, Exposure(settings), lambda: 0.0),
            sessions=Mock(live={}),
            outputs=self.outputs,
            agents=AgentRoster({"tester": AGENT}),
        )

    async def open(self, query: str = "session_id=s", token_session: str = "") -> "Dashboard":
        dashboard = Dashboard()
        grant = SimpleNamespace(session_id=token_session) if token_session else None
        scope = {
            "type": "websocket",
            "client": ("203.0.113.1", 1),
            "headers": [],
            "query_string": query.encode(),
            ADMITTED: SimpleNamespace(subject="", grant=grant),
        }
        dashboard.task = asyncio.create_task(self.socket(scope, dashboard.receive, dashboard.send))
        await asyncio.sleep(0.1)
        return dashboard


class Dashboard:
    def __init__(self) -> None:
        self.told: list[dict[str, Any]] = []
        self.task: asyncio.Task[None] | None = None
        self._sends: asyncio.Queue[dict[str, Any]] = asyncio.Queue()
        self._sends.put_nowait({"type": "websocket.connect"})

    async def receive(self) -> dict[str, Any]:
        return await self._sends.get()

    async def send(self, message: Any) -> None:
        self.told.append(message)

    @property
    def closed(self) -> tuple[int, str]:
        last = self.told[-1]
        return (last["code"], last["reason"]) if last["type"] == "websocket.close" else (0, "")

    async def leave(self) -> None:
        self._sends.put_nowait({"type": "websocket.disconnect", "code": 1000})
        assert self.task is not None
        await self.task


@pytest.mark.parametrize(
    ("query", "token_session", "shown"),
    [("session_id=asked", "", "asked"), ("session_id=asked", "granted", "asked"), ("", "granted", "granted")],
)
def test_it_shows_the_session_that_is_named_else_the_tokens(query: str, token_session: str, shown: str) -> None:
    async def main() -> None:
        stage = Stage()
        dashboard = await stage.open(query, token_session)
        output = stage.outputs.get(shown)
        assert output is not None
        output.tell(ErrorShown("sorry"))
        await asyncio.sleep(0.1)
        assert any("sorry" in str(message) for message in dashboard.told)
        await dashboard.leave()

    run_virtual(main())


def test_without_a_session_it_is_refused() -> None:
    async def main() -> None:
        stage = Stage()
        assert (await stage.open("")).closed == (REFUSED, "session_id: missing")
        assert (stage.socket.open, len(stage.outputs)) == (0, 0)

    run_virtual(main())


def test_a_dashboard_that_has_left_leaves_nothing_behind() -> None:
    async def main() -> None:
        stage = Stage()
        dashboard = await stage.open()
        opened = (stage.socket.open, len(stage.outputs))
        await dashboard.leave()
        assert (opened, (stage.socket.open, len(stage.outputs))) == ((1, 1), (0, 0))

    run_virtual(main())


def test_there_are_so_many_of_a_worker_and_then_one_is_asked_to_come_back() -> None:
    async def main() -> None:
        stage = Stage(MAX_RELAYS="2")
        first, _ = await stage.open("session_id=a"), await stage.open("session_id=b")
        code, reason = (await stage.open("session_id=c")).closed
        assert (code, "too many dashboards are open" in reason) == (OVERLOADED, True)
        await first.leave()
        last = await stage.open("session_id=c")
        assert last.closed == (0, "")

    run_virtual(main())


def test_there_are_so_many_of_a_session(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dashboard_socket, "MAX_OF_A_SESSION", 1)

    async def main() -> None:
        stage = Stage()
        await stage.open()
        code, reason = (await stage.open()).closed
        assert (code, "show this session" in reason) == (OVERLOADED, True)
        assert (await stage.open("session_id=another")).closed == (0, "")

    run_virtual(main())


def test_there_are_so_many_of_a_client() -> None:
    async def main() -> None:
        stage = Stage(CLIENT_RELAYS="1")
        first = await stage.open()
        assert (await stage.open()).closed[0] != 0
        await first.leave()
        assert (await stage.open()).closed == (0, "")

    run_virtual(main())
