"""Which handoffs are refused, and whose words a turn holds."""

import pytest

from actors.conversation import ChatMessage, HandoffMade, Role
from actors.rules.tools.handoffs import agent_of_turn, first_note, handoff_refusal


def made(turn: int, from_agent: str, to_agent: str) -> HandoffMade:
    return HandoffMade(turn=turn, from_agent=from_agent, to_agent=to_agent, at=0.0)


def said(*turns: int) -> list[ChatMessage]:
    """The user's words in these turns, with a reply to each."""
    return [ChatMessage(role=role, text="x", turn=turn) for turn in turns for role in (Role.USER, Role.ASSISTANT)]


@pytest.mark.parametrize(
    ("before", "turns", "to_agent", "refused_for"),
    [
        ([], (1,), "billing", ""),
        ([], (), "billing", ""),
        ([made(2, "desk", "billing")], (1,), "desk", "desk had this conversation already"),
        ([made(2, "desk", "billing")], (1,), "claims", ""),
        ([made(2, "desk", "billing"), made(3, "billing", "claims")], (1,), "desk", "desk had this"),
        ([made(2, "desk", "billing"), made(3, "billing", "claims")], (1,), "billing", "billing had this"),
        ([made(2, "desk", "billing")], (1, 3), "desk", ""),
        ([made(2, "desk", "billing"), made(4, "billing", "desk")], (1, 3), "billing", "billing had this"),
        ([made(2, "desk", "billing"), made(4, "billing", "desk")], (1, 3, 5), "billing", ""),
        ([made(2, "a", "b"), made(4, "b", "a"), made(6, "a", "b")], (1, 3, 5, 7), "a", "as often as it may be"),
    ],
)
def test_a_conversation_goes_back_only_after_a_word_of_the_user_and_on_only_so_often(
    before: list[HandoffMade], turns: tuple[int, ...], to_agent: str, refused_for: str
) -> None:
    refusal = handoff_refusal(before, said(*turns), to_agent, 3)
    assert refused_for in refusal
    assert bool(refused_for) == bool(refusal)


@pytest.mark.parametrize(("turn", "agent"), [(0, "a"), (1, "a"), (2, "b"), (3, "b"), (4, "c"), (9, "c")])
def test_each_turn_is_of_the_agent_that_answered_it(turn: int, agent: str) -> None:
    assert agent_of_turn([made(2, "a", "b"), made(4, "b", "c")], turn, "c") == agent


def test_a_conversation_that_was_not_handed_off_is_of_its_one_agent() -> None:
    assert agent_of_turn([], 3, "a") == "a"


def test_the_new_agent_knows_what_is_said_for_it_already() -> None:
    assert "do not greet" in first_note("")
    assert "Go on behind" not in first_note("")
    assert '"This is billing."' in first_note("This is billing.")
