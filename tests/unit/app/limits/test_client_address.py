"""Whose address a request comes from."""

import pytest

from app.limits.client_address import client_address, networks_of

PRIVATE = networks_of(("private",))


@pytest.mark.parametrize(
    ("peer", "forwarded", "client"),
    [
        ("203.0.113.9", [], "203.0.113.9"),
        # A client says what it likes: it is not a proxy of ours.
        ("203.0.113.9", ["198.51.100.1"], "203.0.113.9"),
        ("10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("127.0.0.1", ["198.51.100.1"], "198.51.100.1"),
        ("::1", ["198.51.100.1"], "198.51.100.1"),
        # What stands before the address that our proxy saw was written by the client.
        ("10.0.0.2", ["1.1.1.1, 198.51.100.1"], "198.51.100.1"),
        ("10.0.0.2", ["1.1.1.1", "198.51.100.1, 10.0.0.3"], "198.51.100.1"),
        ("10.0.0.2", ["192.168.0.7"], "192.168.0.7"),
        ("10.0.0.2", ["unknown"], "10.0.0.2"),
        ("10.0.0.2", [""], "10.0.0.2"),
        ("10.0.0.2", ["198.51.100.1:4711"], "198.51.100.1"),
        ("10.0.0.2", ['"[2001:db8:1:2:3::4]:4711"'], "2001:db8:1:2::/64"),
        ("10.0.0.2", ["9.9.9.9, " + "10.0.0.9, " * 100 + "10.0.0.3"], "10.0.0.9"),
        ("2001:db8:1:2:ffff::1", [], "2001:db8:1:2::/64"),
        ("2001:db8:1:2::77", [], "2001:db8:1:2::/64"),
        ("fe80::1%eth0", [], "fe80::/64"),
        ("::ffff:203.0.113.9", [], "203.0.113.9"),
        ("::ffff:10.0.0.2", ["198.51.100.1"], "198.51.100.1"),
        ("a socket", ["198.51.100.1"], "a socket"),
    ],
)
def test_the_last_address_that_no_trusted_proxy_has(peer: str, forwarded: list[str], client: str) -> None:
    assert client_address(peer, forwarded, PRIVATE) == client


def test_only_named_proxies_are_believed() -> None:
    trusted = networks_of(("203.0.113.0/24", "2001:db8::/32"))
    assert client_address("203.0.113.9", ["198.51.100.1"], trusted) == "198.51.100.1"
    assert client_address("2001:db8::9", ["198.51.100.1"], trusted) == "198.51.100.1"
    assert client_address("10.0.0.2", ["198.51.100.1"], trusted) == "10.0.0.2"
    assert client_address("10.0.0.2", ["198.51.100.1"], networks_of(())) == "10.0.0.2"


def test_what_is_no_network_is_an_error() -> None:
    with pytest.raises(ValueError, match="nonsense"):
        networks_of(("nonsense",))
