"""The port to a carrier: all that telephony knows of the telephone network that a worker is connected to."""

from typing import Protocol

import msgspec

from app.telephony.call_control import CallControl, MediaOptions


class CallAddresses(Protocol):
    """Where the telephone network reaches this server about a call; each address carries the secret of its call."""

    @property
    def known(self) -> bool:
        """Whether the telephone network can be told an address of this server."""
        ...

    def require(self) -> None:
        """Raises NotConfiguredError if the telephone network cannot reach this server."""
        ...

    def callback(self, secret: str) -> str:
        """The URL to which the telephone network sends the events of the call with this secret."""
        ...

    def media(self, secret: str, transcribed_in: str = "") -> MediaOptions:
        """The URL and the format in which the audio of the call with this secret is streamed; or the URL of its
        transcript, if the network transcribes it in this language."""
        ...


class Carrier(msgspec.Struct, frozen=True, kw_only=True):
    """The telephone network as it is configured."""

    control: CallControl | None
    """Gives orders to the network; None if none is configured, and only load-test clients use the media socket"""
    addresses: CallAddresses
    transcribes: bool
    """Whether the network is configured to transcribe calls itself"""
    default_mode: str
    """The mode of calls for which none is requested"""
    source_number: str
    """The number from which calls are placed, in E.164; empty for none"""
    rate_hz: int
    """The sample rate in Hz of calls' audio, in both directions"""
    network_variables: str
    """The environment variables that configure the network, in the words of a sentence"""
    source_number_variable: str
    """The environment variable that holds `source_number`"""
