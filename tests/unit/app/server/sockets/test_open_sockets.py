import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from app.server.sockets.open_sockets import OpenSockets

CLOSE = {"type": "websocket.close", "code": 1012, "reason": "restarting"}


class Client:
    """The server's side of one connection: what the app is told, and what it sent."""

    def __init__(self, app: ASGIApp, *, kind: str = "websocket", answers_close: bool = True) -> None:
        self.sent: list[Message] = []
        self._answers_close = answers_close
        self._inbox = asyncio.Queue[Message]()
        self.task = asyncio.create_task(self._run(app, {"type": kind}))

    async def _run(self, app: ASGIApp, scope: Scope) -> None:
        await app(scope, self._inbox.get, self._send)

    async def _send(self, message: Message) -> None:
        self.sent.append(message)
        if message["type"] == "websocket.close" and self._answers_close:
            self.say("websocket.disconnect")

    def say(self, kind: str) -> None:
        self._inbox.put_nowait({"type": kind})

    async def settle(self) -> None:
        for _ in range(5):
            await asyncio.sleep(0)


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    await send({"type": "websocket.accept"})
    while (await receive())["type"] != "websocket.disconnect":
        await send({"type": "websocket.send", "text": "echo"})


async def test_every_open_socket_gets_one_close_frame_and_the_app_lets_go() -> None:
    sockets = OpenSockets(echo)
    clients = [Client(sockets) for _ in range(3)]
    await clients[0].settle()
    await sockets.close_all("restarting", 5)
    assert [client.sent for client in clients] == [[{"type": "websocket.accept"}, CLOSE]] * 3
    assert all(client.task.done() for client in clients)


async def test_nothing_is_sent_after_the_close_frame() -> None:
    sockets = OpenSockets(echo)
    client = Client(sockets, answers_close=False)
    await client.settle()
    await sockets.close_all("restarting", 0.01)
    client.say("websocket.receive")
    await client.settle()
    assert client.sent[-1] == CLOSE
    client.say("websocket.disconnect")
    await client.task


async def test_a_socket_that_the_app_closes_keeps_the_apps_code() -> None:
    async def refuse(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        await send({"type": "websocket.close", "code": 1013})
        await receive()

    sockets = OpenSockets(refuse)
    client = Client(sockets)
    await client.settle()
    await sockets.close_all("restarting", 5)
    assert [message.get("code") for message in client.sent] == [None, 1013]


async def test_a_socket_accepted_while_closing_is_closed_at_once() -> None:
    sockets = OpenSockets(echo)
    await sockets.close_all("restarting", 5)
    client = Client(sockets)
    await client.settle()
    assert client.sent == [{"type": "websocket.accept"}, CLOSE]
    await client.task


async def test_a_client_that_does_not_read_delays_the_others_no_longer_than_allowed() -> None:
    stuck = asyncio.Event()

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        async def send_slowly(message: Message) -> None:
            await send(message)
            if message["type"] == "websocket.close":
                await stuck.wait()

        await sockets(scope, receive, send_slowly)

    sockets = OpenSockets(echo)
    slow, quick = Client(app), Client(sockets)
    await quick.settle()
    await asyncio.wait_for(sockets.close_all("restarting", 0.05), 30)
    assert quick.sent[-1] == CLOSE
    stuck.set()
    await asyncio.gather(slow.task, quick.task)


async def test_an_open_socket_is_left_alone() -> None:
    client = Client(OpenSockets(echo))
    client.say("websocket.receive")
    client.say("websocket.disconnect")
    await client.task
    assert client.sent == [{"type": "websocket.accept"}, {"type": "websocket.send", "text": "echo"}]


async def test_a_socket_that_is_not_accepted_yet_is_closed_once_it_is() -> None:
    async def hesitate(scope: Scope, receive: Receive, send: Send) -> None:
        await receive()
        await echo(scope, receive, send)

    sockets = OpenSockets(hesitate)
    client = Client(sockets)
    await client.settle()
    await sockets.close_all("restarting", 0.01)
    assert client.sent == []
    client.say("websocket.connect")
    await client.task
    assert client.sent == [{"type": "websocket.accept"}, CLOSE]


async def test_other_protocols_pass_untouched() -> None:
    seen: list[tuple[Any, Callable[..., Any]]] = []

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        seen.append((scope["type"], send))

    client = Client(OpenSockets(app), kind="http")
    await client.task
    assert seen == [("http", client._send)]


async def test_an_app_that_fails_is_forgotten() -> None:
    async def fail(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "websocket.accept"})
        raise RuntimeError("no")

    sockets = OpenSockets(fail)
    client = Client(sockets)
    with pytest.raises(RuntimeError):
        await client.task
    await asyncio.wait_for(sockets.close_all("restarting", 60), 30)
    assert client.sent == [{"type": "websocket.accept"}]
