"""The addresses of one session: its supervisor's, and one for each child of its mode."""

from collections.abc import Iterable, Iterator
from typing import Any

from actors.runtime.address import Address

SUPERVISOR = "session"
"""The name of the address at which the session's supervisor is reached."""
RECOGNIZER = "recognizer"
"""The name of the address of the recognizer that hears all voices in one stream."""
CROWDED_MESSAGES = 64
"""If an actor of the session has more messages than this to handle, the session's connection is not read. A
client's message has at most 4,000 characters, so that at most a quarter of a million of them wait. In time only
a few ever wait."""


def recognizer_name(speaker: str) -> str:
    """The name of the recognizer that hears this speaker alone; of the one for all voices where it is empty."""
    return f"{RECOGNIZER}-{speaker.replace(' ', '-')}" if speaker else RECOGNIZER


class Addresses:
    """Reaches each actor of one session by its name, whether it is running or being restarted.

    Args:
        children: the names of the mode's children.
    """

    __slots__ = ("_addresses",)

    def __init__(self, children: Iterable[str]) -> None:
        self._addresses: dict[str, Address[Any]] = {name: Address(name) for name in (SUPERVISOR, *children)}

    def __getitem__(self, name: str) -> Address[Any]:
        """The address of the actor called `name`.

        Raises:
            KeyError: the session's mode has no such actor.
        """
        return self._addresses[name]

    def __contains__(self, name: object) -> bool:
        return name in self._addresses

    def __iter__(self) -> Iterator[Address[Any]]:
        return iter(self._addresses.values())

    @property
    def supervisor(self) -> Address[Any]:
        """The address at which the session's supervisor is told of connections, of children and of the end."""
        return self._addresses[SUPERVISOR]

    @property
    def is_crowded(self) -> bool:
        """Whether an actor of the session has so much to do that its connection should be read later."""
        for address in self._addresses.values():  # noqa: SIM110 - `any` of a generator takes twice as long
            if address.unhandled() > CROWDED_MESSAGES:
                return True
        return False

    def close(self) -> None:
        """Drop what waits at every address, and all that will be told to it: the session is over."""
        for address in self:
            address.close()
