"""The end of an actor: how it is ordered, and how it is told to the actor's parent."""

from enum import StrEnum
from typing import Any, ClassVar, TypeVar

import msgspec
from pykka import ActorDeadError
from pykka.messages import _ActorStop

from actors.ports.recipient import Recipient

M = TypeVar("M")


class Exit(StrEnum):
    """Whether an actor has ended because it was ordered to or because it failed."""

    NORMAL = "normal"
    FAILED = "failed"


class ChildExited(msgspec.Struct, frozen=True, kw_only=True):
    """A child of the receiver has ended. `error` names the exception's class and place, no content of a message."""

    urgent: ClassVar[bool] = True
    transient: ClassVar[bool] = True

    name: str
    actor_urn: str
    exit: Exit
    error: str = ""
    at: float = 0.0
    """When the child ended, in seconds of the event loop's clock."""


class StopNow(msgspec.Struct, frozen=True):
    """Order the receiver to stop before it handles anything else; a successor at its address handles what is queued."""

    runtime: ClassVar[bool] = True
    urgent: ClassVar[bool] = True


def tell_quietly(address: Recipient[M] | None, message: M) -> bool:
    """Tell `message` unless the addressee has ended, and return whether it was told. For teardown, when ends cross."""
    if address is None:
        return False
    try:
        address.tell(message)
    except ActorDeadError:
        return False
    return True


def order_stop(address: Recipient[Any] | None) -> None:
    """Order an actor to stop once it has handled what is queued. Never waits; harmless when the actor has ended."""
    tell_quietly(address, _ActorStop())


def order_stop_now(address: Recipient[Any] | None) -> None:
    """Order an actor to stop and leave what is queued to its successor. Never waits; harmless when it has ended."""
    tell_quietly(address, StopNow())
