"""The Entra identity of this machine as the user of Redis: a token is the password, the identity's object id the name.

`redis-entraid`, the ready-made provider, is not used: it fetches tokens synchronously on the event loop, and stops
renewing them after a single failure.
"""

import base64
import binascii

import msgspec
from redis.credentials import CredentialProvider
from redis.exceptions import AuthenticationError

from actors.errors import ErrorKind
from app.providers.azure.identity import Identity, NoTokenError, Purpose

REDIS = Purpose("Redis", "https://redis.azure.com/.default", "REDIS_ACCESS_KEY")


class _Claims(msgspec.Struct):
    oid: str


class EntraCredentials(CredentialProvider):
    """Gives each connection that is opened a valid token; `identity` renews it in time."""

    def __init__(self, identity: Identity) -> None:
        self._identity = identity

    async def get_credentials_async(self) -> tuple[str, str]:
        """The object id of the identity, and its token.

        Raises:
            AuthenticationError: there is none; the client closes a connection properly on its own exceptions only.
        """
        try:
            token = await self._identity.token()
            return object_id(token), token
        except NoTokenError as none:
            raise AuthenticationError(str(none)) from none


def object_id(token: str) -> str:
    """The object id that a token was issued to. Its signature is not checked here: Redis checks it.

    Raises:
        NoTokenError: it is no token of Entra.
    """
    try:
        payload = token.split(".")[1]
        return msgspec.json.decode(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)), type=_Claims).oid
    except (IndexError, binascii.Error, ValueError):
        raise NoTokenError(ErrorKind.AUTHENTICATION, "a token for Redis names no object id") from None
