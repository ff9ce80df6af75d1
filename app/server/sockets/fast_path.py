"""The fast path as the app uses it: sends and receives a WebSocket's messages past ASGI's queues and tasks.

`hypercorn_fast_path.py` provides it for Hypercorn; with another server there is none and ASGI does the work.
"""

import asyncio
from collections.abc import Callable
from typing import Protocol

from starlette.types import Scope

Message = str | bytes
"""A message of a WebSocket: text, or bytes."""

FAST_PATH = "earshot.fast_path"
"""The extension in the ASGI scope of a WebSocket that is called before the handshake is answered; it returns the fast
path or None."""


class Listener(Protocol):
    """The receiver of the messages that a peer sends over the fast path."""

    def take(self, message: Message) -> None:
        """Handle one message of the peer. Runs in a callback of the event loop, so it must not block."""
        ...

    def admit(self, frames: int, size_bytes: int) -> bool:
        """Count what the peer has sent, of whatever kind; returns False if the listener closes the socket for it."""
        ...

    def is_crowded(self) -> bool:
        """Whether so many messages wait to be handled that reading from the peer must pause."""
        ...


class FastPath(Protocol):
    """Sends and receives messages that need not wait for the peer; all others go by ASGI."""

    def send(self, message: Message) -> bool:
        """Send a message at once, behind all that was sent before; False if that is for ASGI."""
        ...

    def listen(self, listener: Listener) -> "asyncio.Future[None]":
        """Give `listener` messages of the peer; those that it is not given come by ASGI.

        What it raises, the future raises.
        """
        ...

    def give_back(self) -> None:
        """Have all that the peer sends from now on delivered by ASGI."""
        ...

    def watch(self, interval_s: float, *, pings: bool = False) -> None:
        """Drop a peer that answers pings and then is silent for three intervals; with `pings` they are sent for it.

        Where there is no fast path the server's own pings have to do.
        """
        ...

    def abort(self) -> None:
        """Drop the connection, and all data that has not been sent."""
        ...


def fast_path_of(scope: Scope) -> FastPath | None:
    """The fast path of a WebSocket that is about to be accepted, or None where its server offers none.

    What the peer sends is held from then on, until it is listened to or given back.

    Raises:
        ConnectionError: the peer is gone; nothing must begin for it.
    """
    fast_path: Callable[[], FastPath | None] | None = scope.get("extensions", {}).get(FAST_PATH)
    return fast_path() if fast_path is not None else None
