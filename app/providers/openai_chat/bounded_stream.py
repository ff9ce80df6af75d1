"""A bound on what a chat service may send between two server-sent events, which the SDK would collect without one."""

from collections.abc import AsyncIterator

import httpx2

from actors.errors import ErrorKind, ModelError

MAX_EVENT_BYTES = 1_048_576
"""The most bytes of one server-sent event, or of one comment line. A piece of a reply takes some hundred bytes."""
_LINE_ENDS = (b"\n", b"\r")
_BLANK_LINES = (b"\n", b"\r", b"\r\n")
UNCOMPRESSED = {"Accept-Encoding": "identity"}
"""The header that asks for an uncompressed answer, since a bound on compressed bytes would bound nothing."""


async def bound_events(response: httpx2.Response) -> None:
    """Have the body of `response` fail once an event in it is too large: a response hook of the HTTP client.

    Raises:
        ModelError: the body is compressed although it was asked not to be.
    """
    if response.headers.get("Content-Encoding", "identity").lower() != "identity":
        raise ModelError(ErrorKind.UNAVAILABLE, "the model service compressed an answer although asked not to")
    assert isinstance(response.stream, httpx2.AsyncByteStream)
    response.stream = BoundedEvents(response.stream)


class BoundedEvents(httpx2.AsyncByteStream):
    """The body of a response, in which no event is larger than `MAX_EVENT_BYTES`. Other bodies count as one event."""

    def __init__(self, body: httpx2.AsyncByteStream) -> None:
        self._body = body

    async def __aiter__(self) -> AsyncIterator[bytes]:
        """Pass the body on, piece by piece, and raise `ModelError` before the piece that is over the bound."""
        event = line = 0
        is_comment = False
        async for chunk in self._body:
            for piece in chunk.splitlines(keepends=True):
                is_comment = piece.startswith(b":") if line == 0 else is_comment
                line += len(piece)
                if event + line > MAX_EVENT_BYTES:
                    detail = f"the model service sent an event of more than {MAX_EVENT_BYTES} bytes"
                    raise ModelError(ErrorKind.UNAVAILABLE, detail)
                if piece in _BLANK_LINES and line == len(piece):
                    event = line = 0
                elif piece.endswith(_LINE_ENDS):
                    event, line = event if is_comment else event + line, 0
            yield chunk

    async def aclose(self) -> None:
        """Close the body, and with it a connection whose body was not read to its end."""
        await self._body.aclose()
