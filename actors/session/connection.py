"""The connection of one session: what the session shows goes out through it."""

import logging
from collections.abc import Callable

from actors.messages.caller import ConnectionAttached, ConnectionDetached
from actors.messages.output import OutputMessage
from actors.ports.recipient import Recipient
from actors.rules.endpointing import EchoWindow
from actors.rules.playback.client_position import TURNS_KEPT
from actors.runtime.address import Address
from actors.runtime.failure_counters import Failure, report_failure

logger = logging.getLogger("earshot.actors")


class SessionConnection:
    """Where a session speaks and shows to at present, and what that connection can do.

    Args:
        supervisor: told `ConnectionDetached` when the output fails.
    """

    __slots__ = (
        "_supervisor",
        "all_sent_ms",
        "attached",
        "echo",
        "is_holding",
        "output",
        "output_id",
        "sent_ms",
        "tap",
    )

    def __init__(self, supervisor: Address[ConnectionDetached]) -> None:
        self._supervisor = supervisor
        self.output: Recipient[OutputMessage] | None = None
        """The connection with its observers; None while nobody is connected."""
        self.tap: Callable[[OutputMessage], None] | None = None
        """Called with everything that is shown to a connected client; None if there is nothing to call."""
        self.output_id = ""
        """The id of the connection of `output`. It is set before the session is told of the connection, and possibly
        before it is told that the former one is lost."""
        self.attached: ConnectionAttached | None = None
        """The message with the abilities of the present connection, or of the last one."""
        self.sent_ms: dict[int, float] = {}
        """Milliseconds of audio of each of the latest turns that the present connection was sent; its marks count from
        there."""
        self.all_sent_ms = 0.0
        """Milliseconds of audio that were sent since the session began here, over all its connections."""
        self.is_holding = False
        """Whether the client was told to pause, and not to resume or to discard audio since."""
        self.echo = EchoWindow()
        """The audio that was sent last, which may come back as echo."""

    def attach(self, attached: ConnectionAttached) -> None:
        """Note what another connection can do; its client counts what it is sent from the beginning."""
        self.attached = attached
        self.sent_ms = {}
        self.is_holding = False

    def audio_sent(self, turn: int, duration_ms: float) -> None:
        """Count audio of `turn` that was shown."""
        self.all_sent_ms += duration_ms
        sent_ms = self.sent_ms
        if turn in sent_ms:
            sent_ms[turn] += duration_ms
            return
        sent_ms[turn] = duration_ms
        if len(sent_ms) > TURNS_KEPT:
            del sent_ms[next(iter(sent_ms))]

    def show(self, message: OutputMessage) -> None:
        """Send `message` to the connection and the observers, if there are any. An output that raises is given up."""
        if self.output is not None:
            if self.tap is not None:
                self.tap(message)
            try:
                self.output.tell(message)
            except BaseException as error:  # noqa: BLE001 - whatever an output raises, the session goes on
                report_failure(
                    Failure.OUTPUT,
                    logger,
                    "the output of a session failed and is given up: %s",
                    type(error).__name__,
                    output="connection",
                )
                self.output = None
                self._supervisor.tell(ConnectionDetached(self.output_id))
