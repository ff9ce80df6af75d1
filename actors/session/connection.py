"""The connection of one session: what the session shows goes out through it."""

import logging

from actors.messages.caller import ConnectionAttached, ConnectionDetached
from actors.messages.output import OutputMessage
from actors.ports.recipient import Recipient
from actors.runtime.address import Address

logger = logging.getLogger("earshot.actors")


class SessionConnection:
    """Where a session speaks and shows to at present, and what that connection can do.

    Args:
        supervisor: told `ConnectionDetached` when the output fails.
    """

    def __init__(self, supervisor: Address[ConnectionDetached]) -> None:
        self._supervisor = supervisor
        self.output: Recipient[OutputMessage] | None = None
        """The connection with its observers; None while nobody is connected."""
        self.attached: ConnectionAttached | None = None
        """What the present connection, or the last one, can do."""

    def show(self, message: OutputMessage) -> None:
        """Send `message` to the connection and the observers, if there are any. An output that raises is given up."""
        if self.output is not None:
            try:
                self.output.tell(message)
            except Exception as error:  # noqa: BLE001 - whatever an output raises, the session goes on
                logger.error("the output of a session failed and is given up: %s", type(error).__name__)  # noqa: TRY400
                self.output = None
                if self.attached is not None:
                    self._supervisor.tell(ConnectionDetached(self.attached.connection_id))
