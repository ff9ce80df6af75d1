"""The language model (LLM): a request with the conversation so far, and the reply as a stream of events."""

from collections.abc import AsyncIterator, Sequence
from typing import Any, Protocol

import msgspec

from actors.agent import Agent
from actors.conversation import ChatMessage, ExpectedAnswer, Memory


class ToolSchema(msgspec.Struct, frozen=True):
    """A tool as a language model is told of it."""

    name: str
    description: str
    parameters: dict[str, Any]
    """The JSON Schema of the tool's arguments: an object, without references to other schemas."""


class ModelRequest(msgspec.Struct, frozen=True, kw_only=True):
    """All a model needs for the next reply. The last message is the user's, or the results of the tools it called."""

    session_id: str
    turn: int
    agent: Agent
    messages: Sequence[ChatMessage]
    tools: Sequence[ToolSchema] = ()
    memory: Memory = {}
    omitted: int = 0
    """How many older messages of the conversation are left out before these."""
    may_call_tools: bool = True
    """Whether the model may call tools; if not, they are described only because the conversation holds calls of
    them."""
    is_aside: bool = False
    """Whether the request is no part of the conversation, such as one for a summary: nobody hears the reply."""
    preamble: str = ""
    """What is known of the session besides what was said: date, time, who talks with the agent. Its length is
    bounded."""


class TextGenerated(msgspec.Struct, frozen=True, tag=True):
    """The next piece of the reply, as it came."""

    text: str


class ToolCalled(msgspec.Struct, frozen=True, tag=True, kw_only=True):
    """The model wants a tool run. `arguments` is a JSON object as text, not yet checked."""

    call_id: str
    name: str
    arguments: str
    refusal: str = ""
    """What the model is told if the tool may not be run; empty if it is run."""


class MemoryUpdated(msgspec.Struct, frozen=True, tag=True):
    """The model's own notes, in place of the former ones; kept with the conversation, given back next time."""

    memory: Memory


class ReplyGenerated(msgspec.Struct, frozen=True, tag=True):
    """The end of the stream. If tools were called, their results are wanted in another request."""

    prompt_tokens: int = 0
    completion_tokens: int = 0
    cut: bool = False
    """Whether the reply was cut off because it was longer than a reply may be."""
    expected: ExpectedAnswer | None = None
    """The kind of answer that the reply asks for; None if that has to be found out from its words."""


ModelEvent = TextGenerated | ToolCalled | MemoryUpdated | ReplyGenerated


class LanguageModel(Protocol):
    """An engine that answers, one per process."""

    def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream the next reply. Closing the iterator cancels the request at once.

        Raises:
            ModelError: while iterating.
        """
        ...

    async def close(self) -> None:
        """Release what the engine holds, such as connections. No reply is asked for afterwards."""
        ...
