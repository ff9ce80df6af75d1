"""How an actor is ordered to end, and what that does to one that has ended already."""

import asyncio
from typing import Any

import msgspec
import pytest
from pykka import ActorDeadError

from actors.runtime.exits import ChildExited, Exit, order_stop, order_stop_now, tell_quietly
from actors.runtime.supervised_actor import SupervisedActor


class Note(msgspec.Struct, frozen=True):
    """An ordinary message."""

    number: int = 0


class Parent(SupervisedActor):
    """Keeps the exits it is told."""

    def __init__(self, told: "asyncio.Queue[Any]") -> None:
        super().__init__("parent", None)
        self.told = told

    def on_receive(self, message: Any) -> None:
        self.told.put_nowait(message)


def test_what_is_told_quietly_says_whether_it_was_told() -> None:
    class Dead:
        def tell(self, message: object) -> None:
            raise ActorDeadError

    assert tell_quietly(None, Note()) is False
    assert tell_quietly(Dead(), Note()) is False


@pytest.mark.parametrize(("order", "handled"), [(order_stop, 1), (order_stop_now, 0)])
async def test_an_ordered_end_is_told_as_such_with_or_without_what_was_queued(order: Any, handled: int) -> None:
    exits: asyncio.Queue[Any] = asyncio.Queue()
    handled_notes: list[Any] = []

    class Child(SupervisedActor):
        def on_receive(self, message: Any) -> None:
            handled_notes.append(message)

    parent = Parent.start(exits)
    child = Child.start("child", parent)
    child.tell(Note())
    order(child)
    exited = await asyncio.wait_for(exits.get(), 30)
    assert isinstance(exited, ChildExited)
    assert (exited.name, exited.exit) == ("child", Exit.NORMAL)
    assert len(handled_notes) == handled
    order(child)
    order(None)
    parent.stop(block=False)
