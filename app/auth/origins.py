"""Origins of requests, as CORS knows them: this machine, a page of this server, or a page of somebody else."""

import ipaddress
from collections.abc import Mapping, Sequence
from urllib.parse import urlsplit

DEFAULT_PORTS = {"http": 80, "https": 443, "ws": 80, "wss": 443}


def is_loopback(host: str) -> bool:
    """Whether a host name or address is this machine and nothing else."""
    host = host.strip("[]").lower()
    if host == "localhost" or host.endswith(".localhost"):
        return True
    address = _address(host)
    return address is not None and address.is_loopback


def is_local_name(host: str) -> bool:
    """Whether a name means this machine, or has no dot, so that nobody outside can have made it."""
    return is_loopback(host) or ("." not in host and ":" not in host and host != "")


def is_near(host: str) -> bool:
    """Whether a host is this machine or of a private network, so that a key may go there unencrypted."""
    if is_local_name(host):
        return True
    address = _address(host)
    return address is not None and address.is_private


def asked_by_foreign_page(headers: Mapping[str, str]) -> bool:
    """Whether a browser says that a page of somebody else asks. `headers` has lower-case names, or ignores case."""
    if headers.get("sec-fetch-site", "none") not in ("same-origin", "none"):
        return True
    return "origin" in headers and not own_page(headers, "")


def own_page(headers: Mapping[str, str], base_url: str) -> bool:
    """Whether a page of this very server asks. Browsers say so, and no page can make them say what is not so.

    Only host and port are compared: behind a proxy that ends TLS, the page's scheme is not ours. A foreign name that
    resolves to this server is told apart by BASE_URL, if that is set: only its host, addresses and localhost are our
    names then. `headers` has lower-case names, or ignores case.
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
    """Whether a WebSocket may be opened: by what is no browser, by our own page, or by one of an allowed origin."""
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
