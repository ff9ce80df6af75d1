"""The download of an issuer's keys: what is there, and each way in which it cannot be had."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager

import pytest
from aiohttp import web

from app.auth.jwks_download import MOST_BYTES, DownloadError, download

Answer = Callable[[web.Request], Awaitable[web.StreamResponse]]


@asynccontextmanager
async def issuer(answer: Answer) -> AsyncIterator[str]:
    """The address of an issuer that answers so."""
    app = web.Application()
    app.router.add_get("/keys", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    try:
        host, port = runner.addresses[0][:2]
        yield f"http://{host}:{port}"
    finally:
        await runner.cleanup()


async def keys(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b'{"keys":[]}')


async def missing(request: web.Request) -> web.StreamResponse:
    raise web.HTTPNotFound


async def elsewhere(request: web.Request) -> web.StreamResponse:
    raise web.HTTPFound("http://127.0.0.1:9/keys")


async def endless(request: web.Request) -> web.StreamResponse:
    return web.Response(body=b" " * (MOST_BYTES + 1))


async def silent(request: web.Request) -> web.StreamResponse:
    await asyncio.sleep(30)
    return web.Response()


async def test_what_is_there_is_had_whole() -> None:
    async with issuer(keys) as url:
        assert await download(f"{url}/keys", 5.0) == b'{"keys":[]}'


@pytest.mark.parametrize(
    ("answer", "reason"), [(missing, "status 404"), (elsewhere, "status 302"), (endless, "too long")]
)
async def test_what_is_no_document_of_keys_says_why(answer: Answer, reason: str) -> None:
    async with issuer(answer) as url:
        with pytest.raises(DownloadError, match=reason):
            await download(f"{url}/keys", 5.0)


async def test_an_issuer_that_does_not_answer_is_not_waited_for() -> None:
    async with issuer(silent) as url:
        with pytest.raises(DownloadError):
            await download(f"{url}/keys", 0.05)


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/keys", "no address", "http://[::bad/keys"])
async def test_an_address_that_leads_nowhere_is_an_error_of_ours(url: str) -> None:
    with pytest.raises(DownloadError):
        await download(url, 5.0)
