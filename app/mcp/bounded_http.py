"""An HTTP transport that reads no more of an answer than an MCP server may send at once."""

from collections.abc import AsyncIterator

import httpx2

MAX_BODY_BYTES = 4_000_000
EVENTS = "text/event-stream"


class BoundedTransport(httpx2.AsyncHTTPTransport):
    """Fails a response whose body is longer than MAX_BODY_BYTES. The SDK bounds each event of a stream of events."""

    async def handle_async_request(self, request: httpx2.Request) -> httpx2.Response:
        """Send a request; its response's body is bounded.

        Raises:
            httpx2.TransportError: as its base, and when the body is read and too long.
        """
        response = await super().handle_async_request(request)
        if not response.headers.get("content-type", "").startswith(EVENTS):
            assert isinstance(response.stream, httpx2.AsyncByteStream)
            response.stream = BoundedStream(response.stream, request)
        return response


class BoundedStream(httpx2.AsyncByteStream):
    """The bytes of `stream`, of which more than MAX_BODY_BYTES are an error."""

    def __init__(self, stream: httpx2.AsyncByteStream, request: httpx2.Request) -> None:
        self._stream = stream
        self._request = request

    async def __aiter__(self) -> AsyncIterator[bytes]:
        read = 0
        async for chunk in self._stream:
            read += len(chunk)
            if read > MAX_BODY_BYTES:
                raise httpx2.ReadError(f"more than {MAX_BODY_BYTES} bytes", request=self._request)
            yield chunk

    async def aclose(self) -> None:
        """Close the connection behind it."""
        await self._stream.aclose()
