"""What the page and its files are sent with."""

from pathlib import Path

import httpx
import pytest
from starlette.applications import Starlette
from starlette.exceptions import HTTPException

from app.api.problems import on_http_exception
from app.page.pages import PAGES, STATIC, page_routes


def client(directory: Path = STATIC) -> httpx.AsyncClient:
    app = Starlette(routes=page_routes(directory), exception_handlers={HTTPException: on_http_exception})
    return httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://earshot.test")


@pytest.mark.parametrize("page", ["/", "/docs"])
async def test_a_page_allows_nothing_but_what_comes_from_here(page: str) -> None:
    async with client() as c:
        answer = await c.get(page)
    policy = dict(part.split(" ", 1) for part in answer.headers["content-security-policy"].split("; "))
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert policy["default-src"] == "'none'"
    assert policy["script-src"] == policy["style-src"] == policy["connect-src"] == "'self'"
    assert policy["base-uri"] == policy["form-action"] == policy["frame-ancestors"] == "'none'"
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["referrer-policy"] == "no-referrer"
    assert answer.headers["permissions-policy"] == "microphone=(self)"


@pytest.mark.parametrize(
    ("name", "kind"),
    [("earshot.js", "text/javascript"), ("page.css", "text/css"), ("earshot.svg", "image/svg+xml")],
)
async def test_other_pages_may_use_our_files(name: str, kind: str) -> None:
    async with client() as c:
        answer = await c.get(f"/static/{name}")
    assert answer.status_code == 200
    assert answer.headers["content-type"].partition(";")[0] == kind
    assert answer.headers["access-control-allow-origin"] == "*"
    assert answer.headers["cross-origin-resource-policy"] == "cross-origin"
    assert answer.headers["cache-control"] == "no-cache"
    assert answer.content == (STATIC / name).read_bytes()


async def test_a_file_that_the_browser_has_is_not_sent_again() -> None:
    async with client() as c:
        tag = (await c.get("/static/page.css")).headers["etag"]
        for known in (tag, f'"other", W/{tag}'):
            again = await c.get("/static/page.css", headers={"If-None-Match": known})
            assert (again.status_code, again.content) == (304, b"")
        assert (await c.get("/static/page.css", headers={"If-None-Match": '"other"'})).status_code == 200


async def test_a_file_of_another_content_has_another_tag(tmp_path: Path) -> None:
    tags = set()
    for content in ("one", "two"):
        for page in PAGES.values():
            (tmp_path / page).write_text(content)
        async with client(tmp_path) as c:
            tags.add((await c.get("/")).headers["etag"])
    assert len(tags) == 2


@pytest.mark.parametrize("path", ["/static/nothing.js", "/static/index.html", "/static/..%2fpages.py", "/static/"])
async def test_what_is_not_there_is_a_problem(path: str) -> None:
    async with client() as c:
        answer = await c.get(path)
    assert answer.status_code == 404
    assert answer.headers["content-type"] == "application/problem+json"


async def test_the_head_alone_can_be_asked_for() -> None:
    async with client() as c:
        answer = await c.head("/")
    assert (answer.status_code, answer.content) == (200, b"")
