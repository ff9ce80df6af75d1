"""A call that comes in, as any telephone network announces it."""

import msgspec


class IncomingCall(msgspec.Struct, frozen=True, kw_only=True):
    """A call that wants to be answered."""

    handle: str
    """What the network wants to have back when the call is answered, rejected or redirected: opaque, as good as the
    call itself, and in no log"""
    event_id: str = ""
    """The same in each delivery of one announcement; empty if the network gives none"""
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
    """Headers that the system which placed the call sent along with it"""
