"""Whether Azure Speech answers and accepts our credentials: opens a WebSocket as the SDK does, and closes it again."""

import asyncio
import time

import aiohttp

from actors.errors import ErrorKind
from app.providers.azure.failures import Failure
from app.providers.azure.resource import SpeechResource

ASK_S = 1.8
"""Seconds for the probe: fewer than a readiness check may take."""
WELL_S = 30.0
"""Seconds for which a successful probe counts, so that readiness checks do not connect every other second."""
ILL_S = 3.0


class Probe:
    """Asks one HTTPS address of a Speech resource whether it answers and accepts the credentials."""

    def __init__(self, resource: SpeechResource, url: str) -> None:
        self._resource = resource
        self._url = url
        self._found: str | Failure = ""
        self._good_until = 0.0

    async def ask(self, token: str | None) -> str | Failure:
        """How long the answer took, in words, or why there is none. `token` is the identity's."""
        if time.monotonic() >= self._good_until:
            self._found = await self._asked(token)
            self._good_until = time.monotonic() + (ILL_S if isinstance(self._found, Failure) else WELL_S)
        return self._found

    async def _asked(self, token: str | None) -> str | Failure:
        resource = self._resource
        if resource.key is not None:
            headers = {"Ocp-Apim-Subscription-Key": resource.key.reveal()}
        else:
            headers = {"Authorization": f"Bearer {resource.bearer(token or '')}"}
        began = time.monotonic()
        try:
            async with (
                asyncio.timeout(ASK_S),
                aiohttp.ClientSession() as session,
                session.ws_connect(self._url, headers=headers, params={"language": "en-US"}, timeout=_CLOSE),
            ):
                return f"{resource.name} answers within {(time.monotonic() - began) * 1000:.0f} ms"
        except aiohttp.WSServerHandshakeError as refused:
            return _refusal(refused.status, resource)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error, TimeoutError):
                return Failure(ErrorKind.TIMEOUT, f"{resource.name} does not answer within {ASK_S:g} s")
            return Failure(ErrorKind.UNAVAILABLE, f"{resource.name} cannot be reached: {type(error).__name__}")


_CLOSE = aiohttp.ClientWSTimeout(ws_close=0.1)


def _refusal(status: int, resource: SpeechResource) -> Failure:
    if status in (401, 403):
        return Failure(ErrorKind.AUTHENTICATION, f"Azure Speech refuses us ({status}): check {resource.proof}")
    if status == 429:
        return Failure(ErrorKind.THROTTLED, "Azure Speech: too many requests (429)")
    return Failure(ErrorKind.UNAVAILABLE, f"Azure Speech answers with status {status}")
