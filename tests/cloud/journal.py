"""What happened, in order, for tests to look at and to wait for."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Generic, TypeVar

T = TypeVar("T")

PATIENCE_S = 60.0
"""How long to wait for what is expected, unless said otherwise."""


class Journal(Generic[T]):
    """A list that can be awaited."""

    def __init__(self) -> None:
        self._entries: list[T] = []
        self._waiting: list[tuple[Callable[[T], bool], asyncio.Future[T]]] = []

    def append(self, entry: T) -> None:
        """Note `entry`, and wake who waits for it."""
        self._entries.append(entry)
        for wanted, future in list(self._waiting):
            if not future.done() and wanted(entry):
                future.set_result(entry)

    def where(self, wanted: Callable[[T], bool]) -> list[T]:
        """The entries that are wanted."""
        return [entry for entry in self._entries if wanted(entry)]

    async def until(self, wanted: Callable[[T], bool], timeout_s: float = PATIENCE_S, *, after: int = 0) -> T:
        """The first wanted entry from number `after` on, which may yet have to come.

        Raises:
            TimeoutError: it did not come in time; says what did.
        """
        for entry in self._entries[after:]:
            if wanted(entry):
                return entry
        waiting = (wanted, asyncio.get_running_loop().create_future())
        self._waiting.append(waiting)
        try:
            return await asyncio.wait_for(waiting[1], timeout_s)
        except TimeoutError:
            raise TimeoutError(f"not seen within {timeout_s} s; seen: {self._entries[after:][-20:]}") from None
        finally:
            self._waiting.remove(waiting)

    def __iter__(self) -> Iterator[T]:
        return iter(self._entries)

    def __len__(self) -> int:
        return len(self._entries)

    def __getitem__(self, index: int) -> T:
        return self._entries[index]

    def __repr__(self) -> str:
        return f"Journal({self._entries})"
