"""Contains what fails on one connection of Hypercorn's, so that it does not end what is answered on others.

At a stop Hypercorn waits for its connections together, and no longer than until the first of them fails: requests on
all others are cut then. If that one has failed for anything but a time-out, the worker fails with it. A client of TLS
that does not answer the end of its connection makes it fail, by a time-out.
"""

import asyncio

from hypercorn.asyncio import run
from hypercorn.asyncio.tcp_server import TCPServer

CONNECTION_FAILED = "Unhandled exception in client_connected_cb"
"""The message by which a connection that has failed is told to the loop's exception handler, as asyncio's streams tell
it."""


class ContainedConnection(TCPServer):
    """A connection of Hypercorn's that tells the loop's exception handler what it fails for, and raises nothing."""

    async def run(self) -> None:
        """Serve the connection until it is closed. Raises nothing but CancelledError."""
        try:
            await super().run()
        except Exception as error:  # noqa: BLE001 - whatever it is, it concerns this connection alone
            asyncio.get_running_loop().call_exception_handler({"message": CONNECTION_FAILED, "exception": error})


def contain_failures() -> None:
    """Have every connection of Hypercorn's in this process fail by itself."""
    run.TCPServer = ContainedConnection  # type: ignore[attr-defined]
