"""What of tools and responses both dialects spell alike."""

from protocol.realtime.commands import CreateResponse
from protocol.realtime.dialect import common_response, tool_list
from protocol.realtime.session_settings import Tool


def test_a_tool_is_flat() -> None:
    schema = {"type": "object", "properties": {}}
    assert tool_list((Tool("book", "Book a table.", schema),)) == [
        {"type": "function", "name": "book", "description": "Book a table.", "parameters": schema}
    ]


def test_the_usual_response_leaves_everything_to_the_session() -> None:
    assert common_response(CreateResponse()) == {}


def test_a_response_may_differ_from_the_session() -> None:
    command = CreateResponse(instructions="Greet the caller.", tools=False, metadata={"request": "1"})
    assert common_response(command) == {
        "instructions": "Greet the caller.",
        "tool_choice": "none",
        "metadata": {"request": "1"},
    }
