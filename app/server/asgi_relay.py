"""Forwards requests and WebSockets to the worker that has their session: ASGI events over a Unix socket.

The worker that took the connection sends the scope and each event its client causes; the worker that has the session
runs its own app on them and sends back what the app sends. Each waits for the other when it is slow, as ASGI does.
The sockets lie in a directory that only this user may enter.
"""

import asyncio
import contextlib
import logging
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import msgspec
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.errors import AppError
from app.server.pipe_frames import Unpacked, packed
from app.server.sibling_workers import Question, SiblingWorkers, Told

log = logging.getLogger(__name__)

ANSWER_TIMEOUT_S = 0.5
"""Seconds for which another worker is waited for: one that is alive accepts a connection within a millisecond, one that
is stopped never does."""
CLOSES_S = 10.0
"""Seconds for which the worker that relays may take to pass on what it was sent, to a client that reads slowly."""
READ_BYTES = 1 << 16
EVENTS_MOST = 32
"""The most events of a client that wait for the app; while there are as many, nothing is read from the other worker."""
RELAYED = "earshot.relayed"
"""The key in the ASGI scope of a connection that came from another worker."""

_SCOPE_KEYS = (
    *("type", "asgi", "http_version", "method", "scheme", "path", "raw_path", "query_string", "root_path"),
    *("headers", "client", "server", "subprotocols"),
)


class Begin(msgspec.Struct, frozen=True, tag="begin"):
    """The first frame of a relayed connection, with its ASGI scope, from the worker that accepted it."""

    scope: dict[str, Any]


class Begun(msgspec.Struct, frozen=True, tag="begun"):
    """The answer to `Begin`: the other worker runs its app on the connection."""


class Event(msgspec.Struct, frozen=True, tag="event"):
    """An ASGI event that the client caused or the app sent."""

    event: dict[str, Any]


class Ended(msgspec.Struct, frozen=True, tag="ended"):
    """The last frame of a relayed connection: the app of the other worker has returned."""


Frame = Begin | Begun | Event | Ended | Question

_frames = msgspec.msgpack.Decoder(Frame)


class RelayError(AppError):
    """The other worker does not answer, or ended before it had answered the whole request."""


