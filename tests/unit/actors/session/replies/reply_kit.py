"""A synthesizer for tests of what it is told, without an actor."""

from typing import Any

from actors.messages.playback import SpeakText
from actors.runtime.address import Address


class NotingSynthesizer(Address[Any]):
    """An address that only notes what is told to it."""

    def __init__(self) -> None:
        super().__init__("synthesizer")
        self.told: list[Any] = []

    def tell(self, message: Any) -> None:
        self.told.append(message)

    @property
    def spoken(self) -> list[str]:
        """The pieces of text that were to be spoken."""
        return [message.text for message in self.told if isinstance(message, SpeakText)]

    @property
    def said(self) -> str:
        """All of that text."""
        return "".join(self.spoken)
