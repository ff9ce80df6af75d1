"""Small apps for the launcher's tests to serve: `--app tests.app.served:create_app`."""

import asyncio
import contextlib
import os
import sys
import time
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Receive, Scope, Send
from starlette.websockets import WebSocket

from app.lifecycle import Lifecycle
from config.settings import Settings, SettingsError


def create_app(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """Says who serves, echoes on `/echo`; while a socket to `/busy` is open the worker has a session to end."""
    busy = asyncio.Queue[WebSocket]()

    async def end_sessions(deadline: float) -> None:
        await busy.join()

    async def who(_: Request) -> Response:
        return JSONResponse({"pid": os.getpid(), "port": settings.port})

    async def ready(_: Request) -> Response:
        return PlainTextResponse(lifecycle.phase.value, 200 if lifecycle.admits() else 503)

    async def echo(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(str(os.getpid()))
        async for text in socket.iter_text():
            await socket.send_text(text)

    async def be_busy(socket: WebSocket) -> None:
        busy.put_nowait(socket)
        await echo(socket)
        busy.task_done()

    async def hang(socket: WebSocket) -> None:
        await socket.accept()
        await socket.send_text(str(os.getpid()))
        time.sleep(60)  # noqa: ASYNC251  the loop stands still, and that is the point

    lifecycle.on_drain(end_sessions)
    return Starlette(
        routes=[
            Route("/who", who),
            Route("/ready", ready),
            WebSocketRoute("/echo", echo),
            WebSocketRoute("/busy", be_busy),
            WebSocketRoute("/hang", hang),
        ]
    )


def tell_modules(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """Earshot itself; besides, `/modules` tells what its worker has loaded."""
    from app.asgi import create_app as create_earshot

    earshot = create_earshot(settings, lifecycle)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/modules":
            await JSONResponse(sorted(sys.modules))(scope, receive, send)
        else:
            await earshot(scope, receive, send)

    return app


def refuse_configuration(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """The fault is found when the app is made."""
    raise SettingsError("AGENTS_DIRECTORY holds no agents")


def refuse_configuration_later(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """The fault is found when the app starts."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if settings.host:
            raise SettingsError("SPEECH_RECOGNIZER cannot be used")
        yield

    return Starlette(lifespan=lifespan)


def crash(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """Not a fault of the configuration."""
    raise RuntimeError("out of luck")
