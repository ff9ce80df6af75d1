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
    """Takes orders; None where no network is configured, and only media sockets of load clients come"""
    addresses: CallAddresses
    transcribes: bool
    """Whether the network is configured to transcribe calls by itself"""
    default_mode: str
    """Mode of the sessions of calls for which none is asked"""
    source_number: str
    """Number that calls are placed from, in E.164; empty for none"""
    rate_hz: int
    """Sample rate of the audio of calls, both ways"""
    network_variables: str
    """The environment variables that configure the network, as a sentence names them"""
    source_number_variable: str
    """The environment variable that holds `source_number`"""
