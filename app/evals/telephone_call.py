"""A telephone call to a server of its own on this machine, over which the conversation of an evaluation is held."""

import asyncio
import json
import logging
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager
from typing import cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import Framework
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import connect

from actors.agent import Agent
from actors.messages.caller import ConnectionAttached
from actors.messages.output import OutputMessage
from actors.ports.recipient import Recipient
from actors.runtime.background_tasks import BackgroundTasks
from actors.runtime.clock import LoopClock
from actors.runtime.randomness import SystemRandom
from actors.session.live_session import LiveSession
from actors.session.sessions_keeper import SessionsKeeper
from app.browser.session_outputs import SessionOutputs
from app.carrier import carrier_of, media_route
from app.console.timeline import Timelines
from app.evals.listener import Listener
from app.evals.telephone_line import TelephoneLine
from app.server.sockets.hypercorn_fast_path import HypercornFastPath
from app.server.sockets.open_sockets import OpenSockets
from app.telephony.call import Admission, Call, Direction
from app.telephony.call_log import CallLog
from app.telephony.media.media_connection import MediaConnection
from app.telephony.switchboard import Switchboard
from config.settings import Settings

AUDIO_FORMAT = {"subscriptionId": "eval", "encoding": "PCM", "sampleRate": 16_000, "channels": 1, "length": 640}
CALLER = "4:+15550100"
"""The network's id of the caller if the scenario names none."""
CONNECTS_S = 10.0
ENDS_S = 3.0

Open = Callable[[Recipient[OutputMessage], ConnectionAttached], LiveSession]


class _Shown:
    """Shows a session to those who evaluate it, and to the media socket."""

    def __init__(self, listener: Listener, connection: MediaConnection) -> None:
        self._listener = listener
        self._connection = connection

    def tell(self, message: OutputMessage) -> None:
        self._connection.tell(message)
        self._listener.tell(message)


class _OneCall:
    """The sessions of the calls of this server, of which there is one."""

    def __init__(self, listener: Listener, open_session: Open) -> None:
        self._listener = listener
        self._open = open_session
        self.session: asyncio.Future[LiveSession] = asyncio.get_running_loop().create_future()

    def new_connection_id(self) -> str:
        return "line"

    def live(self, _: Call) -> LiveSession | None:
        return self.session.result() if self.session.done() else None

    def attach(self, _: Call, connection: MediaConnection, attached: ConnectionAttached) -> LiveSession:
        self.session.set_result(self._open(_Shown(self._listener, connection), attached))
        return self.session.result()

    def open(self, call: Call, connection: MediaConnection, attached: ConnectionAttached) -> LiveSession:
        return self.attach(call, connection, attached)


@asynccontextmanager
async def telephone_call(
    listener: Listener,
    open_session: Open,
    *,
    agent: Agent,
    agents: Mapping[str, Agent],
    keeper: SessionsKeeper,
    caller: str,
) -> AsyncIterator[tuple[TelephoneLine, LiveSession]]:
    """The caller's line to a server of its own, which has one call, and the session of that.

    Args:
        listener: is shown the session.
        open_session: called for the session when the call has its media socket.
        agent: who speaks.
        agents: all that there are.
        keeper: of the session.
        caller: their number; empty: somebody's.

    Raises:
        TimeoutError: the call does not come about.
    """
    settings = Settings.read({"HOST": "127.0.0.1"})
    raw_id = f"4:{caller}" if caller else CALLER
    call = _incoming(agent, caller)
    sessions, board = _OneCall(listener, open_session), _switchboard(settings, agents, keeper)
    board.log.add(call)
    app = Starlette(routes=[Mount("/api/v1", routes=[media_route(settings, LoopClock(), sessions, board)])])
    async with _served(app) as port, asyncio.timeout(CONNECTS_S) as connecting:
        url = f"ws://127.0.0.1:{port}/api/v1/media/stream/{call.secret}"
        async with connect(url, proxy=None, additional_headers={"x-ms-call-connection-id": "eval"}) as far:
            await far.send(json.dumps({"kind": "AudioMetadata", "audioMetadata": AUDIO_FORMAT}))
            session = await sessions.session
            connecting.reschedule(None)
            line = TelephoneLine(far, raw_id, listener)
            try:
                yield line, session
            finally:
                await line.close()
                call.cancel()


def _incoming(agent: Agent, caller: str) -> Call:
    """A call of somebody with this number, whose conversation may open at once."""
    call = Call(
        secret=SystemRandom().token("call_"),
        session_id="eval",
        direction=Direction.INBOUND,
        agent=agent,
        mode="media",
        caller=caller,
        created_at=LoopClock().wall(),
    )
    call.admission = Admission.ADMITTED
    return call


def _switchboard(settings: Settings, agents: Mapping[str, Agent], keeper: SessionsKeeper) -> Switchboard:
    """A switchboard without a network: it has calls that are up, and can order nothing."""
    return Switchboard(
        carrier=carrier_of(settings),
        agents=agents,
        clock=LoopClock(),
        random=SystemRandom(),
        background=BackgroundTasks(),
        sessions=keeper,
        outputs=SessionOutputs((), Timelines(LoopClock().wall, (), (), content=False), log_content=False),
        leave_session=lambda session_id: None,
        log=CallLog(),
    )


@asynccontextmanager
async def _served(app: Starlette) -> AsyncIterator[int]:
    """Serve an app on a free port of this machine, as a worker does; gives the port."""
    over, config = asyncio.Event(), Config()
    listening = socket.create_server(("127.0.0.1", 0))
    port = listening.getsockname()[1]
    config.bind = [f"fd://{listening.detach()}"]  # Hypercorn closes the socket
    config.errorlog = logging.getLogger("hypercorn.error")
    config.accesslog = None
    config.graceful_timeout = config.shutdown_timeout = ENDS_S
    fast_path = HypercornFastPath(OpenSockets(app), config.websocket_ping_interval or 0.0)
    shown = serve(cast(Framework, fast_path), config, shutdown_trigger=over.wait, mode="asgi")
    serving = asyncio.get_running_loop().create_task(shown, name="line.server")
    try:
        yield port
    finally:
        over.set()
        await asyncio.wait([serving], timeout=2 * ENDS_S)
