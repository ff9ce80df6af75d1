"""What is told in place of a message that is given up."""

import pytest

from actors.messages.base import Message
from actors.messages.caller import HoldEnded, InputLost, KeyPressed, TextEntered


@pytest.mark.parametrize(
    ("message", "instead"),
    [(TextEntered("hello", 3), InputLost(3)), (KeyPressed("4", 9), InputLost(9)), (HoldEnded(), None)],
)
def test_of_typed_text_and_keys_the_caller_is_asked_again(message: Message, instead: Message | None) -> None:
    assert message.instead() == instead
