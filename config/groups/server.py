"""Settings: the server: where it listens, what it is reached at, its workers and how it ends."""

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import msgspec

from config import kinds
from config.variables import Variable


class DrainPolicy(StrEnum):
    """What happens to live conversations when the server is told to end."""

    FINISH = "finish"
    """The sessions go on until most of the grace period is over; those that are left then say goodbye."""
    GOODBYE = "goodbye"
    """The sessions say goodbye at once."""
    HAND_OVER = "hand_over"
    """The sessions are handed over to other workers at once, if Redis is configured; else they say goodbye."""


class Server(msgspec.Struct, frozen=True, kw_only=True):
    """The server: where it listens, what it is reached at, its workers and how it ends."""

    host: Annotated[
        str,
        Variable(
            "HOST",
            "Address to listen on: a name, an IPv4 or an IPv6 address. `make run` sets 127.0.0.1",
            kinds.host(),
        ),
    ] = "0.0.0.0"
    port: Annotated[int, Variable("PORT", "Port to listen on; 0 takes a free one", kinds.whole(0, 65_535))] = 8000
    base_url: Annotated[
        str, Variable("BASE_URL", "Address at which the outside reaches this server", kinds.address())
    ] = ""
    web_concurrency: Annotated[int, Variable("WEB_CONCURRENCY", "Worker processes", kinds.whole(1, 64))] = 1
    worker_timeout_s: Annotated[
        float,
        Variable(
            "WORKER_TIMEOUT_S",
            "A worker whose event loop has not turned for this long is killed and replaced",
            kinds.seconds(2, 600),
        ),
    ] = 15.0
    websocket_ping_interval_s: Annotated[
        float,
        Variable(
            "WEBSOCKET_PING_INTERVAL_S",
            "Seconds between pings of a WebSocket; a client that answers them and then is silent for three is dropped",
            kinds.seconds(1, 60),
        ),
    ] = 5.0
    drain_grace_s: Annotated[
        float,
        Variable(
            "DRAIN_GRACE_S", "Seconds from SIGTERM to the end of the last worker, at most", kinds.seconds(1, 3_600)
        ),
    ] = 30.0
    drain_policy: Annotated[
        DrainPolicy,
        Variable(
            "DRAIN_POLICY",
            "What live conversations do on SIGTERM: finish by themselves until shortly before the grace is over, and "
            "then go on at another worker (with Redis) or say goodbye; say goodbye at once; or go on elsewhere at once",
            kinds.one_of(DrainPolicy),
        ),
    ] = DrainPolicy.FINISH
    tls_certificate: Annotated[
        Path | None,
        Variable(
            "TLS_CERTIFICATE",
            "File (PEM) with the certificate by which the server speaks https and wss; unset: a proxy does, or nobody",
            kinds.directory(),
        ),
    ] = None
    tls_key: Annotated[
        Path | None,
        Variable("TLS_KEY", "File (PEM) with the key of that certificate, without a password", kinds.directory()),
    ] = None
    enable_docs: Annotated[
        bool,
        Variable(
            "ENABLE_DOCS",
            "Whether `/docs`, `/openapi.json` and `/asyncapi.json` describe the API to whoever asks",
            kinds.switch(),
        ),
    ] = True
    state_directory: Annotated[
        Path | None,
        Variable(
            "STATE_DIRECTORY",
            "Where ids of live calls are kept, so that a server that is started again takes them over; unset: nowhere",
            kinds.directory(),
        ),
    ] = None
