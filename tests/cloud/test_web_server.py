"""A server that closes takes nothing into the next test: no transport is left for the garbage collector to warn of."""

import asyncio
import gc
import socket
import struct
import warnings

import pytest
from aiohttp import web

from tests.cloud.web_server import WebServer

RESET = struct.pack("ii", 1, 0)
"""SO_LINGER by which a socket that is closed resets its connection, as that of a process that is killed."""


def left_by(main: object) -> list[str]:
    """What the garbage collector says of sockets and transports after `main` has run on a loop of its own."""
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        asyncio.run(main)  # type: ignore[arg-type]
        gc.collect()
    return [str(warning.message) for warning in caught if "unclosed" in str(warning.message)]


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("turns", range(6))
def test_connections_that_are_made_while_it_closes_are_closed(turns: int, reset: bool) -> None:
    clients: list[socket.socket] = []

    async def main() -> None:
        server = WebServer(web.Application())
        await server.listen()
        clients.extend(socket.create_connection(("127.0.0.1", server.port)) for _ in range(3))
        if reset:
            for client in clients:
                client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, RESET)
                client.close()
        for _ in range(turns):
            await asyncio.sleep(0)
        await server.close()

    left = left_by(main())
    for client in clients:
        client.close()
    assert left == []


def test_a_client_that_does_not_read_is_cut_off() -> None:
    clients: list[socket.socket] = []

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=bytes(8 * 2**20))

    async def main() -> None:
        application = web.Application()
        application.router.add_get("/", answer)
        server = WebServer(application, shutdown_s=0.05)
        await server.listen()
        client = socket.create_connection(("127.0.0.1", server.port))
        clients.append(client)
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
        await asyncio.to_thread(client.recv, 1)
        async with asyncio.timeout(30):
            await server.close()

    left = left_by(main())
    for client in clients:
        client.close()
    assert left == []


async def test_it_listens_at_the_same_port_again_and_connections_stay_meanwhile() -> None:
    async def answer(_: web.Request) -> web.Response:
        return web.Response(text="here")

    application = web.Application()
    application.router.add_get("/", answer)
    server = WebServer(application)
    await server.listen()
    port = server.port
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    await server.stop_listening()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", port)
    writer.write(b"GET / HTTP/1.1\r\nHost: x\r\n\r\n")
    assert b"200" in await reader.readline()
    await server.listen()
    assert server.port == port
    writer.close()
    await writer.wait_closed()
    await server.close()
