"""TODO docstring."""

from typing import Protocol, TypeVar

M_contra = TypeVar("M_contra", contravariant=True)


class Recipient(Protocol[M_contra]):
    """Something that can be told messages of type M; a Pykka `ActorRef` is one."""

    def tell(self, message: M_contra) -> None:
        """Deliver without waiting."""
        ...
