"""What a caller does reaches the session, or the telephone line to it."""

from typing import Any, cast

from actors.messages.caller import KeyPressed, TextEntered
from actors.runtime.clock import run_virtual
from app.evals.caller import Caller


class Far:
    """A session, or a line: notes what comes."""

    def __init__(self) -> None:
        self.told: list[object] = []

    def deliver(self, message: object) -> None:
        self.told.append(message)

    def press(self, key: str) -> None:
        self.told.append(key)


def test_what_is_typed_and_keyed_reaches_the_session() -> None:
    session = Far()
    caller = Caller(cast(Any, session), cast(Any, None), None)
    run_virtual(caller.says("hello"))
    caller.presses("1#")
    assert session.told == [TextEntered("hello"), KeyPressed("1"), KeyPressed("#")]
    run_virtual(caller.close())


def test_on_the_telephone_keys_go_over_the_line() -> None:
    session, line = Far(), Far()
    caller = Caller(cast(Any, session), cast(Any, None), None, cast(Any, line))
    caller.presses("12")
    assert (session.told, line.told) == ([], ["1", "2"])
