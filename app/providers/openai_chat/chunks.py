"""From the chunks of a stream to the events of the port. Pure."""

import secrets
from typing import TYPE_CHECKING

import msgspec

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.reply_bounds import MAX_ARGUMENTS_CHARS

if TYPE_CHECKING:
    from openai.types.chat import ChatCompletionChunk
    from openai.types.chat.chat_completion_chunk import ChoiceDelta, ChoiceDeltaToolCall


CHUNKS_AT_ONCE = 16
"""Chunks that are read in one turn of the loop."""


class _Call(msgspec.Struct):
    """A tool call whose id, name and arguments come in several chunks."""

    call_id: str
    name: str
    arguments: str = ""


class ReplyReader:
    """Reads one reply. A call is told once it is complete: when the next one begins, or the reply ends."""

    def __init__(self) -> None:
        self.finish_reason = ""
        """Empty until the model has said all."""
        self.begun = False
        """Whether there was any word, or a piece of a call."""
        self.overlong = False
        """A call has more arguments than a call may have: the rest of the reply need not be read."""
        self._calls: dict[int, _Call] = {}
        self._told = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._chunks = 0

    @property
    def calling(self) -> bool:
        """Whether the model has begun to call a tool in this reply."""
        return bool(self._calls)

    def read(self, chunk: "ChatCompletionChunk") -> list[ModelEvent]:
        """The events of a chunk; many have none.

        Raises:
            ModelError: the reply was cut by a content filter, or within a call by `max_tokens`.
        """
        if chunk.usage is not None:
            self._prompt_tokens = chunk.usage.prompt_tokens or 0
            self._completion_tokens = chunk.usage.completion_tokens or 0
        events: list[ModelEvent] = []
        for choice in chunk.choices or ():
            self.begun = self.begun or bool(choice.finish_reason)
            # Some compatible servers leave out what is empty, the delta itself included.
            if choice.delta is not None:
                events += self._delta(choice.delta)
            if choice.finish_reason:
                self.finish_reason = choice.finish_reason
                events += self._end()
        return events

    def is_pause_due(self) -> bool:
        """Whether so much has been read that others are to have a turn of the loop, which a flood of chunks keeps."""
        self._chunks += 1
        return self._chunks % CHUNKS_AT_ONCE == 0

    def ended(self) -> ReplyGenerated:
        """The end, with what it cost, as far as that was told."""
        return ReplyGenerated(self._prompt_tokens, self._completion_tokens)

    def _delta(self, delta: "ChoiceDelta") -> list[ModelEvent]:
        events: list[ModelEvent] = []
        if text := delta.content or delta.refusal:
            self.begun = True
            events.append(TextGenerated(text))
        for piece in delta.tool_calls or ():
            self.begun = True
            events += self._call(piece)
        return events

    def _call(self, piece: "ChoiceDeltaToolCall") -> list[ModelEvent]:
        begins = bool(piece.id) or not self._calls
        index = piece.index if piece.index is not None else len(self._calls) - (not begins)
        events: list[ModelEvent] = []
        if index not in self._calls:
            events += self._complete()
            self._calls[index] = _Call(piece.id or f"call_{secrets.token_hex(12)}", "")
        call = self._calls[index]
        if piece.function is not None:
            call.name = call.name or piece.function.name or ""
            call.arguments += (piece.function.arguments or "")[: MAX_ARGUMENTS_CHARS + 1]
            if len(call.arguments) > MAX_ARGUMENTS_CHARS:
                # Told as it is, so that the model is told that it was too long.
                self.overlong = True
                events += self._complete()
        return events

    def _complete(self) -> list[ModelEvent]:
        """The calls that are begun are complete."""
        calls = list(self._calls.values())[self._told :]
        self._told = len(self._calls)
        return [
            ToolCalled(call_id=call.call_id, name=call.name, arguments=call.arguments.strip() or "{}") for call in calls
        ]

    def _end(self) -> list[ModelEvent]:
        if self.finish_reason == "content_filter":
            raise ModelError(ErrorKind.REFUSED, "the reply was cut by the content filter")
        if self.finish_reason == "length" and len(self._calls) > self._told:
            raise ModelError(ErrorKind.INTERNAL, "max_tokens was reached within a call of a tool")
        return self._complete()
