"""A telephone line on this machine: a caller's voice goes through a telephone's band and the server's own media socket.

What is spoken here is what Azure Communication Services speaks there: a WebSocket, JSON, a frame of 20 ms fifty times a
second, keys among them. Frames come late as over a network, and in their order. The agent's voice comes back on the
same socket, in its own time.
"""

import asyncio
import base64
import json
import logging
import random
import socket
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import UTC, datetime
from typing import cast

from hypercorn.asyncio import serve
from hypercorn.config import Config
from hypercorn.typing import Framework
from starlette.applications import Starlette
from starlette.routing import Mount
from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed

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
from app.evals.telephone_band import TelephoneBand
from app.server.sockets.hypercorn_fast_path import HypercornFastPath
from app.server.sockets.open_sockets import OpenSockets
from app.telephony.call import Admission, Call, Direction
from app.telephony.call_log import CallLog
from app.telephony.media.media_connection import MediaConnection
from app.telephony.switchboard import Switchboard
from config.settings import Settings

RATE_HZ = 16_000
CALLER = "4:+15550100"
"""The network's id of the caller if the scenario names none."""
JITTER_MS, MOST_JITTER_MS = 8.0, 60.0
"""The average and the largest delay of a frame, in milliseconds."""
CONNECTS_S = 10.0
ENDS_S = 3.0
PAUSE_S = 0.4
"""Seconds without a frame of the agent's voice after which it has fallen silent."""
_SEED = 1

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
    """The sessions of the calls of this line, of which there is one."""

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


class TelephoneLine:
    """The caller's end of one call; implements what a `Microphone` speaks into.

    Args:
        far: the socket to the server.
        caller: the network's id of who speaks.
        listener: is told what is heard of the agent.
    """

    def __init__(self, far: ClientConnection, caller: str, listener: Listener) -> None:
        self._far = far
        self._caller = caller
        self._listener = listener
        self._band = TelephoneBand()
        self._chance = random.Random(_SEED)
        self._waiting: asyncio.Queue[tuple[float, str]] = asyncio.Queue(maxsize=500)
        self._heard_at = float("-inf")
        loop = asyncio.get_running_loop()
        self._tasks = [
            loop.create_task(self._send(), name="line.send"),
            loop.create_task(self._hear(), name="line.hear"),
        ]

    def push_audio(self, pcm: bytes) -> None:
        """Say the next 20 ms, PCM16LE mono at 16 kHz; frames that nobody takes for ten seconds are lost."""
        data = base64.b64encode(self._band.push(pcm)).decode()
        frame = {"timestamp": _now(), "participantRawID": self._caller, "data": data, "silent": False}
        self._put({"kind": "AudioData", "audioData": frame})

    def press(self, key: str) -> None:
        """Press a key of the telephone."""
        self._put({"kind": "DtmfData", "dtmfData": {"data": key, "participantRawID": self._caller}})

    def _put(self, message: Mapping[str, object]) -> None:
        late_s = min(self._chance.expovariate(1 / JITTER_MS), MOST_JITTER_MS) / 1_000
        with suppress(asyncio.QueueFull):
            self._waiting.put_nowait((asyncio.get_running_loop().time() + late_s, json.dumps(message)))

    async def _send(self) -> None:
        loop = asyncio.get_running_loop()
        with suppress(ConnectionClosed):
            while True:
                due, message = await self._waiting.get()
                await asyncio.sleep(max(0.0, due - loop.time()))
                await self._far.send(message)

    async def _hear(self) -> None:
        """Note when the agent's voice begins on the line, and where it was ordered to fall silent."""
        loop = asyncio.get_running_loop()
        with suppress(ConnectionClosed):
            async for message in self._far:
                kind, now = json.loads(message).get("Kind"), loop.time()
                if kind == "StopAudio":
                    self._listener.noted("line", "the agent's voice is cut off")
                    self._heard_at = float("-inf")
                elif kind == "AudioData":
                    if now - self._heard_at > PAUSE_S:
                        self._listener.noted("line", "the agent's voice begins")
                    self._heard_at = now

    async def close(self) -> None:
        """Hang up: nothing more is said or heard on this line."""
        for task in self._tasks:
            task.cancel()
        await asyncio.wait(self._tasks)
        await self._far.close()


@asynccontextmanager
async def telephone_line(
    listener: Listener,
    open_session: Open,
    *,
    agent: Agent,
    agents: Mapping[str, Agent],
    keeper: SessionsKeeper,
    caller: str,
) -> AsyncIterator[tuple[TelephoneLine, LiveSession]]:
    """A line to a server of its own, which has one call, and the session of that.

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
            format_ = {"subscriptionId": "eval", "encoding": "PCM", "sampleRate": RATE_HZ, "channels": 1, "length": 640}
            await far.send(json.dumps({"kind": "AudioMetadata", "audioMetadata": format_}))
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


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
