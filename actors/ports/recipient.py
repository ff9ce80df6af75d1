"""The least that is asked of an address: something that messages can be told to."""

from typing import Protocol, TypeVar

M_contra = TypeVar("M_contra", contravariant=True)


class Recipient(Protocol[M_contra]):
    """Something that can be told messages of type M; a Pykka `ActorRef` is one."""

    def tell(self, message: M_contra) -> None:
        """Deliver `message` and return at once, before it has been handled."""
        ...
