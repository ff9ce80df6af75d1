"""What an agent's data say beyond what stands in its file."""

import msgspec
import pytest

from actors.agent import Handoff


@pytest.mark.parametrize(
    ("agent", "tool"), [("billing", "handoff_to_billing"), ("front-desk_2", "handoff_to_front_desk_2")]
)
def test_the_tool_of_a_handoff_has_a_name_that_models_take(agent: str, tool: str) -> None:
    assert Handoff(agent=agent, when="It is about money.").tool == tool


def test_a_handoff_says_when_it_is_right() -> None:
    with pytest.raises(msgspec.ValidationError, match=">= 1"):
        msgspec.convert({"agent": "billing", "when": ""}, Handoff)
