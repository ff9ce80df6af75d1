"""Settings: how much one worker and one client may have or do."""

from typing import Annotated

import msgspec

from config import kinds
from config.variables import Variable


class Limits(msgspec.Struct, frozen=True, kw_only=True):
    """How much one worker and one client may have or do."""

    max_concurrent_sessions: Annotated[
        int,
        Variable("MAX_CONCURRENT_SESSIONS", "Sessions of one worker; more are refused at once", kinds.whole(1, 10_000)),
    ] = 100
    max_loop_lag_s: Annotated[
        float,
        Variable(
            "MAX_LOOP_LAG_S",
            "A worker whose event loop is later than this takes no new session, and is not ready",
            kinds.seconds(0.02, 10),
        ),
    ] = 0.1
    max_relays: Annotated[int, Variable("MAX_RELAYS", "Dashboard sockets of one worker", kinds.whole(1, 10_000))] = 100
    client_sessions: Annotated[
        int,
        Variable(
            "CLIENT_SESSIONS", "Browser sessions that one client may have at once; 0: no limit", kinds.whole(0, 10_000)
        ),
    ] = 10
    client_relays: Annotated[
        int,
        Variable(
            "CLIENT_RELAYS", "Dashboard sockets that one client may have at once; 0: no limit", kinds.whole(0, 10_000)
        ),
    ] = 10
    client_idle_connections: Annotated[
        int,
        Variable(
            "CLIENT_IDLE_CONNECTIONS",
            "Connections that one client may keep open without a request; of more, the oldest is closed; 0: no limit",
            kinds.whole(0, 100_000),
        ),
    ] = 50
    client_connections_per_minute: Annotated[
        int,
        Variable(
            "CLIENT_CONNECTIONS_PER_MINUTE",
            "WebSockets that one client may open in a minute; 0: no limit",
            kinds.whole(0, 1_000_000),
        ),
    ] = 60
    client_requests_per_minute: Annotated[
        int,
        Variable(
            "CLIENT_REQUESTS_PER_MINUTE",
            "Browser tokens and calls that one client may ask for in a minute; 0: no limit",
            kinds.whole(0, 1_000_000),
        ),
    ] = 60
    client_texts_per_minute: Annotated[
        int,
        Variable(
            "CLIENT_TEXTS_PER_MINUTE",
            "Texts that one client may type in a minute; 0: no limit",
            kinds.whole(0, 1_000_000),
        ),
    ] = 60
    client_model_requests_per_minute: Annotated[
        int,
        Variable(
            "CLIENT_MODEL_REQUESTS_PER_MINUTE",
            "Requests to the language model that one client may cause in a minute",
            kinds.whole(0, 1_000_000),
        ),
    ] = 120
    client_model_tokens_per_minute: Annotated[
        int,
        Variable(
            "CLIENT_MODEL_TOKENS_PER_MINUTE",
            "Tokens of the language model that one client may use in a minute",
            kinds.whole(0, 1_000_000_000),
        ),
    ] = 300_000
    client_messages_per_s: Annotated[
        int,
        Variable(
            "CLIENT_MESSAGES_PER_S",
            "WebSocket messages a second of one browser or dashboard, and as many times 1,280 bytes; ten seconds' worth"
            " may come at once, then the socket is closed with 1008",
            kinds.whole(60, 100_000),
        ),
    ] = 200
    trusted_proxies: Annotated[
        tuple[str, ...],
        Variable(
            "TRUSTED_PROXIES",
            "Proxies whose X-Forwarded-For says who a client is; `private`: those on private addresses",
            kinds.proxies(),
        ),
    ] = ("private",)
