"""What a worker and its launcher agree on, besides the socket between them that they call the line."""

from typing import Any

import msgspec

READY = "ready"
"""What a worker says first, when it takes connections. Anything else is the fault that keeps it from it."""

BEAT = b"beat\n"
"""What a worker says every BEAT_INTERVAL_S from then on, for as long as its event loop turns."""

BEAT_INTERVAL_S = 1.0

SECRET_BYTES = 32
"""What the launcher says first: random bytes, the same to every worker of a server, that nobody else ever sees."""

FAULT_STATUS = 2
"""Exit status for a fault in the configuration: to start again cannot help."""


class Notice(msgspec.Struct, frozen=True):
    """What all workers of a server are to know. Later fields of a topic replace earlier ones of the same name.

    A worker says it to the launcher, which says it to all workers, that one included, and the sum of all notices to
    each worker that starts. `teller` and `number` tell that one its own.
    """

    topic: str
    fields: dict[str, Any]
    teller: int = 0
    number: int = 0


def encode_notice(notice: Notice) -> bytes:
    """A notice as a line."""
    return msgspec.json.encode(notice) + b"\n"


def decode_notice(line: bytes) -> Notice:
    """The notice of a line.

    Raises:
        ValueError: it is none.
    """
    return msgspec.json.decode(line, type=Notice)
