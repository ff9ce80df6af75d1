"""What the telephony of one worker has counted since its start."""

import msgspec


class TelephonyCounts(msgspec.Struct):
    """Whoever meets with such an event, message or call adds to its count."""

    unknown_events: int = 0
    """Events of the telephone network of kinds that mean nothing to us."""
    ignored_messages: int = 0
    """Messages on media sockets that mean nothing to us, and keys beyond what a person can press."""
    defective_messages: int = 0
    """Messages on media sockets with something wrong in them, repaired as far as they could be."""
    refused_calls: int = 0
    """Incoming calls that were rejected or redirected."""
