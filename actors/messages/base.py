"""The base of all messages, and what a message may say of itself to the mailbox that it is put into."""

from typing import ClassVar

import msgspec


class Message(msgspec.Struct, frozen=True, tag=True):
    """Base of all messages between actors. No message derives from another message.

    Those that come with every frame say `gc=False`: nothing in them leads back to them, and the garbage collector need
    not know of them. Where they are handled, `type(message) is` looks for them before any pattern: the metaclass of
    these classes makes a pattern that does not match, as `isinstance` that says no, take many times as long. From a
    class that is `final` mypy knows that what is not of it itself is none of it.

    Each trait is off unless a message turns it on: `urgent` overtakes what is not; `traced` gets a span of its own in
    the turn's trace; `droppable` audio is dropped, the oldest first, when too much of it waits; `refusable` messages,
    which clients cause, are refused when too many wait; `routine` ones come with every frame and are left out of the
    list of messages last seen; `repeatable` ones are told once more to the successor of an actor that dies on them;
    `transient` ones are of no use to the successor of the actor they were told to.
    """

    urgent: ClassVar[bool] = False
    traced: ClassVar[bool] = False
    droppable: ClassVar[bool] = False
    refusable: ClassVar[bool] = False
    routine: ClassVar[bool] = False
    repeatable: ClassVar[bool] = False
    transient: ClassVar[bool] = False

    def instead(self) -> "Message | None":
        """What is told in place of this repeatable message once two actors have died on it; None: nothing."""
        return None
