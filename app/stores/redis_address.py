"""The address of Redis, parsed from the settings. Nothing here connects."""

from enum import Enum, auto
from urllib.parse import ParseResult, parse_qsl, unquote, urlparse

import msgspec

from config.errors import SettingsError
from config.secret import Secret
from config.settings import Settings

PORT, SENTINEL_PORT = 6379, 26379
CERTIFICATE_CHECKS = ("required", "none")


class Encryption(Enum):
    """How the connection to Redis is encrypted."""

    NONE = auto()
    UNCHECKED = auto()
    """TLS with any certificate."""
    CHECKED = auto()
    """TLS with a trusted certificate for the server's name."""


class RedisAddress(msgspec.Struct, frozen=True, kw_only=True):
    """The address of Redis and the credentials for it."""

    hosts: tuple[tuple[str, int], ...] = ()
    """Host and port of the server or, if `service` is set, of each Sentinel; empty if `path` is set."""
    path: str = ""
    """The path of a Unix socket; empty for TCP."""
    service: str = ""
    """The name of the primary at the Sentinels; empty if there are none."""
    database: int = 0
    username: str = ""
    password: Secret | None = None
    has_identity: bool = False
    """Whether the Entra identity of this machine is used in place of a password."""
    encryption: Encryption = Encryption.NONE
    has_one_name: bool = False
    """Whether all nodes of a cluster have this name, and differ in their ports, as with Azure Managed Redis."""
    certificates: str = ""
    """The path of a file of trusted certificates, in place of the system's."""

    def __str__(self) -> str:
        """The address as logs may show it: without user name and password."""
        if self.path:
            return f"unix://{self.path}"
        scheme = "redis+sentinel" if self.service else "redis" if self.encryption is Encryption.NONE else "rediss"
        return f"{scheme}://{','.join(f'{host}:{port}' for host, port in self.hosts)}"


def redis_address(settings: Settings) -> RedisAddress | None:
    """Where Redis is; None if none is configured.

    Raises:
        SettingsError: the settings do not fit together, or the address cannot be used; shows no part of it.
    """
    redis = settings.redis
    if redis.url is not None and redis.host:
        raise SettingsError("REDIS_URL and REDIS_HOST are both set: set one of them")
    if redis.access_key is not None and not redis.host:
        raise SettingsError("REDIS_ACCESS_KEY is set, and not REDIS_HOST")
    if redis.host:
        return RedisAddress(
            hosts=((redis.host, redis.port),),
            password=redis.access_key,
            has_identity=redis.access_key is None,
            encryption=Encryption.CHECKED,
            has_one_name=True,
        )
    if redis.url is None:
        return None
    try:
        return _parsed(redis.url.reveal())
    except ValueError as error:
        raise SettingsError(f"REDIS_URL cannot be used: {error}") from None


def _parsed(url: str) -> RedisAddress:
    parts = urlparse(url)
    query = dict(parse_qsl(parts.query))
    access, _, location = parts.netloc.rpartition("@")
    username, _, password = access.partition(":")
    certificate_check = query.pop("ssl_cert_reqs", "required")
    if certificate_check not in CERTIFICATE_CHECKS:
        raise ValueError(f"ssl_cert_reqs must be one of {', '.join(CERTIFICATE_CHECKS)}")
    address = RedisAddress(
        username=unquote(username),
        password=Secret(unquote(password)) if password else None,
        encryption=_encryption(parts.scheme, certificate_check),
        certificates=query.pop("ssl_ca_certs", ""),
    )
    database = query.pop("db", "")
    if query:
        raise ValueError(f"what is {sorted(query)[0]} in its query?")
    return _located(address, parts, location, database)


def _encryption(scheme: str, certificate_check: str) -> Encryption:
    if scheme != "rediss":
        return Encryption.NONE
    return Encryption.CHECKED if certificate_check == "required" else Encryption.UNCHECKED


def _located(address: RedisAddress, parts: ParseResult, location: str, database: str) -> RedisAddress:
    if parts.scheme == "unix":
        if location or not parts.path:
            raise ValueError("a Unix socket is written unix:///path/of/it")
        return msgspec.structs.replace(address, path=unquote(parts.path), database=_database(database))
    segments = [segment for segment in parts.path.split("/") if segment]
    service = ""
    if parts.scheme == "redis+sentinel":
        if not segments:
            raise ValueError("Sentinels are asked for a name: redis+sentinel://HOST,HOST/NAME")
        service = segments.pop(0)
    if len(segments) > 1:
        raise ValueError("its path may be the number of a database only")
    port = SENTINEL_PORT if service else PORT
    hosts = tuple(_host(text, port) for text in location.split(","))
    if not service and len(hosts) > 1:
        raise ValueError("one server is named, or redis+sentinel is meant")
    return msgspec.structs.replace(
        address, hosts=hosts, service=service, database=_database(segments[0] if segments else database)
    )


def _host(text: str, default_port: int) -> tuple[str, int]:
    try:
        parts = urlparse(f"//{text}")
        host, port = parts.hostname, parts.port
    except ValueError:
        raise ValueError("a port is a number up to 65535") from None
    if not host:
        raise ValueError("it names no host")
    return host, port or default_port


def _database(text: str) -> int:
    if not text:
        return 0
    if not (text.isascii() and text.isdigit()):
        raise ValueError("a database is a number")
    return int(text)
