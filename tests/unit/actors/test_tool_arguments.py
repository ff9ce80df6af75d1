"""The arguments of a tool: what a model reads of them, and what becomes of what it gives."""

import asyncio
from collections.abc import Callable
from datetime import date, time
from enum import StrEnum
from typing import Any, Literal

import msgspec
import pytest

from actors.errors import ToolDefinitionError, WrongArgumentsError
from actors.tool_arguments import ToolArguments, read_arguments


class Caller:
    """What the caller of a tool fills in."""


class Size(StrEnum):
    """How large."""

    SMALL = "small"
    LARGE = "large"


class Address(msgspec.Struct):
    """Where something goes."""

    street: str
    city: str = "Berlin"


def order(
    what: str,
    count: int,
    day: date,
    caller: Caller,
    size: Size = Size.SMALL,
    part: Literal["am", "pm"] = "am",
    at: time | None = None,
    extras: list[str] | None = None,
    to: Address | None = None,
    price: float = 1.5,
    gift: bool = False,
) -> None:
    """Order something
    for a customer.

    Args:
        what: The thing to order,
            by its name.
        count (int): How many.

    Returns:
        What was ordered.
    """


ORDER = ToolArguments("order", order, Caller)


def test_the_schema_comes_from_signature_and_docstring() -> None:
    assert ORDER.summary == "Order something for a customer."
    assert ORDER.hidden == "caller"
    properties = ORDER.schema["properties"]
    assert ORDER.schema["type"] == "object"
    assert ORDER.schema["required"] == ["what", "count", "day"]
    assert ORDER.schema["additionalProperties"] is False
    assert properties["what"] == {"type": "string", "description": "The thing to order, by its name."}
    assert properties["count"] == {"type": "integer", "description": "How many."}
    assert properties["day"] == {"type": "string", "format": "date"}
    assert properties["size"]["enum"] == ["large", "small"]
    assert properties["part"]["enum"] == ["am", "pm"]
    assert properties["extras"]["anyOf"][0] == {"type": "array", "items": {"type": "string"}}
    assert {"number", "boolean"} == {properties["price"]["type"], properties["gift"]["type"]}
    assert "caller" not in properties


def test_what_is_nested_stands_where_it_is_used() -> None:
    assert "$ref" not in str(ORDER.schema)
    to = next(way for way in ORDER.schema["properties"]["to"]["anyOf"] if way.get("type") == "object")
    assert set(to["properties"]) == {"street", "city"}


def test_arguments_are_of_the_types_of_their_parameters() -> None:
    given = {"what": "tea", "count": "2", "day": "2026-06-03", "size": "large", "at": "10:30", "to": {"street": "A"}}
    found = ORDER.keywords(given)
    assert (found["count"], found["day"], found["size"]) == (2, date(2026, 6, 3), Size.LARGE)
    assert (found["at"], found["to"]) == (time(10, 30), Address("A"))
    assert (found["part"], found["extras"], found["gift"]) == ("am", None, False)


@pytest.mark.parametrize("text", ["10:30", "10:30:15"])
def test_a_time_may_be_without_seconds_and_a_text_that_looks_like_one_stays_as_it_is(text: str) -> None:
    found = ORDER.keywords({"what": text, "count": 1, "day": "2026-06-03", "at": text})
    assert found["what"] == text
    assert found["at"].minute == 30


def test_a_function_without_arguments_takes_an_empty_text() -> None:
    def hang_up() -> None:
        """End the call."""

    arguments = ToolArguments("hang_up", hang_up, Caller)
    assert arguments.schema["properties"] == {}
    assert arguments.hidden is None
    assert read_arguments("hang_up", "", arguments.keywords) == {}


def test_a_docstring_says_all_up_to_its_first_section_and_what_is_indented_below_args() -> None:
    def found(day: date, place: str) -> None:
        """Look
        for times.

        On one day.

        Args:
            day (date): The day,
                in this year.
            place: Where: in town.
        Not a section.
        """

    arguments = ToolArguments("found", found, Caller)
    assert arguments.summary == "Look for times. On one day."
    assert arguments.schema["properties"]["day"]["description"] == "The day, in this year."
    assert arguments.schema["properties"]["place"]["description"] == "Where: in town."


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ('{"what":"tea","count":"many","day":"2026-06-03"}', ["count: ", "int"]),
        ('{"what":"tea","count":1,"day":"soon"}', ["day: ", "date"]),
        ('{"what":"tea","count":1}', ["day", "missing"]),
        ('{"what":"tea","count":1,"day":"2026-06-03","to":{"street":7}}', ["to.street: ", "str"]),
        ('{"what":"tea","count":1,"day":"2026-06-03","at":"half past"}', ["at: "]),
        ('["tea"]', ["object"]),
        ('{"what":', ["truncated"]),
        ("[" * 100_000, ["nested too deep"]),
        ('{"what":"\ud83d"}', ["no text that can be read"]),
    ],
)
def test_what_is_wrong_is_said_with_the_tool_and_the_parameter(text: str, words: list[str]) -> None:
    with pytest.raises(WrongArgumentsError) as refused:
        read_arguments("order", text, ORDER.keywords)
    for word in ["wrong arguments for order: ", *words]:
        assert word in str(refused.value)


def _refused() -> list[Callable[..., Any]]:
    def untyped(thing) -> None:  # type: ignore[no-untyped-def]  # noqa: ANN001
        """Has no type."""

    def several(*things: int) -> None:
        """Cannot be passed by name."""

    def by_place(thing: int, /) -> None:
        """Cannot be passed by name either."""

    def unspeakable(thing: asyncio.Task[None]) -> None:
        """Is no JSON."""

    return [untyped, several, by_place, unspeakable]


@pytest.mark.parametrize("function", _refused(), ids=lambda each: each.__name__)
def test_what_json_cannot_carry_is_refused_by_name(function: Callable[..., Any]) -> None:
    with pytest.raises(ToolDefinitionError, match=function.__name__):
        ToolArguments(function.__name__, function, Caller)
