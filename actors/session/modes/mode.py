"""A mode of a session: what is done with the caller's audio, as the list of the children that do it."""

import msgspec

from actors.session.children import ChildSpec


class SessionMode(msgspec.Struct, frozen=True, kw_only=True):
    """One mode. A new one is a file that makes a `SessionMode`, and a line in `registry.py`."""

    name: str
    """The name by which clients ask for the mode, in lower case."""
    children: tuple[ChildSpec, ...]
    """The children, in the order in which they are started."""

    @property
    def speaks(self) -> bool:
        """Whether the caller hears anything from a session of this mode."""
        return any(spec.speaks for spec in self.children)

    @property
    def receives(self) -> dict[str, tuple[type, ...]]:
        """The children by name, each with the classes of messages that it is told from outside."""
        return {spec.name: spec.receives for spec in self.children}
