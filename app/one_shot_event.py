"""An event that happens once and for good, of which every call has several."""

import asyncio


class OneShotEvent:
    """An `asyncio.Event` that cannot be cleared. Belongs to one event loop.

    It holds a list for those who wait, in place of a deque, which takes 760 bytes even when it is empty.
    """

    __slots__ = ("_is_set", "_waiters")

    def __init__(self) -> None:
        self._is_set = False
        self._waiters: list[asyncio.Future[None]] = []

    def is_set(self) -> bool:
        """Whether the event has happened, which it then has for good."""
        return self._is_set

    def set(self) -> None:
        """Note that it has happened, and wake all who wait for it."""
        self._is_set = True
        for waiter in self._waiters:
            if not waiter.done():
                waiter.set_result(None)

    def waiter(self) -> "asyncio.Future[None]":
        """A future that is done once it happens, at once if it has. It may be cancelled."""
        waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        if self._is_set:
            waiter.set_result(None)
        else:
            self._waiters.append(waiter)
            waiter.add_done_callback(self._waiters.remove)
        return waiter

    async def wait(self) -> None:
        """Wait until it happens; return at once if it has."""
        if not self._is_set:
            await self.waiter()
