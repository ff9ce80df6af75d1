"""Refuses WebSockets: with an HTTP status before the handshake, or with a close code after it, which browsers show."""

from http import HTTPStatus

from starlette.types import Receive, Scope, Send

from app.errors import AppError
from app.server.sockets.socket_writer import REFUSED
from protocol.problems import CONTENT_TYPE, problem


class HandshakeDeniedError(AppError):
    """The handshake of a WebSocket is to be answered with an HTTP status. `reason` may be shown to the sender."""

    def __init__(self, status: int, reason: str) -> None:
        super().__init__(reason)
        self.status = status
        self.reason = reason


async def deny(scope: Scope, send: Send, denied: HandshakeDeniedError) -> None:
    """Answer a handshake with the status, or with 403 if the server does not support the extension for that."""
    if "websocket.http.response" not in scope.get("extensions", {}):
        await send({"type": "websocket.close", "code": REFUSED, "reason": denied.reason})
        return
    body = problem(HTTPStatus(denied.status), denied.reason, scope["path"]).encode()
    headers = [(b"content-type", CONTENT_TYPE.encode()), (b"content-length", str(len(body)).encode())]
    await send({"type": "websocket.http.response.start", "status": denied.status, "headers": headers})
    await send({"type": "websocket.http.response.body", "body": body})


async def accept_and_close(receive: Receive, send: Send, code: int, reason: str) -> None:
    """Accept a browser's WebSocket and close it: pages see the code and reason of a close, but nothing of a failed
    handshake."""
    await receive()
    await send({"type": "websocket.accept"})
    await send({"type": "websocket.close", "code": code, "reason": reason})
