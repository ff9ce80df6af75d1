"""The smallest application of Call Automation: it notes what the service tells it, and says back what it hears."""

import asyncio
import base64
import json
from collections.abc import Callable
from typing import Any, Self

import jwt
import msgspec
from aiohttp import WSMsgType, web

from tests.cloud.journal import Journal
from tests.cloud.tokens import TokenIssuer
from tests.cloud.web_server import WebServer


class Told(msgspec.Struct, frozen=True):
    """A request of the service's: what came, and how the token was."""

    path: str
    headers: dict[str, str]
    body: Any
    token: str


class EchoApp:
    """`tokens`: who signs; requests are noted with what was wrong with their token, and answered as `status` says."""

    def __init__(self, tokens: TokenIssuer) -> None:
        self.tokens = tokens
        self.status = 200
        self.socket_status = 101
        self.echoes = True
        self.callbacks: Journal[Told] = Journal()
        self.grid: Journal[Told] = Journal()
        self.upgrades: Journal[Told] = Journal()
        self.messages: Journal[dict[str, Any]] = Journal()
        self.on_grid: Callable[[Any], Any] = lambda _: {}
        self.sockets: list[web.WebSocketResponse] = []

    async def __aenter__(self) -> Self:
        app = web.Application()
        app.router.add_route("*", "/grid", self._grid)
        app.router.add_post("/callbacks{rest:.*}", self._callback)
        app.router.add_get("/media", self._media)
        self._server = WebServer(app)
        await self._server.listen()
        self.address = self._server.address
        return self

    async def __aexit__(self, *failure: object) -> None:
        for socket in self.sockets:
            await socket.close()
        await self._server.close()

    @property
    def callback_url(self) -> str:
        """Where events go."""
        return f"http://{self.address}/callbacks"

    @property
    def grid_url(self) -> str:
        """Where Event Grid delivers."""
        return f"http://{self.address}/grid"

    @property
    def media_url(self) -> str:
        """Where the media socket goes."""
        return f"ws://{self.address}/media"

    def names(self) -> list[str]:
        """Of the events that came, in order."""
        return [
            event["type"].removeprefix("Microsoft.Communication.") for told in self.callbacks for event in told.body
        ]

    async def event(self, name: str, number: int = 1) -> dict[str, Any]:
        """The data of the event of that name that came as number so and so."""

        def wanted(_: Told) -> bool:
            return self.names().count(name) >= number

        await self.callbacks.until(wanted)
        matching = [event for told in self.callbacks for event in told.body if event["type"].endswith(f".{name}")]
        found: dict[str, Any] = matching[number - 1]["data"]
        return found

    async def send(self, kind: str, pcm: bytes = b"", socket: web.WebSocketResponse | None = None) -> None:
        """Send on a socket, the one opened last if None: AudioData or StopAudio."""
        audio = {"Data": base64.b64encode(pcm).decode()} if kind == "AudioData" else None
        stop: dict[str, Any] | None = {} if kind == "StopAudio" else None
        await (socket or self.sockets[-1]).send_json({"Kind": kind, "AudioData": audio, "StopAudio": stop})

    async def _grid(self, request: web.Request) -> web.Response:
        body = await self._note(request, self.grid)
        if request.method == "OPTIONS":
            return web.Response(headers={"WebHook-Allowed-Origin": request.headers["WebHook-Request-Origin"]})
        answer = self.on_grid(body)
        if asyncio.iscoroutine(answer):
            answer = await answer
        return web.json_response(answer, status=self.status)

    async def _callback(self, request: web.Request) -> web.Response:
        await self._note(request, self.callbacks)
        return web.Response(status=self.status)

    async def _media(self, request: web.Request) -> web.StreamResponse:
        await self._note(request, self.upgrades)
        if self.socket_status != 101:
            return web.Response(status=self.socket_status)
        socket = web.WebSocketResponse()
        await socket.prepare(request)
        self.sockets.append(socket)
        async for message in socket:
            if message.type is WSMsgType.TEXT:
                heard = json.loads(message.data)
                self.messages.append(heard)
                if self.echoes and heard["kind"] == "AudioData" and not heard["audioData"]["silent"]:
                    await self.send("AudioData", base64.b64decode(heard["audioData"]["data"]), socket)
        return socket

    async def _note(self, request: web.Request, journal: Journal[Told]) -> Any:
        raw = await request.read()
        body = json.loads(raw) if raw else None
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        try:
            self.tokens.verify(token)
            verdict = "good"
        except jwt.InvalidTokenError as error:
            verdict = type(error).__name__
        journal.append(Told(request.path, dict(request.headers), body, verdict))
        return body
