"""The media connection of a call, as the rest of telephony knows it: whatever carries the audio of the call."""

from typing import Protocol

from actors.messages.output import OutputMessage
from app.one_shot_event import OneShotEvent


class MediaConnection(Protocol):
    """One open media socket; belongs to the loop's thread."""

    @property
    def closed(self) -> OneShotEvent:
        """The event that is set once nothing more can be sent."""
        ...

    @property
    def sounding(self) -> bool:
        """Whether audio was sent that may not all be heard yet."""
        ...

    def tell(self, message: OutputMessage) -> None:
        """Send what of a session's output a telephone can carry; never waits."""
        ...

    def close(self, code: int, reason: str) -> None:
        """Close the socket with this WebSocket close code, once the queued messages have been sent."""
        ...
