"""Whose address a request comes from, behind proxies too. Pure."""

import ipaddress
from collections.abc import Sequence

Network = ipaddress.IPv4Network | ipaddress.IPv6Network
Address = ipaddress.IPv4Address | ipaddress.IPv6Address

PRIVATE = "private"
"""The word for the networks that nobody on the internet is in: loopback, private and link-local addresses."""
PRIVATE_NETWORKS = (
    "127.0.0.0/8", "10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "169.254.0.0/16", "100.64.0.0/10",
    "::1/128", "fc00::/7", "fe80::/10",
)  # fmt: skip
IPV6_PREFIX = 64
"""The prefix length of an IPv6 network whose addresses count as one client: households and machines have one each."""
MAX_HOPS = 16
"""The most addresses of a forwarding header that are looked at, from its end."""


def networks_of(names: Sequence[str]) -> tuple[Network, ...]:
    """Addresses, networks and `private` as networks.

    Raises:
        ValueError: one is none of these.
    """
    spelt = [each for name in names for each in (PRIVATE_NETWORKS if name == PRIVATE else (name,))]
    return tuple(ipaddress.ip_network(name, strict=False) for name in spelt)


def client_address(peer: str, forwarded_for: Sequence[str], trusted: Sequence[Network]) -> str:
    """The name under which whoever asks is counted: an IPv4 address, or the network of an IPv6 address.

    Args:
        peer: the address at the other end of the connection; empty if it has none.
        forwarded_for: the values of the headers X-Forwarded-For, in order. What a proxy adds stands at the end, so
            that the address is the last that no trusted proxy has; what stands before it, anybody may have written.
        trusted: where the proxies are that are believed. Another one is taken for the client.
    """
    client = _address(peer)
    if client is None:
        return peer
    hops = ",".join(forwarded_for).split(",")[-MAX_HOPS:] if forwarded_for else []
    while hops and _within(client, trusted):
        before = _address(hops.pop().strip())
        if before is None:
            break
        client = before
    return _counted(client)


def is_within(peer: str, networks: Sequence[Network]) -> bool:
    """Whether a peer's address is in one of the networks; one that is no address is in none."""
    address = _address(peer)
    return address is not None and _within(address, networks)


def _counted(address: Address) -> str:
    if address.version == 4:
        return str(address)
    return str(ipaddress.ip_network((int(address) >> (128 - IPV6_PREFIX) << (128 - IPV6_PREFIX), IPV6_PREFIX)))


def _within(address: Address, networks: Sequence[Network]) -> bool:
    return any(address in network for network in networks if network.version == address.version)


def _address(text: str) -> Address | None:
    """An address, with a port or in brackets too, as proxies write them; one of IPv4 in the form of IPv6 is IPv4."""
    host = text.strip('"')
    if host.startswith("["):
        host = host[1:].partition("]")[0]
    elif host.count(":") == 1:
        host = host.partition(":")[0]
    try:
        address = ipaddress.ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return getattr(address, "ipv4_mapped", None) or address
