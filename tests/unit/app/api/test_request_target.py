"""Targets of requests that mean a plain path, and such as mean nothing."""

import inspect
from typing import Any
from urllib.parse import unquote

import pytest

from app.api.request_target import PlainPath, is_path


async def seen(path: str, raw_path: bytes, kind: str = "http") -> tuple[str, bytes, list[tuple[bytes, bytes]]]:
    scopes: list[dict[str, Any]] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        scopes.append(scope)

    async def nothing(*_: Any) -> Any: ...

    headers = [(b"Host", b"evil.example"), (b"accept", b"*/*")]
    scope = {"type": kind, "path": path, "raw_path": raw_path, "headers": headers}
    await PlainPath(app)(scope, nothing, nothing)
    (reached,) = scopes
    return reached["path"], reached["raw_path"], reached["headers"]


def test_a_server_that_looks_at_the_outermost_layer_takes_it_for_an_app_of_asgi_3() -> None:
    async def app(scope: Any, receive: Any, send: Any) -> None: ...

    # As uvicorn looks.
    assert inspect.iscoroutinefunction(PlainPath(app).__call__)


@pytest.mark.parametrize(
    ("target", "host", "path", "raw_path"),
    [
        (b"http://localhost:8000/api/v1/health", b"localhost:8000", "/api/v1/health", b"/api/v1/health"),
        (b"HTTPS://voice.example.com/a%20b/", b"voice.example.com", "/a b", b"/a%20b"),
        (b"http://localhost", b"localhost", "/", b"/"),
        (b"http://[::1]:8000/", b"[::1]:8000", "/", b"/"),
        (b"ws://localhost/talk", b"localhost", "/talk", b"/talk"),
    ],
)
@pytest.mark.parametrize("kind", ["http", "websocket"])
async def test_a_whole_url_is_its_path_and_its_host_counts(
    kind: str, target: bytes, host: bytes, path: str, raw_path: bytes
) -> None:
    found = await seen(target.decode().replace("%20", " "), target, kind)
    assert found == (path, raw_path, [(b"host", host), (b"accept", b"*/*")])


@pytest.mark.parametrize(
    "target", [b"http:///path", b"http://user@localhost/path", b"ftp://localhost/path", b"http:path", b"*", b""]
)
async def test_what_is_no_url_of_ours_stays_as_it_is(target: bytes) -> None:
    path, raw_path, headers = await seen(target.decode(), target)
    assert (path, raw_path) == (target.decode(), target)
    assert headers[0] == (b"Host", b"evil.example")


@pytest.mark.parametrize(
    ("target", "path"), [("/", "/"), ("/a", "/a"), ("/a/", "/a"), ("/a//", "/a//"), ("//", "//"), ("/a/b/", "/a/b")]
)
async def test_one_slash_at_the_end_does_not_matter(target: str, path: str) -> None:
    found, raw_path, headers = await seen(target, target.encode())
    assert (found, raw_path) == (path, path.encode())
    assert headers[0] == (b"Host", b"evil.example")


async def test_the_lifespan_has_no_path() -> None:
    reached: list[Any] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        reached.append(scope)

    async def nothing(*_: Any) -> Any: ...

    await PlainPath(app)({"type": "lifespan"}, nothing, nothing)
    assert reached == [{"type": "lifespan"}]


@pytest.mark.parametrize(
    "target",
    [
        *("/docs%0a", "/docs%0A", "/docs%0d%0a", "/docs%00", "/%00docs", "/docs%1f", "/docs%7f", "/docs%c2%85"),
        *("/docs%2f", "/docs%2F", "/a%2fdocs", "/docs%5c", "/docs\\", "/docs//", "//docs", "//", "/docs/%2f"),
        *("/./docs", "/docs/.", "/a/../docs", "/a/..", "/%2e%2e/docs", "/docs/%2e", "/.", "/.."),
    ],
)
def test_no_route_has_a_target_that_is_not_written_as_a_path(target: str) -> None:
    assert not is_path({"path": unquote(target), "raw_path": target.encode()})


@pytest.mark.parametrize("target", ["/", "/docs", "/docs/", "/%64ocs", "/a.b", "/...", "/..a/b..", "/a%20b", "/%c3%a9"])
def test_a_plain_path_is_one_however_it_is_encoded(target: str) -> None:
    assert is_path({"path": unquote(target), "raw_path": target.encode()})
    assert is_path({"path": unquote(target)})
