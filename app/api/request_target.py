"""The spellings of a request's target that mean the same as a plain path: a whole URL, and a trailing slash; and those
that mean no path at all."""

import re
from urllib.parse import unquote

from starlette.types import ASGIApp, Receive, Scope, Send

from app.auth.exposure import OVERRULED_HOST

ABSOLUTE = re.compile(rb"(?:https?|wss?)://([^/@]+)(/.*)?", re.IGNORECASE | re.DOTALL)
NEVER_IN_A_PATH = re.compile(r"[\x00-\x1f\x7f-\x9f\\]|//|/\.{1,2}(?:/|\Z)")
"""Matches what no path may hold: control characters, backslashes, empty segments, and the segments `.` and `..`, which
clients resolve."""
ENCODED_DELIMITER = re.compile(rb"%(?:2f|5c)", re.IGNORECASE)
"""Matches an encoded slash or backslash, which is part of a name and separates no segments (RFC 3986, 2.2)."""


def is_path(scope: Scope) -> bool:
    """Whether the target of a request is written as the path of a route can be.

    Starlette looks for its routes in the decoded path, by patterns whose `$` also matches before a line break at the
    end and whose parameters take any character: `/docs%0a` would be `/docs` to it, and `/a%2fb` would be `/a/b`.
    Proxies and whoever writes rules for them read these as other paths.
    """
    raw_path = scope.get("raw_path") or b""
    return ENCODED_DELIMITER.search(raw_path) is None and NEVER_IN_A_PATH.search(scope["path"]) is None


class PlainPath:
    """ASGI middleware: whatever routes see is a path without a trailing slash, and never is a client redirected to it.

    A whole URL as the target is what clients send to proxies. RFC 9112 (3.2.2) demands of every server that it takes
    them, and goes by the URL's host and not by the Host header. A URL that names a user, or no host, is a path that no
    route has.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on with a plain path. A coroutine function, by which servers know an app of ASGI 3."""
        if scope["type"] in ("http", "websocket"):
            if not scope["path"].startswith("/"):
                scope = _in_origin_form(scope)
            if len(scope["path"]) > 1 and scope["path"].endswith("/") and is_path(scope):
                raw_path = scope.get("raw_path", b"").removesuffix(b"/")
                scope = {**scope, "path": scope["path"].removesuffix("/"), "raw_path": raw_path}
        await self._app(scope, receive, send)


def _in_origin_form(scope: Scope) -> Scope:
    match = ABSOLUTE.fullmatch(scope.get("raw_path") or b"")
    if match is None:
        return scope
    host, path = match[1], match[2] or b"/"
    others = [(name, value) for name, value in scope["headers"] if name.lower() != b"host"]
    return {
        **scope,
        "path": unquote(path.decode("latin-1")),
        "raw_path": path,
        "headers": [(b"host", host), *others],
        OVERRULED_HOST: next(
            (value.decode("latin-1") for name, value in scope["headers"] if name.lower() == b"host"), None
        ),
    }
