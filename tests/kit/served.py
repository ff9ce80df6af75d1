"""Small apps for the launcher's tests to serve: `--app tests.kit.served:create_app`."""

import asyncio
import atexit
import contextlib
import gc
import logging
import os
import random
import sys
import tempfile
import threading
import time
import warnings
from collections.abc import AsyncIterator

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route, WebSocketRoute
from starlette.types import ASGIApp, Message, Receive, Scope, Send
from starlette.websockets import WebSocket

from app.server.lifecycle import Lifecycle
from app.server.sockets.fast_path import FastPath, fast_path_of
from app.server.sockets.socket_reader import SocketReader
from app.server.sockets.socket_writer import SocketWriter
from config.errors import SettingsError
from config.settings import Settings


def create_app(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """Says who serves, echoes on `/echo`; while a socket to `/busy` is open the worker has a session to end."""
    busy = asyncio.Queue[WebSocket]()

    async def end_sessions(deadline: float) -> None:
        await busy.join()

    async def who(_: Request) -> Response:
        return JSONResponse({"pid": os.getpid(), "port": settings.server.port})

    async def ready(_: Request) -> Response:
        return PlainTextResponse(lifecycle.phase.value, 200 if lifecycle.admits() else 503)

    running = 0

    async def slow(request: Request) -> Response:
        nonlocal running
        running += 1
        await asyncio.sleep(float(request.query_params["s"]))
        return PlainTextResponse("slowly")

    hanging = set[asyncio.Task[None]]()

    async def hang_in_threads(request: Request) -> Response:
        for _ in range(int(request.query_params["n"])):
            hanging.add(asyncio.create_task(asyncio.to_thread(time.sleep, 600)))
        return PlainTextResponse("begun")

    async def count_running(_: Request) -> Response:
        return PlainTextResponse(str(running))

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

    begun = 0
    lag = _Lag()

    async def how_many_begun(_: Request) -> Response:
        return PlainTextResponse(str(begun))

    async def stalled(_: Request) -> Response:
        return PlainTextResponse(str(lag.worst_ms()))

    async def beside(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        if scope["path"] == "/late":
            await asyncio.sleep(0.05)
        fast_path = fast_path_of(scope)
        await send({"type": "websocket.accept"})
        if scope["path"] == "/late":
            await asyncio.sleep(0.3)
        nonlocal begun
        begun += 1
        await _Beside(SocketWriter(send, fast_path), fast_path).run(receive)

    lifecycle.on_drain(end_sessions)
    return Starlette(
        routes=[
            Route("/who", who),
            Route("/ready", ready),
            Route("/begun", how_many_begun),
            Route("/stalled", stalled),
            Route("/slow", slow),
            Route("/threads", hang_in_threads),
            Route("/running", count_running),
            WebSocketRoute("/echo", echo),
            WebSocketRoute("/busy", be_busy),
            WebSocketRoute("/hang", hang),
            WebSocketRoute("/beside", _Endpoint(beside)),
            WebSocketRoute("/late", _Endpoint(beside)),
        ]
    )


class _Lag:
    """How long the loop's thread worked without letting the loop turn, from the first question on.

    A machine that gives it no time makes it no longer.
    """

    def __init__(self) -> None:
        self._worst_s = 0.0
        self._task: asyncio.Task[None] | None = None

    def worst_ms(self) -> float:
        """At worst, since this was last asked."""
        if self._task is None:
            self._task = asyncio.ensure_future(self._watch())
        worst_s, self._worst_s = self._worst_s, 0.0
        return worst_s * 1000

    async def _watch(self) -> None:
        while True:
            began_s = time.thread_time()
            await asyncio.sleep(0.002)
            self._worst_s = max(self._worst_s, time.thread_time() - began_s)


class _Endpoint:
    """An ASGI app as it is: Starlette wraps functions."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await self._app(scope, receive, send)


class _Beside:
    """Echoes over the server's fast_path. `how`: how many messages came in and went out by ASGI, without it; `flood`:
    20 messages of 10 kB at once; `fail`: an error of the app's own."""

    def __init__(self, writer: SocketWriter, fast_path: FastPath | None) -> None:
        self._writer = writer
        self._fast_path = fast_path
        self._by_asgi = 0

    async def run(self, receive: Receive) -> None:
        """Until the client goes."""
        self._writer.put(str(os.getpid()))

        async def counted() -> Message:
            event = await receive()
            self._by_asgi += 1
            return event

        await SocketReader(self._writer, self._take).run(counted, self._fast_path)

    def _take(self, message: str | bytes) -> None:
        match message:
            case "how":
                self._writer.put(f"{self._by_asgi} by ASGI")
            case "flood":
                for number in range(20):
                    self._writer.put(f"{number:10}" * 1_000)
            case "fail":
                raise ArithmeticError("of the app's own")
            case _:
                self._writer.put(message)


def tell_modules(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """Earshot itself; besides, `/modules` tells what its worker has loaded."""
    from app.api.asgi import create_app as create_earshot

    earshot = create_earshot(settings, lifecycle)

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/modules":
            await JSONResponse(sorted(sys.modules))(scope, receive, send)
        else:
            await earshot(scope, receive, send)

    return app


def start_slowly(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """As `create_app`, on a machine that is so loaded that its start takes longer than WORKER_TIMEOUT_S."""
    time.sleep(settings.server.worker_timeout_s + 1)
    return create_app(settings, lifecycle)


def refuse_configuration(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """The fault is found when the app is made."""
    raise SettingsError("AGENTS_DIRECTORY holds no agents")


def refuse_configuration_slowly(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """The same, in a process that takes its time to end, as on a busy machine."""
    atexit.register(time.sleep, 2 * settings.server.worker_timeout_s)
    raise SettingsError("AGENTS_DIRECTORY holds no agents")


def refuse_configuration_later(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """The fault is found when the app starts."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        if settings.server.host:
            raise SettingsError("SPEECH_RECOGNIZER cannot be used")
        yield

    return Starlette(lifespan=lifespan)


def crash(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """Not a fault of the configuration."""
    raise RuntimeError("out of luck")


def trace_ways(settings: Settings, lifecycle: Lifecycle) -> ASGIApp:
    """Earshot itself; besides, `/trace?begins=...&ends_in=...` traces, and `/traced` tells what was passed."""
    from app.api.asgi import create_app as create_earshot
    from tests.kit.ways import WayTracer

    earshot = create_earshot(settings, lifecycle)
    tracers: list[WayTracer] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"] == "/trace":
            asked = Request(scope).query_params
            tracers.append(WayTracer(asked["begins"], asked["ends_in"]))
            await JSONResponse(None)(scope, receive, send)
            asyncio.get_running_loop().call_soon(tracers[-1].start)
        elif scope["type"] == "http" and scope["path"] == "/traced":
            tracer = tracers.pop()
            tracer.stop()
            await JSONResponse({"ways": tracer.ways, "stacks": tracer.stacks})(scope, receive, send)
        else:
            await earshot(scope, receive, send)

    return app


def tell_process(settings: Settings, lifecycle: Lifecycle) -> Starlette:
    """`/like` tells what is to be the same however a worker was started, `/drawn` a random number."""

    async def like(_: Request) -> Response:
        main, streams = sys.modules["__main__"], (sys.stdin, sys.stdout, sys.stderr)
        return JSONResponse(
            {
                "environment": {**os.environ, "TMPDIR": ""},
                "arguments": [word for word in sys.argv if not word.isdigit()],
                "path": sys.path,
                "directory": os.getcwd(),
                "main": [main.__name__, main.__file__],
                "threads": sorted(thread.name for thread in threading.enumerate()),
                "is temporary": tempfile.gettempdir() == os.environ["TMPDIR"],
                "garbage": [gc.isenabled(), gc.get_threshold()],
                "streams": [[stream.encoding, stream.errors, stream.line_buffering] for stream in streams],
                "loggers": [type(handler).__name__ for handler in logging.getLogger().handlers],
                "warnings": [repr(each) for each in warnings.filters],
            }
        )

    async def drawn(_: Request) -> Response:
        return JSONResponse(random.random())

    return Starlette(routes=[Route("/like", like), Route("/drawn", drawn)])
