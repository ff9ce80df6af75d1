"""Closes the connection of a WebSocket handshake that Hypercorn itself refuses, as one with a frame right behind it.

Hypercorn answers it with `Connection: close`, and leaves it to the client to close: a client that does not keeps a
descriptor and two tasks for as long as it likes.
"""

from contextlib import suppress

from h11 import LocalProtocolError
from hypercorn.protocol.events import StreamClosed
from hypercorn.protocol.ws_stream import WSStream

_answer = WSStream._send_error_response


async def _answer_and_close(stream: WSStream, status_code: int) -> None:
    """Answer a handshake with an error, if it has no answer yet, and end its connection."""
    with suppress(LocalProtocolError):
        await _answer(stream, status_code)
    await stream.send(StreamClosed(stream_id=stream.stream_id))


def close_refused_handshakes() -> None:
    """Have all WebSocket handshakes of this process that Hypercorn refuses end their connection."""
    WSStream._send_error_response = _answer_and_close  # type: ignore[method-assign,assignment]
