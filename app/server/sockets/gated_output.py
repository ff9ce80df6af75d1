"""Holds back a session's output while it is unknown whether the session still belongs to this worker."""

from collections.abc import Callable
from typing import Protocol

from actors.messages.output import AudioDiscarded, AudioFrame, OutputMessage

HELD_MOST = 500
"""The most messages that are held while the gate is shut, the newest ones: more than come in the second or two for
which it may be shut."""


class Gate(Protocol):
    """Is shut while it is unknown whether this worker still has its sessions."""

    def wait_if_shut(self, go_on: Callable[[], None]) -> bool:
        """Return whether the gate is shut, so that nothing may be sent; if it is, call `go_on` once when it opens."""
        ...


class GatedOutput:
    """Stands before a connection. `show` sends a message on it; without a gate everything is sent at once."""

    def __init__(self, show: Callable[[OutputMessage], None], gate: Gate | None) -> None:
        self._show = show
        self._gate = gate
        self._held: list[OutputMessage] = []

    def tell(self, message: OutputMessage) -> None:
        """Send a message, or hold it back; the order to drop audio drops what of it is held."""
        if self._gate is not None and self._gate.wait_if_shut(self._release):
            if isinstance(message, AudioDiscarded):
                self._held = [each for each in self._held if not isinstance(each, AudioFrame)]
            self._held.append(message)
            del self._held[:-HELD_MOST]
        else:
            self._show(message)

    def drop(self) -> None:
        """Discard the messages that are held back."""
        self._held.clear()

    def _release(self) -> None:
        """Send what was held, unless it was dropped meanwhile."""
        while self._held:
            self._show(self._held.pop(0))
