"""What a session has cost is counted, and told once."""

import pytest

from actors.agent import Limits
from actors.conversation import ChatMessage, Role
from actors.rules.conversation_bounds import MAX_MESSAGES
from actors.session.checkpoint import Checkpoint
from actors.session.replies.spending import Spending


@pytest.mark.parametrize(("tokens", "chars", "spent"), [(100, 40, 100), (0, 40, 10)])
def test_what_a_server_does_not_tell_is_estimated(tokens: int, chars: int, spent: int) -> None:
    checkpoint = Checkpoint()
    Spending(Limits(), checkpoint).replied(tokens, chars)
    assert checkpoint.spent_tokens == spent


def test_that_it_is_spent_is_told_once() -> None:
    spending = Spending(Limits(max_tool_calls=2), Checkpoint())
    spending.called(1)
    assert not spending.report_spent()
    spending.called(1)
    assert [spending.report_spent(), spending.report_spent()] == [True, False]


def test_a_successor_goes_on_counting() -> None:
    checkpoint = Checkpoint()
    Spending(Limits(max_tokens=10), checkpoint).replied(9, 0)
    successor = Spending(Limits(max_tokens=10), checkpoint)
    successor.replied(1, 0)
    assert successor.report_spent()


def test_without_limits_nothing_is_ever_spent() -> None:
    spending = Spending(Limits(), Checkpoint())
    spending.replied(10**9, 0)
    spending.called(10**6)
    assert not spending.report_spent()


def test_a_conversation_that_is_as_long_as_it_may_be_is_spent_without_any_limit() -> None:
    message = ChatMessage(role=Role.USER, text="hello", turn=1)
    checkpoint = Checkpoint(messages=(message,) * (MAX_MESSAGES - 1))
    spending = Spending(Limits(), checkpoint)
    assert not spending.report_spent()
    checkpoint.messages = (message,) * MAX_MESSAGES
    assert [spending.report_spent(), spending.report_spent()] == [True, False]
