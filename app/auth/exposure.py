"""Tells whether a request may come from another machine, by settings and headers; if in doubt it says so."""

import re
from collections.abc import Iterable, Mapping
from urllib.parse import urlsplit

import msgspec
from starlette.datastructures import Headers
from starlette.types import Scope

from app.auth.origins import asked_by_foreign_page, is_local_name, is_loopback
from config.settings import Settings

PROXY_HEADERS = frozenset(
    {
        "forwarded",
        "via",
        "cdn-loop",
        "client-ip",
        "front-end-https",
        "max-forwards",
        "remote-user",
        "surrogate-capability",
        "x-cloud-trace-context",
        "x-github-request-id",
        "x-host",
        "x-remote-addr",
        "x-request-start",
        "x-scheme",
        "x-url-scheme",
        "x-varnish",
    }
)
PROXY_PREFIXES = (
    "x-forwarded",
    "x-original-",
    "x-envoy-",
    "x-amz",
    "x-akamai-",
    "x-appgw-",
    "x-arr-",
    "x-auth-request-",
    "x-azure-",
    "x-client-",
    "x-edge-",
    "x-fastly-",
    "x-heroku-",
    "x-koyeb-",
    "x-ms-client-principal",
    "x-ms-proxy",
    "x-nf-",
    "x-pinggy-",
    "x-proxyuser-",
    "x-railway-",
    "x-real-",
    "x-render-",
    "x-ssl-",
    "x-sucuri-",
    "x-tunnel-",
    "x-appengine-",
    "x-vercel-",
    "akamai-",
    "cf-",
    "incap-",
    "rndr-",
    "ssl-client-",
    "wl-proxy-",
    "fly-",
    "fastly-",
    "ngrok-",
    "tailscale-",
    "cloudfront-",
)
"""Beginnings of header names that only reverse proxies, content delivery networks and tunnels add."""
PROXY_ENDINGS = ("client-ip", "clientip", "real-ip")
"""Ends of the names of headers in which they pass on the client's address."""
OVERRULED_HOST = "earshot.overruled_host"
"""The key of an ASGI scope for the Host header of a request whose target is a whole URL, which overrules that
header."""
HOST_AND_PORT = re.compile(r"(\[[0-9a-f:.]+\]|[a-z0-9._~%-]+)(:[0-9]*)?", re.IGNORECASE)


class Asker(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the sender of a request.

    `client` is the address of the peer, empty if it has none. `overruled_host` is a Host header that does not count
    since the request's target is a whole URL; a proxy may have written it.
    """

    client: str
    http_version: str
    headers: Mapping[str, str]
    """The headers of the request, with lower-case names or as a mapping that ignores case."""
    overruled_host: str | None = None

    @classmethod
    def of(cls, scope: Scope) -> "Asker":
        """Make an `Asker` from an ASGI request or WebSocket."""
        client = scope.get("client")
        return cls(
            client=client[0] if client else "",
            http_version=scope.get("http_version", "1.1"),
            headers=Headers(scope=scope),
            overruled_host=scope.get(OVERRULED_HOST),
        )


class Exposure:
    """Who can reach this server, by its settings.

    `public` is true if HOST or BASE_URL say that other machines can. Then no request is believed to come from this
    machine, since a plain reverse proxy or a tunnel connects from loopback and need not add any header. `public_by`
    names the variable that says so, with its value; it is empty if none does.
    """

    def __init__(self, settings: Settings) -> None:
        self._loopback_only = is_loopback(settings.server.host)
        base_host = urlsplit(settings.server.base_url).hostname or ""
        self.public_by = ""
        if base_host and not is_loopback(base_host):
            self.public_by = f"BASE_URL ({settings.server.base_url})"
        elif not self._loopback_only:
            self.public_by = f"HOST ({settings.server.host})"
        self.public = bool(self.public_by)
        self._allowed_hosts = frozenset(host.lower() for host in settings.access.allowed_hosts)
        self._base_host = base_host

    def serves_host(self, headers: Mapping[str, str]) -> bool:
        """Whether the Host header names this server, which protects it from DNS rebinding.

        A server that listens on loopback answers to local names, to the host of BASE_URL and to ALLOWED_HOSTS; another
        one answers to every name unless ALLOWED_HOSTS is set.
        """
        if "host" not in headers or "*" in self._allowed_hosts:
            # Browsers always send it; HTTP/1.0, which may leave it out, is never taken for this machine.
            return True
        host = host_name(headers["host"])
        if not self._loopback_only and not self._allowed_hosts:
            return True
        return host != "" and (host in self._allowed_hosts or host == self._base_host or is_local_name(host))

    def from_this_machine(self, asker: Asker) -> bool:
        """Whether a request comes from a program on this machine, or from the server's own page there."""
        return self.reached_on_this_machine(asker) and not asked_by_foreign_page(asker.headers)

    def reached_on_this_machine(self, asker: Asker) -> bool:
        """Whether a request comes from this machine, be it from a browser that shows the page of another site."""
        return not self.public and sign_of_outside(asker) == ""


def sign_of_outside(asker: Asker) -> str:
    """Return in words why a request cannot be from this machine; empty if there is no sign of that."""
    if not is_loopback(asker.client):
        return "the peer is another machine"
    if asker.http_version == "1.0":
        return "HTTP/1.0, as reverse proxies speak it"
    if added := added_by_proxies(asker.headers):
        return f"the header {added}"
    hosts = (asker.headers.get("host"), asker.overruled_host)
    if any(host is not None and not is_loopback(host_name(host)) for host in hosts):
        return "a Host that is not local"
    return ""


def added_by_proxies(names: Iterable[str]) -> str:
    """Return the first of these header names that proxies are known to add; empty if there is none."""
    for name in names:
        lower = name.lower()
        if lower in PROXY_HEADERS or lower.startswith(PROXY_PREFIXES) or lower.endswith(PROXY_ENDINGS):
            return lower
    return ""


def host_name(host: str) -> str:
    """Return the name or address in a Host header in lower case, without its port; empty if it is malformed."""
    # Of "evil.example\@localhost" the parser would make localhost.
    if HOST_AND_PORT.fullmatch(host) is None:
        return ""
    try:
        return urlsplit(f"//{host}").hostname or ""
    except ValueError:
        return ""
