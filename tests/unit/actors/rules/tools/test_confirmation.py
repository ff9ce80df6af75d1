"""What must be said back first is done only after the caller has had their say."""

import pytest

from actors.conversation import ChatMessage, Role, ToolRequest
from actors.rules.tools.confirmation import TO_BE_CONFIRMED, is_confirmed

DEEP = '{"sum":' + "[" * 3_000 + "]" * 3_000 + "}"


def called(turn: int, arguments: str, result: str = f'{{"error":"{TO_BE_CONFIRMED}"}}') -> list[ChatMessage]:
    request = ToolRequest(f"c{turn}", "pay", arguments)
    return [
        ChatMessage(role=Role.USER, text="pay", turn=turn),
        ChatMessage(role=Role.ASSISTANT, turn=turn, tool_requests=(request,)),
        ChatMessage(role=Role.TOOL, text=result, turn=turn, call_id=request.call_id),
    ]


@pytest.mark.parametrize(
    ("messages", "arguments", "confirmed"),
    [
        ([], "{}", False),
        (called(1, '{"sum": 5}'), '{"sum":5}', True),
        (called(1, ""), "{}", True),
        (called(1, '{"sum": 5}'), '{"sum":50}', False),
        (called(2, '{"sum": 5}'), '{"sum":5}', False),
        (called(1, '{"sum": 5}', '"paid"'), '{"sum":5}', False),
        (called(0, "{}") + called(1, "{}", '"paid"'), "{}", False),
        (called(1, "{sum"), "{sum", True),
        (called(1, "{sum"), "{}", False),
        (called(1, DEEP), DEEP, True),
        (called(1, DEEP), f" {DEEP}", False),
        (called(1, '{"sum": "\ud83d"}'), "{}", False),
    ],
)
def test_a_call_that_was_put_off_in_an_earlier_turn_is_confirmed(
    messages: list[ChatMessage], arguments: str, confirmed: bool
) -> None:
    assert is_confirmed(messages, "pay", arguments, 2) is confirmed


def test_another_tool_is_not() -> None:
    assert not is_confirmed(called(1, "{}"), "refund", "{}", 2)
