"""TODO docstring."""

from typing import ClassVar

import msgspec


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all messages between actors; nothing subclasses a message."""

    urgent: ClassVar[bool] = False
    traced: ClassVar[bool] = False
    droppable: ClassVar[bool] = False
    refusable: ClassVar[bool] = False
    routine: ClassVar[bool] = False
    transient: ClassVar[bool] = False
