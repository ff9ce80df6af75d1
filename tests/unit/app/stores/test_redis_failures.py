import pytest
from redis import exceptions

from actors.errors import ErrorKind, StoreError
from app.providers.azure.identity import NoTokenError
from app.stores.redis_failures import store_error


@pytest.mark.parametrize(
    ("error", "kind", "words"),
    [
        (exceptions.TimeoutError("hush"), ErrorKind.TIMEOUT, "in time"),
        (TimeoutError(), ErrorKind.TIMEOUT, "in time"),
        (exceptions.ConnectionError("hush"), ErrorKind.UNAVAILABLE, "cannot be reached"),
        (ConnectionRefusedError(), ErrorKind.UNAVAILABLE, "cannot be reached"),
        (exceptions.BusyLoadingError("hush"), ErrorKind.UNAVAILABLE, "loading"),
        (exceptions.ReadOnlyError("hush"), ErrorKind.UNAVAILABLE, "replica"),
        (exceptions.OutOfMemoryError("hush"), ErrorKind.THROTTLED, "full"),
        (exceptions.AuthenticationError("hush"), ErrorKind.AUTHENTICATION, "password"),
        (exceptions.ResponseError("WRONGPASS hush"), ErrorKind.AUTHENTICATION, "password"),
        (exceptions.ResponseError("MISCONF hush"), ErrorKind.UNAVAILABLE, "snapshots"),
        (exceptions.ResponseError("NOREPLICAS hush"), ErrorKind.UNAVAILABLE, "replicas"),
        (exceptions.ResponseError("BUSY hush"), ErrorKind.UNAVAILABLE, "busy"),
        (exceptions.NoPermissionError("hush"), ErrorKind.AUTHENTICATION, "permit"),
        (exceptions.MasterDownError("hush"), ErrorKind.UNAVAILABLE, "primary"),
        (exceptions.ClusterDownError("hush"), ErrorKind.UNAVAILABLE, "down"),
        (exceptions.ClusterError("hush"), ErrorKind.UNAVAILABLE, "arranged anew"),
        (exceptions.RedisClusterException("hush"), ErrorKind.UNAVAILABLE, "cluster"),
        (exceptions.ResponseError("hush"), ErrorKind.BAD_REQUEST, "refuses"),
    ],
)
def test_a_failure_says_in_its_own_words_what_is_wrong(error: Exception, kind: ErrorKind, words: str) -> None:
    found = store_error(error)
    assert found.kind is kind
    assert words in found.detail
    assert "hush" not in found.detail


def test_a_store_error_stays_what_it_is() -> None:
    failure = StoreError(ErrorKind.INTERNAL, "told")
    assert store_error(failure) is failure


def test_an_identity_without_a_token_is_named() -> None:
    error = exceptions.AuthenticationError("hush")
    error.__cause__ = NoTokenError(ErrorKind.TIMEOUT, "no token came")
    found = store_error(error)
    assert (found.kind, found.detail) == (ErrorKind.AUTHENTICATION, "no token came")


def test_the_reason_is_looked_for_behind_what_the_client_says_of_every_failure_to_connect() -> None:
    wrapped = exceptions.ConnectionError("hush")
    wrapped.__cause__ = exceptions.ConnectionError("hush")
    wrapped.__cause__.__context__ = exceptions.AuthenticationError("hush")
    assert store_error(wrapped).kind is ErrorKind.AUTHENTICATION
