import pytest

from app.stores.redis_address import Encryption, RedisAddress, redis_address
from config.errors import SettingsError
from config.settings import Settings


def address(**variables: str) -> RedisAddress:
    found = redis_address(Settings.read(variables))
    assert found is not None
    return found


def test_nothing_set_is_no_redis() -> None:
    assert redis_address(Settings()) is None


def test_a_plain_address_has_its_usual_port_and_first_database() -> None:
    assert address(REDIS_URL="redis://cache") == RedisAddress(hosts=(("cache", 6379),))


def test_an_address_has_port_database_name_and_password() -> None:
    found = address(REDIS_URL="redis://me:p%40ss@cache:7000/3")
    assert (found.hosts, found.database, found.username) == ((("cache", 7000),), 3, "me")
    assert found.password is not None
    assert found.password.reveal() == "p@ss"


def test_an_address_over_tls_may_check_certificates_less_or_by_others() -> None:
    assert address(REDIS_URL="redis://cache").encryption is Encryption.NONE
    assert address(REDIS_URL="rediss://cache").encryption is Encryption.CHECKED
    found = address(REDIS_URL="rediss://:secret@[::1]:6380?ssl_cert_reqs=none&ssl_ca_certs=/etc/ca.pem")
    assert (found.hosts, found.encryption) == ((("::1", 6380),), Encryption.UNCHECKED)
    assert found.certificates == "/etc/ca.pem"


def test_a_unix_socket_is_a_path() -> None:
    found = address(REDIS_URL="unix://:secret@/run/redis.sock?db=2")
    assert (found.path, found.database, found.hosts) == ("/run/redis.sock", 2, ())


def test_sentinels_are_several_hosts_and_a_name() -> None:
    found = address(REDIS_URL="redis+sentinel://one,two:26380/primary/1")
    assert found.hosts == (("one", 26379), ("two", 26380))
    assert (found.service, found.database) == ("primary", 1)


def test_a_host_is_reached_over_tls_with_its_key_or_the_identity_of_the_machine() -> None:
    with_key = address(REDIS_HOST="name.region.redis.azure.net", REDIS_ACCESS_KEY="secret")
    assert (with_key.hosts, with_key.encryption, with_key.has_identity) == (
        (("name.region.redis.azure.net", 10_000),),
        Encryption.CHECKED,
        False,
    )
    assert address(REDIS_HOST="cache", REDIS_PORT="6380").has_identity


def test_no_log_shows_name_or_password() -> None:
    for url in ("redis://me:hush@cache", "rediss://me:hush@cache", "unix://me:hush@/a", "redis+sentinel://me:hush@a/b"):
        shown = f"{address(REDIS_URL=url)} {address(REDIS_URL=url)!r}"
        assert "hush" not in shown
        assert "me:" not in str(address(REDIS_URL=url))


@pytest.mark.parametrize(
    ("variables", "reason"),
    [
        ({"REDIS_URL": "redis://a", "REDIS_HOST": "b"}, "both set"),
        ({"REDIS_ACCESS_KEY": "secret"}, "not REDIS_HOST"),
        ({"REDIS_URL": "http://hush"}, "REDIS_URL has a value that cannot be used"),
        ({"REDIS_URL": "redis://a,b"}, "one server is named"),
        ({"REDIS_URL": "redis://:hush@:6379"}, "names no host"),
        ({"REDIS_URL": "redis://:hush@a:port"}, "a port is a number"),
        ({"REDIS_URL": "redis://:hush@a:99999"}, "a port is a number"),
        ({"REDIS_URL": "redis://:hush@a/b"}, "a database is a number"),
        ({"REDIS_URL": "redis://:hush@a/1/2"}, "number of a database only"),
        ({"REDIS_URL": "redis://:hush@a?retry=7"}, "what is retry"),
        ({"REDIS_URL": "rediss://:hush@a?ssl_cert_reqs=maybe"}, "ssl_cert_reqs must be one of required, none"),
        ({"REDIS_URL": "unix://relative"}, "unix:///path"),
        ({"REDIS_URL": "redis+sentinel://a//"}, "asked for a name"),
    ],
)
def test_what_cannot_be_used_is_named_without_the_password(variables: dict[str, str], reason: str) -> None:
    with pytest.raises(SettingsError) as refused:
        redis_address(Settings.read(variables))
    assert reason in str(refused.value)
    assert "hush" not in str(refused.value)
