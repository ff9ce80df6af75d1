"""Settings: Redis, where records of sessions are kept when they have to outlive their worker."""

from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class Redis(msgspec.Struct, frozen=True, kw_only=True):
    """Redis, where records of sessions are kept when they have to outlive their worker."""

    url: Annotated[
        Secret | None,
        Variable(
            "REDIS_URL",
            "Redis by its address, with its password; a server says itself whether it is a cluster. rediss may have "
            "?ssl_cert_reqs=none or ?ssl_ca_certs=FILE",
            kinds.redis_url(),
        ),
    ] = None
    host: Annotated[
        str,
        Variable(
            "REDIS_HOST",
            "The same by its host name, always over TLS, as Azure Managed Redis has it",
            kinds.matching("a host name", r"[0-9A-Za-z._-]{1,253}"),
        ),
    ] = ""
    port: Annotated[int, Variable("REDIS_PORT", "Port at REDIS_HOST", kinds.whole(1, 65_535))] = 10_000
    access_key: Annotated[
        Secret | None,
        Variable("REDIS_ACCESS_KEY", "Key for REDIS_HOST; unset: Entra identity is used", kinds.key()),
    ] = None
    record_ttl_s: Annotated[
        float,
        Variable(
            "REDIS_RECORD_TTL_S",
            "How long Redis keeps the record of a session after it was last saved",
            kinds.seconds(60, 2_592_000),
        ),
    ] = 86_400.0
