"""What an agent's file may name as a tool, and what is said where something is missing."""

from typing import Any

import pytest

from actors.tools import ToolContext
from app.agents.agent_tools import NoToolError, tool_named
from app.tools import appointments, load_tools

HERE = __name__


def weather(town: str, days: int = 1) -> str:
    """Tell the weather of a town.

    Args:
        town: Where.
        days: How many days ahead.
    """
    return f"{town}: rain for {days} days"


def untyped(town) -> str:  # type: ignore[no-untyped-def]  # noqa: ANN001 - as somebody may write it
    """Tell the weather."""
    return str(town)


def silent(town: str) -> str:
    return town


def of_anything(value: complex) -> str:
    """Tell something."""
    return str(value)


async def test_a_plain_function_with_types_is_a_tool() -> None:
    tools = load_tools()
    made = tool_named(f"{HERE}:weather", tools)
    assert tools["weather"] is made
    assert made.schema.parameters["properties"]["town"]["description"] == "Where."
    outcome = await made.run('{"town": "Ulm", "days": "2"}', ToolContext(session_id="s"))
    assert outcome.result == "Ulm: rain for 2 days"


def test_the_same_function_is_one_tool_for_all_agents() -> None:
    tools = load_tools()
    assert tool_named(f"{HERE}:weather", tools) is tool_named(f"{HERE}:weather", tools)


def test_a_plain_function_of_the_tools_package_is_found_by_its_name(monkeypatch: pytest.MonkeyPatch) -> None:
    def office_hours() -> str:
        """Tell when the office is open."""
        return "nine to five"

    office_hours.__module__ = appointments.__name__
    monkeypatch.setattr(appointments, "office_hours", office_hours, raising=False)
    assert tool_named("office_hours", load_tools()).schema.description == "Tell when the office is open."


@pytest.mark.parametrize(
    ("named", "reason"),
    [
        (f"{HERE}:untyped", "parameter town needs a type"),
        (f"{HERE}:silent", "needs a docstring"),
        (f"{HERE}:of_anything", "is no tool"),
        (f"{HERE}:HERE", "it is no function, but of type str"),
        (f"{HERE}:missing", "has no missing"),
        ("book_apointment", "is book_appointment meant"),
        ("_said", "there is no tool _said"),
    ],
)
def test_what_is_missing_is_said(named: str, reason: str) -> None:
    with pytest.raises(NoToolError, match=reason):
        tool_named(named, load_tools())


def test_two_tools_of_one_name_are_refused() -> None:
    tools: dict[str, Any] = load_tools()
    tools["weather"] = tools["free_times"]
    with pytest.raises(NoToolError, match="already another tool"):
        tool_named(f"{HERE}:weather", tools)
