"""Translates exceptions of Redis and of its client to a `StoreError` that says in one line what is wrong."""

import asyncio
import ssl

from redis import exceptions

from actors.errors import ErrorKind, StoreError
from app.providers.azure.identity import NoTokenError

_MEANINGS: tuple[tuple[type[Exception], ErrorKind, str], ...] = (
    (exceptions.AuthenticationError, ErrorKind.AUTHENTICATION, "Redis takes neither this name nor this password"),
    (exceptions.AuthorizationError, ErrorKind.AUTHENTICATION, "Redis takes neither this name nor this password"),
    (exceptions.NoPermissionError, ErrorKind.AUTHENTICATION, "Redis does not permit this user what is needed"),
    (exceptions.BusyLoadingError, ErrorKind.UNAVAILABLE, "Redis is loading its data"),
    (exceptions.ReadOnlyError, ErrorKind.UNAVAILABLE, "Redis is read-only: it is a replica"),
    (exceptions.OutOfMemoryError, ErrorKind.THROTTLED, "Redis is full: maxmemory is reached"),
    (exceptions.MasterDownError, ErrorKind.UNAVAILABLE, "Redis is a replica that has lost its primary"),
    (exceptions.ClusterDownError, ErrorKind.UNAVAILABLE, "the Redis cluster is down"),
    (exceptions.ClusterError, ErrorKind.UNAVAILABLE, "the Redis cluster is being arranged anew"),
    (exceptions.MovedError, ErrorKind.UNAVAILABLE, "the Redis cluster is being arranged anew"),
    (exceptions.AskError, ErrorKind.UNAVAILABLE, "the Redis cluster is being arranged anew"),
    (exceptions.TryAgainError, ErrorKind.UNAVAILABLE, "the Redis cluster is being arranged anew"),
    (exceptions.TimeoutError, ErrorKind.TIMEOUT, "Redis does not answer in time"),
    (exceptions.ConnectionError, ErrorKind.UNAVAILABLE, "Redis cannot be reached"),
    (exceptions.RedisClusterException, ErrorKind.UNAVAILABLE, "the Redis cluster cannot be reached"),
    (TimeoutError, ErrorKind.TIMEOUT, "Redis does not answer in time"),
    (ssl.SSLCertVerificationError, ErrorKind.UNAVAILABLE, "the certificate of Redis is not trusted"),
    (ssl.SSLError, ErrorKind.UNAVAILABLE, "Redis does not speak TLS at this port, or not as is asked"),
    (asyncio.IncompleteReadError, ErrorKind.UNAVAILABLE, "Redis cannot be reached"),
    (OSError, ErrorKind.UNAVAILABLE, "Redis cannot be reached"),
)
"""The kind of error and its text for operators, by class of exception; subclasses stand before their bases."""

_TRANSIENT = {
    "MISCONF": "Redis refuses writes: it cannot write its snapshots",
    "NOREPLICAS": "Redis refuses writes: it has too few replicas, see min-replicas-to-write",
    "BUSY": "Redis is busy with a script of somebody's",
}
"""What is wrong, by the word with which Redis refuses for a while what it would carry out later; the client has no
exception class for these."""


def store_error(error: Exception) -> StoreError:
    """The `StoreError` for an exception of Redis, its client or the system. Its text holds no value and no password."""
    if isinstance(error, StoreError):
        return error
    error = _innermost(error)
    if isinstance(error.__cause__, NoTokenError):
        return StoreError(ErrorKind.AUTHENTICATION, str(error.__cause__))
    text = str(error)
    # The client has no exception class of its own for these.
    if text.startswith(("WRONGPASS", "NOAUTH")):
        return StoreError(ErrorKind.AUTHENTICATION, "Redis takes neither this name nor this password")
    for word, detail in _TRANSIENT.items():
        if text.startswith(word):
            return StoreError(ErrorKind.UNAVAILABLE, detail)
    for kind, meaning, detail in _MEANINGS:
        if isinstance(error, kind):
            return StoreError(meaning, detail)
    return StoreError(ErrorKind.BAD_REQUEST, f"Redis refuses a command: {type(error).__name__}")


def _innermost(error: Exception) -> Exception:
    """The exception at the root of `error`: while connecting, the client's own says only that connecting failed."""
    while type(error) is exceptions.ConnectionError:
        reason = error.__cause__ or error.__context__
        if not isinstance(reason, Exception):
            break
        error = reason
    return error