class _Pipe:
    """Sends and receives the frames of one relayed connection over a stream socket."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._reader = reader
        self._writer = writer

    async def send(self, frame: Frame | Told) -> None:
        """Send a frame, when there is room for it.

        Raises:
            OSError: the other worker is gone.
        """
        self._writer.write(packed(frame))
        await self._writer.drain()

    async def frames(self) -> AsyncIterator[Frame]:
        """All frames until the other worker closes or dies."""
        unpacked = Unpacked(_frames)
        with contextlib.suppress(OSError):
            while piece := await self._reader.read(READ_BYTES):
                for frame in unpacked.take(piece):
                    yield frame

    async def until_closed(self) -> None:
        """Wait until the other worker has closed its end, for `CLOSES_S` at most, and ignore what it still sends.

        A Unix socket that is closed with something unread fails at the other end, where asyncio then throws away what
        has arrived and was not read yet.
        """
        with contextlib.suppress(OSError, TimeoutError):
            async with asyncio.timeout(CLOSES_S):
                while await self._reader.read(READ_BYTES):
                    pass

    def close(self) -> None:
        """Close this worker's end of the relay's socket."""
        self._writer.close()


def address_of(directory: Path, worker: int) -> Path:
    """The path of the Unix socket of a worker, by its process id."""
    return directory / str(worker)


async def relay(address: Path, scope: Scope, receive: Receive, send: Send) -> None:
    """Have the worker at `address` answer a connection that this worker took.

    Raises:
        RelayError: it does not answer in time, or ended before its app did.
    """
    pipe, frames = await _begun(address, scope)
    upwards = asyncio.create_task(_send_events(pipe, receive))
    try:
        async for frame in frames:
            match frame:
                case Event(event):
                    await send(event)
                case Ended():
                    return
                case _:
                    pass
        raise RelayError("the worker that has the session has ended")
    finally:
        upwards.cancel()
        pipe.close()


async def _begun(address: Path, scope: Scope) -> tuple[_Pipe, AsyncIterator[Frame]]:
    """A pipe to the worker at `address`, which has taken the connection, and the frames that follow.

    Raises:
        RelayError: it does not answer in time.
    """
    pipe: _Pipe | None = None
    try:
        async with asyncio.timeout(ANSWER_TIMEOUT_S):
            pipe = _Pipe(*await asyncio.open_unix_connection(address))
            frames = pipe.frames()
            await pipe.send(Begin(relayed_scope(scope)))
            await anext(frames)
    except (OSError, TimeoutError, StopAsyncIteration):
        if pipe is not None:
            pipe.close()
        raise RelayError("the worker that has the session does not answer") from None
    return pipe, frames


async def _send_events(pipe: _Pipe, receive: Receive) -> None:
    with contextlib.suppress(OSError):
        while True:
            event = await receive()
            await pipe.send(Event(dict(event)))
            if event["type"].endswith(".disconnect"):
                return


class RelayServer:
    """Answers connections that other workers took, with the app of this one, and what they ask about its sessions."""

    def __init__(self, app: ASGIApp, directory: Path, siblings: SiblingWorkers) -> None:
        self._app = app
        self._siblings = siblings
        self._address = address_of(directory, os.getpid())
        self._server: asyncio.AbstractServer | None = None

    async def start(self) -> None:
        """Listen on this worker's Unix socket, whose name is its process id."""
        self._server = await asyncio.start_unix_server(self._answer, self._address)

    def close(self, *, is_orphan: bool) -> None:
        """Stop listening and remove this worker's socket; the last worker of a dead launcher removes the directory."""
        if self._server is not None:
            self._server.close()
        with contextlib.suppress(OSError):
            self._address.unlink()
            if is_orphan:
                self._address.parent.rmdir()

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        pipe = _Pipe(reader, writer)
        frames = pipe.frames()
        try:
            match await anext(frames, None):
                case Begin(scope):
                    await pipe.send(Begun())
                    await self._run(scope, frames, pipe)
                    await pipe.send(Ended())
                    await pipe.until_closed()
                case Question() as question:
                    if (told := await self._siblings.answer(question)) is not None:
                        await pipe.send(told)
                case _:
                    pass
        except OSError:
            pass  # The other worker has died, and its client's connection with it.
        except Exception:  # An app may raise anything; the other worker answers its client with an error.
            log.exception("a connection of another worker failed")
        finally:
            pipe.close()

    async def _run(self, scope: dict[str, Any], frames: AsyncIterator[Frame], pipe: _Pipe) -> None:
        events: asyncio.Queue[Message] = asyncio.Queue(EVENTS_MOST)
        gone: Message = {"type": "http.disconnect" if scope["type"] == "http" else "websocket.disconnect", "code": 1006}

        async def take() -> None:
            async for frame in frames:
                if isinstance(frame, Event):
                    await events.put(frame.event)
            await events.put(gone)

        async def send(event: Message) -> None:
            await pipe.send(Event(dict(event)))

        taking = asyncio.create_task(take())
        try:
            await self._app({**scope_of(scope), RELAYED: True}, events.get, send)
        finally:
            taking.cancel()
            # Two may not read at once.
            await asyncio.wait([taking])


def relayed_scope(scope: Scope) -> dict[str, Any]:
    """The part of an ASGI scope that is sent to another worker."""
    return {key: scope[key] for key in _SCOPE_KEYS if key in scope}


def scope_of(received: dict[str, Any]) -> Scope:
    """An ASGI scope restored from a received one: its pairs are tuples again."""
    return {
        **received,
        "headers": [(name, value) for name, value in received["headers"]],
        "client": tuple(received["client"]) if received.get("client") else None,
        "server": tuple(received["server"]) if received.get("server") else None,
        "extensions": {},
        "state": {},
    }
