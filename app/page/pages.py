"""Serves the pages at `/`, `/docs` and `/console` and their static files, which are read once at start."""

import hashlib
from http import HTTPStatus
from pathlib import Path

import msgspec
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from app.api.problems import ProblemError

STATIC = Path(__file__).parent / "static"
PAGES = {"/": "index.html", "/docs": "docs.html", "/console": "console.html"}

TYPES = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self' data:",
        "font-src 'self'",
        # The audio of a session, which is fetched with the operator's token.
        "media-src 'self' blob:",
        "connect-src 'self'",
        "worker-src 'self'",
        "base-uri 'none'",
        "form-action 'none'",
        "frame-ancestors 'none'",
    )
)

FOR_EVERY_FILE = {"Cache-Control": "no-cache", "X-Content-Type-Options": "nosniff"}

FOR_THE_PAGE = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "Referrer-Policy": "no-referrer",
    "Permissions-Policy": "microphone=(self)",
}

FOR_OTHER_PAGES = {"Access-Control-Allow-Origin": "*", "Cross-Origin-Resource-Policy": "cross-origin"}
"""The headers of earshot.js, which lets pages of other sites import it from this server."""


class File(msgspec.Struct, frozen=True):
    """A static file with the headers under which it is sent."""

    body: bytes
    headers: dict[str, str]

    def answer(self, request: Request) -> Response:
        """Answer the file, or 304 if the browser has this version of it already."""
        known = {tag.strip().removeprefix("W/") for tag in request.headers.get("if-none-match", "").split(",")}
        if self.headers["ETag"] in known:
            return Response(status_code=304, headers=self.headers)
        return Response(self.body, headers=self.headers)


def page_routes(directory: Path = STATIC, *, documented: bool = True) -> list[BaseRoute]:
    """Make the routes of the pages, and one under `/static/` for each other file; other names are unknown paths.

    `documented`: whether `/docs` is served, and not answered with 404.

    Raises:
        OSError: a file cannot be read.
    """
    pages = {address: directory / name for address, name in PAGES.items() if (directory / name).exists()}
    files = sorted(path for path in directory.iterdir() if path.suffix in TYPES and path.suffix != ".html")
    return [
        *(
            _route(address, path, FOR_THE_PAGE) if documented or address != "/docs" else Route(address, absent)
            for address, path in pages.items()
        ),
        *(_route(f"/static/{path.name}", path, FOR_OTHER_PAGES) for path in files),
    ]


async def absent(_: Request) -> Response:
    """Answer 404, because ENABLE_DOCS is off."""
    raise ProblemError(HTTPStatus.NOT_FOUND, "the API is not described here: ENABLE_DOCS is off")


def _route(address: str, path: Path, headers: dict[str, str]) -> Route:
    file = _read(path, headers)

    async def serve(request: Request) -> Response:
        """Answer a file of the page, or 304 if the browser has it already."""
        return file.answer(request)

    return Route(address, serve)


def _read(path: Path, headers: dict[str, str]) -> File:
    body = path.read_bytes()
    own = {"Content-Type": TYPES[path.suffix], "ETag": f'"{hashlib.sha256(body).hexdigest()[:32]}"'}
    return File(body, own | FOR_EVERY_FILE | headers)
