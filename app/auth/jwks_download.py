"""Downloads an issuer's keys (JWKS). A module of its own, since the HTTP package that it imports takes long to load."""

import aiohttp

from app.errors import AppError

MOST_BYTES = 262_144


class DownloadError(AppError):
    """The issuer's keys could not be downloaded; the text says why."""


async def download(url: str, timeout_s: float) -> bytes:
    """Download the document at `url`; redirects are not followed.

    Raises:
        DownloadError: no answer within `timeout_s` seconds, another status than 200, or a document that is too long.
    """
    timeout = aiohttp.ClientTimeout(total=timeout_s)
    body = bytearray()
    try:
        async with aiohttp.ClientSession(timeout=timeout) as session, session.get(url, allow_redirects=False) as answer:
            if answer.status != 200:
                raise DownloadError(f"status {answer.status}")
            async for chunk in answer.content.iter_chunked(65_536):
                body += chunk
                if len(body) > MOST_BYTES:
                    raise DownloadError("too long")
    except (aiohttp.ClientError, TimeoutError, ValueError) as error:
        raise DownloadError(str(error)) from error
    return bytes(body)
