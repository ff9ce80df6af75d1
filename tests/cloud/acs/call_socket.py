"""The socket of a call that the service opens by itself, for media or transcripts: whether it is open, and its end."""

from typing import TYPE_CHECKING

from tests.cloud.acs.events import DONE, Result
from tests.cloud.acs.requests import WithCallback
from tests.cloud.acs.sockets import ServiceSocket, SocketRefused

if TYPE_CHECKING:
    from tests.cloud.acs.calls import Call


class CallSocket:
    """A subscription of one call, which has at most one socket at a time."""

    def __init__(self, call: "Call", url: str) -> None:
        self._call = call
        self._url = url
        self._socket: ServiceSocket | None = None
        self._opening = False
        self._wanted = False

    @property
    def connected(self) -> bool:
        """True while the socket is open."""
        return self._socket is not None

    @property
    def busy(self) -> bool:
        """True while the socket is open or about to be."""
        return self._opening or self.connected

    async def stop(self, order: WithCallback) -> None:
        """Close the socket, as ordered."""
        await self.close()
        self._report("Stopped", "subscriptionStopped", DONE, order)

    def fall_silent(self, what: str = "Stopped", details: str = "serviceShutdown") -> None:
        """Stop without an order, tell the application, and leave the socket open: nothing goes on it either way."""
        self._wanted, self._socket = False, None
        self._report(what, details, DONE, WithCallback())

    async def close(self) -> None:
        """Close the socket without telling why."""
        self._wanted = False
        connection, self._socket = self._socket, None
        if connection is not None:
            await connection.close()

    async def _open(self) -> ServiceSocket | None:
        """Open the socket; None if it is not wanted any more.

        Raises:
            SocketRefused: the application does not take it.
        """
        try:
            connection = await ServiceSocket.open(self._call.session, self._url, self._call.socket_headers())
        except SocketRefused:
            self._opening = False
            raise
        self._opening = False
        if not self._wanted:
            await connection.close()
            return None
        self._socket = connection
        return connection

    def _report(self, what: str, details: str, result: Result, order: WithCallback) -> None:
        """Tell the application what has become of the subscription."""
        raise NotImplementedError
