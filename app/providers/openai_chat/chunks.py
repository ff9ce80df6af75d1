"""From the chunks of a stream to the events of the port. Pure.

Chunks are read as the JSON that they are. Servers leave out what they do not know, and write null for it; a field that
holds something else than it should counts as left out.
"""

import secrets
from collections.abc import Iterable, Mapping
from typing import Any

import msgspec

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ReplyGenerated, TextGenerated, ToolCalled
from actors.rules.reply_bounds import MAX_ARGUMENTS_CHARS

CHUNKS_AT_ONCE = 16
"""The most chunks that are read in one turn of the loop."""


class _Call(msgspec.Struct):
    """A tool call whose id, name and arguments come in several chunks."""

    call_id: str
    name: str
    arguments: str = ""


class ReplyReader:
    """Reads one reply. A call is told once it is complete: when the next one begins, or the reply ends."""

    def __init__(self) -> None:
        self.finish_reason = ""
        """Why the model has stopped, in the service's word; empty until it has."""
        self.begun = False
        """Whether a word or a part of a tool call has come."""
        self.overlong = False
        """Whether a tool call has arguments beyond the limit, so that the rest of the reply need not be read."""
        self._calls: dict[int, _Call] = {}
        self._told = 0
        self._prompt_tokens = 0
        self._completion_tokens = 0
        self._chunks = 0

    @property
    def calling(self) -> bool:
        """Whether the model has begun to call a tool in this reply."""
        return bool(self._calls)

    def read(self, chunk: object) -> list[ModelEvent]:
        """The events of a chunk; many have none.

        Raises:
            ModelError: the reply was cut by a content filter, or within a call by `max_tokens`.
        """
        fields = _fields(chunk)
        if usage := _fields(fields.get("usage")):
            self._prompt_tokens = _number(usage.get("prompt_tokens")) or 0
            self._completion_tokens = _number(usage.get("completion_tokens")) or 0
        events: list[ModelEvent] = []
        for choice in _each(fields.get("choices")):
            finish_reason = _text(choice.get("finish_reason"))
            self.begun = self.begun or bool(finish_reason)
            # Some compatible servers leave out what is empty, the delta itself included.
            events += self._delta(_fields(choice.get("delta")))
            if finish_reason:
                self.finish_reason = finish_reason
                events += self._end()
        return events

    def count_chunk(self) -> bool:
        """Count a chunk; returns whether other tasks are to have a turn of the loop, which many chunks hold."""
        self._chunks += 1
        return self._chunks % CHUNKS_AT_ONCE == 0

    def ended(self) -> ReplyGenerated:
        """The end, with what it cost, as far as that was told."""
        return ReplyGenerated(self._prompt_tokens, self._completion_tokens)

    def _delta(self, delta: Mapping[str, Any]) -> list[ModelEvent]:
        events: list[ModelEvent] = []
        if text := _text(delta.get("content")) or _text(delta.get("refusal")):
            self.begun = True
            events.append(TextGenerated(text))
        for piece in _each(delta.get("tool_calls")):
            self.begun = True
            events += self._call(piece)
        return events

    def _call(self, piece: Mapping[str, Any]) -> list[ModelEvent]:
        call_id, given = _text(piece.get("id")), _number(piece.get("index"))
        begins = bool(call_id) or not self._calls
        index = given if given is not None else len(self._calls) - (not begins)
        events: list[ModelEvent] = []
        if index not in self._calls:
            events += self._complete()
            self._calls[index] = _Call(call_id or f"call_{secrets.token_hex(12)}", "")
        call, function = self._calls[index], _fields(piece.get("function"))
        call.name = call.name or _text(function.get("name"))
        call.arguments += _text(function.get("arguments"))[: MAX_ARGUMENTS_CHARS + 1]
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


def _fields(value: object) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}


def _each(value: object) -> Iterable[Mapping[str, Any]]:
    return map(_fields, value) if isinstance(value, list) else ()


def _text(value: object) -> str:
    return value if isinstance(value, str) else ""


def _number(value: object) -> int | None:
    return value if type(value) is int else None
