"""The protocol of the worker pipe: the messages, one JSON line each, between a worker and its launcher."""

from typing import Any

import msgspec

READY = "ready"
"""The first line of a worker that accepts connections. Any other first line is the error that kept it from starting."""

BEAT = b"beat\n"
"""The heartbeat: a line that a ready worker writes every BEAT_INTERVAL_S while its event loop runs."""

BEAT_INTERVAL_S = 1.0

SECRET_BYTES = 32
"""The length in bytes of what the launcher writes first: a random secret, the same for all its workers, that nobody
else gets."""

FAULT_STATUS = 2
"""The exit status after an error in the configuration, with which the launcher does not start the worker again."""


OF_WORKER = "worker/"
"""The beginning of a topic about one worker; its process id follows. The launcher forgets such notices with the
worker."""


class WorkerNotice(msgspec.Struct, frozen=True, tag="notice"):
    """Something that every worker has to know. Later fields of a topic replace earlier ones of the same name.

    A worker says it to the launcher, which says it to all workers, that one included, and the sum of all notices to
    each worker that starts. `teller` and `number` tell that one its own.
    """

    topic: str
    fields: dict[str, Any]
    teller: int = 0
    number: int = 0


class AskOwner(msgspec.Struct, frozen=True, kw_only=True, tag="ask_owner"):
    """A worker asks the launcher which worker has a session. `claim`: itself, from now on, if none has."""

    session_id: str
    number: int
    claim: bool


class Owner(msgspec.Struct, frozen=True, tag="owner"):
    """The launcher's answer to the `AskOwner` of that number: a worker's process id, 0 if no worker has the session."""

    number: int
    worker: int


class SessionBegun(msgspec.Struct, frozen=True, tag="session_begun"):
    """A worker tells the launcher that a session has begun there, or goes on there that another worker had."""

    session_id: str


class SessionLeft(msgspec.Struct, frozen=True, tag="session_left"):
    """A worker tells the launcher that a session it has claimed is over, or (`begun` is false) was never begun."""

    session_id: str
    begun: bool


class ListensNoMore(msgspec.Struct, frozen=True, tag="listens_no_more"):
    """A worker that ends tells the launcher that it takes no more connections."""


FromWorker = WorkerNotice | AskOwner | SessionBegun | SessionLeft | ListensNoMore
FromLauncher = WorkerNotice | Owner

_from_worker: msgspec.json.Decoder[FromWorker] = msgspec.json.Decoder(FromWorker)
_from_launcher: msgspec.json.Decoder[FromLauncher] = msgspec.json.Decoder(FromLauncher)


def encode_line(message: FromWorker | FromLauncher) -> bytes:
    """Encode a message of the worker pipe as one line of JSON, its line feed included."""
    return msgspec.json.encode(message) + b"\n"


def decode_from_worker(line: bytes) -> FromWorker:
    """Decode a line that a worker has sent to the launcher.

    Raises:
        ValueError: the line is no such message.
    """
    return _from_worker.decode(line)


def decode_from_launcher(line: bytes) -> FromLauncher:
    """Decode a line that the launcher has sent to a worker.

    Raises:
        ValueError: the line is no such message.
    """
    return _from_launcher.decode(line)
