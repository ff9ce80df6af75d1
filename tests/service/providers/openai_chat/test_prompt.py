"""What a model is told of the conversation."""

import msgspec

from actors.agent import Agent
from actors.conversation import ChatMessage, Role, ToolRequest
from actors.ports.llm import ModelRequest
from actors.tools import ToolSchema
from app.providers.openai_chat import prompt
from tests.cloud.chat.wire import refused

AGENT = Agent(name="clinic", label="Clinic", instructions="You book appointments.")


def written(*messages: ChatMessage) -> list[tuple[str, str | None]]:
    """Role and content, without the system prompt."""
    request = ModelRequest(session_id="session", turn=1, agent=AGENT, messages=messages)
    whole = prompt.messages(request)
    assert whole[0]["role"] == "system"
    assert refused({"messages": whole, "stream": True}, reasoning=False) is None
    return [(message["role"], message["content"]) for message in whole[1:]]


def system(*messages: ChatMessage) -> str:
    content: str = prompt.messages(ModelRequest(session_id="session", turn=1, agent=AGENT, messages=messages))[0][
        "content"
    ]
    return content


def user(text: str) -> ChatMessage:
    return ChatMessage(role=Role.USER, text=text)


def assistant(text: str, *calls: str, interrupted: bool = False) -> ChatMessage:
    requests = tuple(ToolRequest(call, "book", "{}") for call in calls)
    return ChatMessage(role=Role.ASSISTANT, text=text, interrupted=interrupted, tool_requests=requests)


def result(call: str, text: str = '"done"') -> ChatMessage:
    return ChatMessage(role=Role.TOOL, text=text, call_id=call)


def test_the_instructions_come_first() -> None:
    assert system(user("Hello")).startswith("You book appointments.\n\n")
    assert prompt.CUT not in system(user("Hello"), assistant("Yes?"))


def test_what_was_interrupted_ends_where_the_user_stopped_hearing_it() -> None:
    said = (user("When are you open?"), assistant("From nine to.", interrupted=True), user("And Sundays?"))
    assert written(*said)[1] == ("assistant", "From nine to —")
    assert prompt.INTERRUPTED in system(*said)


def test_of_a_reply_of_which_nothing_was_heard_there_is_nothing() -> None:
    assert written(user("Hello"), assistant(" ", interrupted=True), user("Hello?")) == [
        ("user", "Hello"),
        ("user", "Hello?"),
    ]


def test_results_follow_their_calls_wherever_they_stand() -> None:
    said = (user("Book it."), assistant("", "a", "b"), result("b"), user("Well?"), result("a", "1"), assistant("Yes."))
    assert written(*said) == [
        ("user", "Book it."),
        ("assistant", None),
        ("tool", "1"),
        ("tool", '"done"'),
        ("user", "Well?"),
        ("assistant", "Yes."),
    ]


def test_a_call_without_a_result_gets_one_and_a_result_without_a_call_is_left_out() -> None:
    said = (user("Book it."), assistant("One moment.", "a"), result("stray"), user("Stop."))
    assert written(*said)[1:3] == [("assistant", "One moment."), ("tool", prompt.NO_RESULT)]
    assert isinstance(msgspec.json.decode(prompt.NO_RESULT), dict)


def test_tools_are_functions_with_a_schema() -> None:
    schema = ToolSchema("book", "Book an appointment.", {"type": "object", "properties": {}})
    function = {"name": "book", "description": "Book an appointment.", "parameters": schema.parameters}
    assert prompt.tools([schema]) == [{"type": "function", "function": function}]


def test_ids_may_come_again_in_another_turn() -> None:
    said = (user("Book."), assistant("", "a"), result("a", "1"), user("Again."), assistant("", "a"), result("a", "2"))
    assert [content for role, content in written(*said) if role == "tool"] == ["1", "2"]


def test_a_model_is_told_that_the_beginning_is_left_out() -> None:
    request = ModelRequest(session_id="session", turn=1, agent=AGENT, messages=(user("hello"),), omitted=3)
    assert prompt.OMITTED in prompt.messages(request)[0]["content"]
    assert prompt.OMITTED not in system(user("hello"))


def test_a_note_is_a_message_of_the_system_where_it_stands_and_parts_no_call_from_its_result() -> None:
    note = ChatMessage(role=Role.NOTE, text="An order failed.")
    assert written(user("Book"), assistant("", "a"), note, result("a"), user("And?")) == [
        ("user", "Book"),
        ("assistant", None),
        ("tool", '"done"'),
        ("system", "An order failed."),
        ("user", "And?"),
    ]
