"""Who is let in: by key, or by a token of Microsoft Entra."""

import jwt

from tests.cloud.speech.records import Connection
from tests.cloud.tokens import TokenIssuer

AUDIENCES = ("https://cognitiveservices.azure.com", "https://cognitiveservices.azure.com/")
RESOURCE_ID = (
    "/subscriptions/00000000-1111-2222-3333-444444444444/resourceGroups/calls"
    "/providers/Microsoft.CognitiveServices/accounts/speech"
)


class Access:
    """`tokens`: the issuer of what is taken besides the keys; None: no token is."""

    def __init__(self, keys: set[str], tokens: TokenIssuer | None, resource_id: str) -> None:
        self.keys = keys
        self.resource_id = resource_id
        self._tokens = tokens
        self._withdrawn: set[str] = set()

    def admits(self, connection: Connection) -> bool:
        """Whether its credential is good."""
        if connection.key is not None:
            return connection.key in self.keys
        if connection.bearer is None or connection.bearer in self._withdrawn:
            return False
        return self._verified(connection.bearer)

    def withdraw(self, bearer: str) -> None:
        """Take this token no more, as if it had expired."""
        self._withdrawn.add(bearer)

    def _verified(self, bearer: str) -> bool:
        if bearer.startswith("aad#"):
            _, resource_id, bearer = (*bearer.split("#", 2), "", "")[:3]
            if resource_id.lower() != self.resource_id.lower():
                return False
        if self._tokens is None:
            return False
        for audience in AUDIENCES:
            try:
                self._tokens.verify(bearer, audience)
            except jwt.InvalidTokenError:
                continue
            return True
        return False
