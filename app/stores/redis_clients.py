"""The client of `redis-py` for an address: time-outs that a conversation can bear, and no command sent twice.

By default `redis-py` waits 5 s for each answer and repeats every command up to 10 times, including commands that must
not be repeated, so that a Redis that has stalled holds up a read for most of a minute.
"""

from collections.abc import Callable
from typing import Any, TypeAlias, cast

from redis.asyncio import Redis, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel, SentinelConnectionPool
from redis.backoff import NoBackoff
from redis.credentials import CredentialProvider
from redis.exceptions import ResponseError
from redis.maint_notifications import MaintNotificationsConfig

from app.stores.redis_address import Encryption, RedisAddress

COMMAND_S = 0.2
"""Seconds for an answer, which usually takes less than a millisecond."""
CONNECT_S = 1.0
"""Seconds for a connection: over TLS to another machine it takes some round trips."""
MOST_CONNECTIONS = 64

RedisClient: TypeAlias = "Redis | RedisCluster"


async def make_client(
    address: RedisAddress, credentials: CredentialProvider | None = None, *, check_s: int = 0
) -> RedisClient:
    """A client for what is at `address`: the server is asked whether it belongs to a cluster.

    A connection that has been silent for `check_s` is asked whether it still lives; with 0 none is, since each command
    finds out by itself.

    Raises:
        RedisError, OSError: it cannot be reached, or lets nobody in.
    """
    options = _options(address, credentials) | {"health_check_interval": check_s}
    single = _single(address, options)
    if address.service or address.path or address.database:
        return single
    try:
        is_cluster = bool(await cast(Any, single).execute_command("CLUSTER", "SLOTS"))
    except ResponseError:
        # The server has cluster support disabled, or this user has no right to ask.
        return single
    except BaseException:
        await single.aclose()
        raise
    if not is_cluster:
        return single
    await single.aclose()
    cluster = _cluster(address, options)
    await cluster.initialize()
    return cluster


async def close_client(client: RedisClient) -> None:
    """Close all connections of a client; those to the Sentinels too, which it forgets itself.

    Raises:
        RedisError, OSError: one was not closed in order.
    """
    await client.aclose()
    if isinstance(client, Redis) and isinstance(client.connection_pool, SentinelConnectionPool):
        for sentinel in client.connection_pool.sentinel_manager.sentinels:
            await sentinel.aclose()


def _single(address: RedisAddress, options: dict[str, Any]) -> Redis:
    options = options | {"db": address.database, "max_connections": MOST_CONNECTIONS}
    if address.path:
        return Redis(unix_socket_path=address.path, **options)
    if address.service:
        # The password is for the Redis servers: Sentinels have none, or a different one.
        sentinels = cast(Any, Sentinel)(address.hosts, sentinel_kwargs=_waiting(), **options)
        return cast(Redis, sentinels.master_for(address.service))
    ((host, port),) = address.hosts
    return Redis(host=host, port=port, **options)


def _cluster(address: RedisAddress, options: dict[str, Any]) -> RedisCluster:
    ((host, port),) = address.hosts
    return RedisCluster(
        host=host,
        port=port,
        address_remap=_at_one_name(host) if address.has_one_name else None,
        max_connections=MOST_CONNECTIONS,
        **options,
    )


def _at_one_name(host: str) -> Callable[[tuple[str, int]], tuple[str, int]]:
    """A managed cluster calls its nodes by addresses that its certificate does not name; they differ by their ports."""
    return lambda node: (host, node[1])


def _options(address: RedisAddress, credentials: CredentialProvider | None) -> dict[str, Any]:
    options = _waiting()
    if credentials is not None:
        options["credential_provider"] = credentials
    elif address.password is not None:
        options |= {"password": address.password.reveal(), "username": address.username or None}
    if address.encryption is not Encryption.NONE:
        options |= {"ssl": True, "ssl_ca_certs": address.certificates or None}
        if address.encryption is Encryption.UNCHECKED:
            options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    return options


def _waiting() -> dict[str, Any]:
    return {
        "socket_timeout": COMMAND_S,
        "socket_connect_timeout": CONNECT_S,
        "retry": Retry(NoBackoff(), 0),
        "client_name": "earshot",
        "maint_notifications_config": MaintNotificationsConfig(enabled=False),
    }
