"""The opening handshake of a WebSocket (RFC 6455, 4.1) as bytes, for clients that are nothing but a socket."""

KEY = "AAAAAAAAAAAAAAAAAAAAAA=="
"""Sixteen bytes of zero: a server answers whatever key it is sent."""


def handshake(path: str, host: str = "localhost", *headers: str, version: int = 13) -> bytes:
    """The request that asks for a WebSocket at `path`. `headers` are whole lines, without their ends."""
    lines = (
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Upgrade: websocket",
        "Connection: Upgrade",
        f"Sec-WebSocket-Key: {KEY}",
        f"Sec-WebSocket-Version: {version}",
        *headers,
    )
    return "".join(f"{line}\r\n" for line in (*lines, "")).encode()
