"""What one worker tells of itself and its sessions."""

import asyncio
from unittest.mock import Mock

from actors.messages.lifecycle import RestartChild
from app.api.asgi import app_of
from app.console.summary import MOST_SHOWN, Summaries
from app.services import Services
from tests.kit.clients.asgi_socket import CONVERSATION, AsgiSocket
from tests.kit.service_kit import running


def summaries(service: Services, *, content: bool = False) -> Summaries:
    return Summaries(
        lifecycle=service.lifecycle,
        engines=service.engines,
        sessions=service.sessions,
        watchdog=Mock(lag=Mock(recent_ms=1.26)),
        limits=service.settings.limits,
        content=content,
    )


async def test_a_worker_shows_itself_and_its_worst_session_first() -> None:
    async with running() as service:
        app = app_of(service)
        sockets = [AsgiSocket(app, CONVERSATION, session_id=f"session-{number}") for number in range(3)]
        async with asyncio.timeout(60):
            while len([each for each in service.sessions.live.values() if each.session]) < 3:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        quiet = summaries(service).present()
        assert (quiet.phase, quiet.sessions, quiet.weight, quiet.lag_ms) == ("ready", 3, 0, 1.3)
        assert {(each.state, each.channel) for each in quiet.worst} == {("connected", "browser")}
        entry = service.sessions.live["session-1"]
        entry.addresses.supervisor.tell(RestartChild("recognizer"))
        async with asyncio.timeout(60):
            while not summaries(service).present().weight:  # noqa: ASYNC110
                await asyncio.sleep(0.01)
        worst = summaries(service).present().worst[0]
        assert worst.session_id == "session-1"
        assert worst.troubles == ("recognizer was started again once: it was ordered to",)
        assert len(summaries(service).present().worst) <= MOST_SHOWN
        assert [summaries(service, content=content).present().content for content in (False, True)] == [False, True]
        for socket in sockets:
            socket.close()
