"""Tells a client that breaks the WebSocket protocol what it did wrong, by the code and the reason of a close frame.

RFC 6455 (7.1.7) asks for that frame. Hypercorn drops the connection, so that the client learns nothing, or says that a
message is too big and not how big it may be.
"""

import logging
from collections.abc import Generator
from functools import partial
from typing import Any

from hypercorn.protocol.ws_stream import WSStream
from opentelemetry import metrics
from wsproto.connection import Connection, ConnectionState
from wsproto.events import CloseConnection, Event
from wsproto.frame_protocol import CloseReason

log = logging.getLogger(__name__)

_violations = metrics.get_meter("earshot").create_counter(
    "earshot.socket.violations", description="WebSockets that were closed since the client broke the protocol"
)

_accept = WSStream._accept


async def _accept_and_answer(stream: WSStream, message: Any) -> None:
    """Accept a WebSocket whose client is told of what it does wrong."""
    await _accept(stream, message)
    connection: Any = stream.connection
    connection.events = partial(_events, connection, connection.events)
    connection.send = partial(_send, connection.send, stream.config.websocket_max_message_size)


def _events(connection: Connection, events: Any) -> Generator[Event, None, None]:
    """The events of a connection. The end of one that is open, and whose client has not closed it, is a violation."""
    for event in events():
        if isinstance(event, CloseConnection) and connection.state is ConnectionState.OPEN:
            _violations.add(1, {"code": str(int(event.code))})
            log.warning("a WebSocket is closed: its client breaks the protocol, code %d", event.code)
            # Hypercorn answers the close frame of a client with the code and the reason that stand in it.
            connection._state = ConnectionState.REMOTE_CLOSING
        yield event


def _send(send: Any, largest_bytes: int, event: Event) -> bytes:
    """Write an event as frames. That a message is too big says how big it may be."""
    if isinstance(event, CloseConnection) and event.code == CloseReason.MESSAGE_TOO_BIG and not event.reason:
        _violations.add(1, {"code": str(int(event.code))})
        log.warning("a WebSocket is closed: its client sends a message of more than %d bytes", largest_bytes)
        event = CloseConnection(event.code, f"at most {largest_bytes} bytes in a message")
    frames: bytes = send(event)
    return frames


def answer_protocol_violations() -> None:
    """Have the clients of all WebSockets of this process told what they do wrong."""
    WSStream._accept = _accept_and_answer  # type: ignore[method-assign,assignment]
