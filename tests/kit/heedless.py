"""Work of others that catches its cancellation and goes on, as a loop that tries again after every exception does."""

import asyncio
from contextlib import suppress


class Heedless:
    """Work that ends when it is freed, and not before, whoever cancels it. Made within a running loop."""

    def __init__(self) -> None:
        self._freed = asyncio.Event()

    def free(self) -> None:
        """Let all of it end."""
        self._freed.set()

    async def work(self) -> str:
        """Go on until it is freed."""
        while not self._freed.is_set():
            with suppress(asyncio.CancelledError):
                await self._freed.wait()
        return "done at last"
