"""No WebSocket of ours is compressed: audio gains nothing by it, and it would cost each connection time and memory.

Browsers and client libraries offer permessage-deflate by default, and Hypercorn, which has no switch for it, accepts.
Its handshake lies behind the `send` that it gives to an app: there the offer is taken away before it is answered. A
test with a real server notices when Hypercorn keeps it elsewhere.
"""

from collections.abc import Awaitable

from starlette.types import ASGIApp, Receive, Scope, Send


class Uncompressed:
    """ASGI middleware; the outermost, so that `send` is the server's own."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    def __call__(self, scope: Scope, receive: Receive, send: Send) -> Awaitable[None]:
        if scope["type"] == "websocket":
            handshake = getattr(getattr(send, "__self__", None), "handshake", None)
            if handshake is not None:
                handshake.extensions = None
        # Returned and not awaited here: a coroutine of each layer would last as long as the socket.
        return self._app(scope, receive, send)
