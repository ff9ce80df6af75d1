"""The credential of this process: azure-identity's default one, shared by all clients that ask for tokens.

A credential tries where its tokens can come from (environment, workload, managed identity), and keeps the tokens and
connections that it has. One for each client would do all of it again for each.
"""

import threading
from typing import TYPE_CHECKING, Any, ClassVar, Protocol, Self

if TYPE_CHECKING:
    from azure.core.credentials import AccessToken
    from azure.identity.aio import DefaultAzureCredential


class Credential(Protocol):
    """What a credential of `azure.identity.aio` has."""

    async def get_token(self, *scopes: str) -> "AccessToken":
        """Get an access token for these scopes, as azure-identity's asynchronous credentials do."""
        ...

    async def close(self) -> None:
        """Close the HTTP connections of the credential."""
        ...


class SharedCredential:
    """One client's hold on the credential of this process: made for the first holder, closed with the last.

    There is another one beside it only where a service has refused its token (`doubt`).

    Clients are made in threads, so that importing azure-identity keeps no loop waiting; this may be, too. Tokens are
    asked for on the one event loop that the process has.

    Raises:
        ValueError: the environment variables of azure-identity name no identity that there could be.
    """

    _holders: ClassVar["set[SharedCredential]"] = set()
    _shared: ClassVar["DefaultAzureCredential | None"] = None
    _changing: ClassVar[threading.Lock] = threading.Lock()

    def __init__(self) -> None:
        from azure.identity.aio import DefaultAzureCredential

        with self._changing:
            if SharedCredential._shared is None:
                SharedCredential._shared = DefaultAzureCredential()
            self._credential = SharedCredential._shared
            self._holders.add(self)

    def doubt(self) -> None:
        """Have whoever holds a credential from here on be given tokens that this one has not.

        A credential of azure-identity gives the token that it has until that has ended, also one that a service takes
        no more. Those who hold this credential go on with it.
        """
        with self._changing:
            if SharedCredential._shared is self._credential:
                SharedCredential._shared = None

    async def get_token(self, *scopes: str, **options: Any) -> "AccessToken":
        """Get an access token for these scopes, as azure-identity's asynchronous credentials do."""
        return await self._credential.get_token(*scopes, **options)

    async def close(self) -> None:
        """End this hold, and close the connections if it was the last. To close it again does nothing."""
        with self._changing:
            if self not in self._holders:
                return
            self._holders.remove(self)
            if any(other._credential is self._credential for other in self._holders):
                return
            if SharedCredential._shared is self._credential:
                SharedCredential._shared = None
        await self._credential.close()

    async def __aenter__(self) -> Self:
        """Give this hold itself: Azure's SDKs enter what they are given."""
        return self

    async def __aexit__(self, *exception: object) -> None:
        """End this hold, as `close` does."""
        await self.close()
