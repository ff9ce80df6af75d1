import base64
import json
import time

import pytest
from redis.exceptions import AuthenticationError

from app.providers.azure.credential import Credential
from app.providers.azure.identity import Identity, NoTokenError
from app.stores.redis_identity import REDIS, EntraCredentials, object_id
from tests.unit.app.providers.azure.test_identity import AccessToken


def token_of(claims: object) -> str:
    return f"header.{base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip('=')}.signature"


class Tokens:
    """A credential that gives one token, for the scope of Redis only."""

    def __init__(self, token: str = "") -> None:
        self.token = token

    async def get_token(self, *scopes: str) -> AccessToken:
        assert scopes == ("https://redis.azure.com/.default",)
        if not self.token:
            raise ConnectionError
        return AccessToken(self.token, int(time.time()) + 3600)

    async def close(self) -> None:
        return


def identity_with(token: str = "") -> Identity:
    def make() -> Credential:
        return Tokens(token)  # type: ignore[return-value]

    return Identity(make, REDIS)


async def test_the_name_is_the_object_id_of_the_identity_and_the_password_its_token() -> None:
    token = token_of({"oid": "some-object", "appid": "other"})
    identity = identity_with(token)
    assert await EntraCredentials(identity).get_credentials_async() == ("some-object", token)
    await identity.close()


async def test_an_identity_without_a_token_is_refused_in_the_words_of_the_client() -> None:
    identity = identity_with()
    with pytest.raises(AuthenticationError, match="no token for Redis: ConnectionError; set REDIS_ACCESS_KEY"):
        await EntraCredentials(identity).get_credentials_async()
    await identity.close()


@pytest.mark.parametrize("token", ["", "opaque", "a.!.c", "a.e30.c", token_of({"oid": 5}), token_of([])])
def test_what_is_no_token_of_entra_names_nobody(token: str) -> None:
    with pytest.raises(NoTokenError, match="names no object id"):
        object_id(token)
