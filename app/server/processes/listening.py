"""The socket that all workers share: bound once, by the launcher."""

import os
import socket

from app.errors import AppError

BACKLOG = 1_024


class ListenError(AppError):
    """The address cannot be listened on. The text is one line."""


def listen(host: str, port: int) -> socket.socket:
    """A listening TCP socket; connections wait in it until a worker takes them.

    A name with several addresses means its first IPv4 address, or else its first. `::` takes IPv4 as well. Port 0 is a
    free one.

    Raises:
        ListenError: the name is unknown, or the address is taken or not ours.
    """
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except OSError:
        raise ListenError(f"HOST is {host!r}; no address is known by that name") from None
    family, kind, protocol, _, address = min(found, key=lambda entry: entry[0] != socket.AF_INET)
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        if family == socket.AF_INET6:
            listener.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_V6ONLY, 0 if host == "::" else 1)
        listener.bind(address)
        listener.listen(BACKLOG)
    except OSError as error:
        listener.close()
        reason = os.strerror(error.errno).lower() if error.errno else str(error)
        where = f"HOST {host}, PORT {port}" if port else f"HOST {host}"
        raise ListenError(f"cannot listen on {where}: {reason}") from None
    return listener


def url(listener: socket.socket, *, tls: bool = False) -> str:
    """The URL at which a browser on this machine reaches `listener`."""
    scheme = "https" if tls else "http"
    host, port = listener.getsockname()[:2]
    host = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)
    return f"{scheme}://[{host}]:{port}" if ":" in host else f"{scheme}://{host}:{port}"
