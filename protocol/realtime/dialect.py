"""What differs between the two dialects of the Realtime protocol."""

from typing import Any, Protocol

from protocol.realtime.commands import CreateResponse
from protocol.realtime.session_settings import SessionSettings, Tool

MAX_TOKENS = 4_096
"""The most tokens of one response that a client may ask for."""


class Dialect(Protocol):
    """How one kind of service spells what the other spells in another way."""

    name: str
    assistant_text: str
    """The `type` of the content of an item that the model has said."""
    audio_delta: str
    audio_done: str
    transcript_delta: str
    transcript_done: str
    text_delta: str
    """The `type` of the events with the next words of a model that writes and does not speak."""

    def session(self, settings: SessionSettings) -> dict[str, Any]:
        """The `session` of a `session.update`, with what is set and nothing else.

        Raises:
            ValueError: the service has no such setting; names it.
        """
        ...

    def response(self, command: CreateResponse) -> dict[str, Any]:
        """The `response` of a `response.create`.

        Raises:
            ValueError: the service cannot do what is ordered; names it.
        """
        ...


def tool_list(tools: tuple[Tool, ...]) -> list[dict[str, Any]]:
    """Tools as both dialects have them."""
    return [
        {"type": "function", "name": tool.name, "description": tool.description, "parameters": tool.parameters}
        for tool in tools
    ]


def common_response(command: CreateResponse) -> dict[str, Any]:
    """What of a response both dialects spell alike."""
    response: dict[str, Any] = {}
    if command.instructions:
        response["instructions"] = command.instructions
    if not command.tools:
        response["tool_choice"] = "none"
    if command.metadata:
        response["metadata"] = command.metadata
    return response
