"""A client of an SDK that takes long to import: it is made in a thread when it is first needed, once in a process."""

import asyncio
from collections.abc import Callable
from typing import Generic, Protocol, TypeVar

from app.errors import AppError


class ClosableClient(Protocol):
    """A client that holds connections."""

    async def close(self) -> None:
        """Close the connections to the service that the SDK is for."""
        ...


C = TypeVar("C", bound=ClosableClient)


class SdkClosedError(AppError):
    """The client is closed, since the worker that it belongs to is ending."""

    def __init__(self) -> None:
        super().__init__("this worker is ending")


class LoadedSdk(Generic[C]):
    """One client, made when it is first asked for. Belongs to one event loop.

    Args:
        load: called once, in a thread: imports the SDK and makes the client. What it raises, everybody is told.
    """

    def __init__(self, load: Callable[[], C]) -> None:
        self._load = load
        self._loading: asyncio.Task[C] | None = None
        self._closed = False

    async def client(self) -> C:
        """The client, as soon as it is there; whoever gives up waiting takes it from nobody else.

        Raises:
            SdkClosedError: it was closed.
        """
        if self._closed:
            raise SdkClosedError
        if self._loading is None:
            self._loading = asyncio.create_task(asyncio.to_thread(self._load), name="sdk.load")
        return await asyncio.shield(self._loading)

    async def close(self) -> None:
        """Close the client, after it was made if that is under way; it is made no more."""
        self._closed = True
        loading, self._loading = self._loading, None
        if loading is not None:
            await asyncio.wait([loading])
            if not loading.cancelled() and loading.exception() is None:
                await loading.result().close()
