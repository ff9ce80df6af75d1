"""A call that comes in, as any telephone network announces it."""

import msgspec


class IncomingCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that wants to be answered."""

    handle: str
    """The network's reference to the call, needed to answer, reject or redirect it: opaque, and secret, since it gives
    control of the call"""
    event_id: str = ""
    """The id of the announcement, the same in all its deliveries; empty if the network gives none"""
    server_call_id: str = ""
    """The id of the call at the network before it is answered"""
    caller: str = ""
    """The caller's number in E.164, else the network's own id of them"""
    caller_number: str = ""
    """The caller's number in E.164; empty if they have none or withhold it"""
    is_withheld: bool = False
    """Whether the caller withholds their number"""
    caller_name: str = ""
    called: str = ""
    """The number that was called in E.164, else the network's own id of it"""
    called_number: str = ""
    """The number that was called in E.164; empty if it is none"""
    headers: dict[str, str] = {}
    """Headers that came with the call from the system that placed it"""
