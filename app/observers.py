"""Functions that are called with each event of one kind that happens in a worker."""

from collections.abc import Callable
from typing import Generic, TypeVar

T = TypeVar("T")


class Observers(Generic[T]):
    """Functions that are called with each event of one kind, in the order in which they were added.

    One that raises keeps the event from those after it: what is added must not fail. Belongs to the loop's thread.
    """

    def __init__(self, *observers: Callable[[T], None]) -> None:
        self._observers = list(observers)

    def add(self, observer: Callable[[T], None]) -> None:
        """Call `observer` with each event from now on."""
        self._observers.append(observer)

    def notify(self, event: T) -> None:
        """Call every observer with `event`."""
        for observer in self._observers:
            observer(event)
