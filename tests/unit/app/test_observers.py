"""Observers are told of every event in the order in which they were added."""

from app.observers import Observers


def test_each_observer_is_told_in_order() -> None:
    told: list[tuple[str, str]] = []
    observers = Observers[str](lambda event: told.append(("first", event)))
    observers.notify("a")
    observers.add(lambda event: told.append(("second", event)))
    observers.notify("b")
    assert told == [("first", "a"), ("first", "b"), ("second", "b")]


def test_nobody_may_listen() -> None:
    Observers[int]().notify(1)
