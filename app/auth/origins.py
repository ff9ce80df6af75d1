"""Origins of requests, in the sense of CORS: this machine, a page of this server, or a page of another site."""

import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_loopback(host: str) -> bool:
    """Whether a host name or address can only be this machine."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_local_name(host: str) -> bool:
    """Whether a host name is local: it is this machine's, or has no dot, so that nobody on the internet can own it."""
    return is_loopback(host) or ("." not in host and ":" not in host and host != "")


def is_near(host: str) -> bool:
    """Whether a host is this machine or in a private network, so that a key may be sent there unencrypted."""
    if is_local_name(host):
        return True
    address = _address(host)
    return address is not None and address.is_private


def asked_by_foreign_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of another site makes the request. Names in `headers` are in lower case, or
    ignore case."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    return "origin" in headers and not own_page(headers, "")


def own_page(headers: Mapping[str, str], base_url: str) -> bool:
    """Whether a page of this server makes the request: browsers say so, and pages cannot make them lie.

    Only host and port are compared, since behind a proxy that ends TLS the page's scheme differs. If BASE_URL is set,
    only its host, addresses and localhost count as names of this server, so that a foreign name that resolves to it
    does not. Names in `headers` are in lower case, or ignore case.
    """
    if headers.get("sec-fetch-site", "same-origin") != "same-origin":
        return False
    origin = headers.get("origin", "")
    page = _host_and_port(origin)
    if page is None:
        return False
    if base_url and page == _host_and_port(base_url):
        return True
    scheme = origin.partition("://")[0]
    host = page[0]
    ours = not base_url or is_loopback(host) or _address(host) is not None or host == urlsplit(base_url).hostname
    return ours and page == _host_and_port(f"{scheme}://{headers.get('host', '')}")


def may_connect(headers: Mapping[str, str], allowed: Sequence[str], base_url: str) -> bool:
    """Whether a WebSocket may be opened: not from a browser, from a page of this server, or from an allowed origin."""
    origin = headers.get("origin", "")
    return not origin or "*" in allowed or origin in allowed or own_page(headers, base_url)


def _host_and_port(origin: str) -> tuple[str, int] | None:
    try:
        parts = urlsplit(origin)
        port = parts.port or DEFAULT_PORTS.get(parts.scheme)
    except ValueError:
        return None
    return (parts.hostname, port) if parts.hostname and port else None


def _address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None
