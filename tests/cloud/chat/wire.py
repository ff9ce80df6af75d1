"""Chunks of chat completions as the service streams them, and what it refuses to answer."""

import itertools
import time
import uuid
from collections.abc import Iterator
from typing import Any

import msgspec

from tests.cloud.chat.scripted import Refusal, Reply, unsupported

ARGUMENT_CHARS = 7
"""Arguments of a call come in pieces of about so many characters."""


class Chunks:
    """The chunks of one reply. `azure`: with the filter's results, in a first chunk that has no choices, too."""

    def __init__(self, reply: Reply, model: str, prompt_tokens: int, *, azure: bool, usage: bool) -> None:
        self._reply = reply
        self._prompt_tokens = prompt_tokens
        self._azure = azure
        self._usage = usage
        self._frame = {
            "id": f"chatcmpl-{uuid.uuid4().hex[:29]}",
            "object": "chat.completion.chunk",
            "created": int(time.time()),
            "model": model,
            "system_fingerprint": "fp_emulated",
        }
        self.completion_tokens = 0

    def opening(self) -> Iterator[bytes]:
        """What comes before anything that is said."""
        if self._azure:
            filtered = [
                {"prompt_index": 0, "content_filter_results": {"hate": {"filtered": False, "severity": "safe"}}}
            ]
            blank = {**self._frame, "id": "", "object": "", "created": 0, "model": "", "choices": []}
            yield sse({**blank, "prompt_filter_results": filtered})
        content = None if self._reply.calls and not self._reply.text else ""
        yield self._chunk({"role": "assistant", "content": content, "refusal": None})

    def said(self) -> Iterator[bytes]:
        """Text, and then calls: the pieces that `tokens_per_s` and `fault_after` count."""
        for piece in self._reply.pieces:
            yield self._chunk({"content": piece})
        for index, call in enumerate(self._reply.calls):
            function = {"name": call.name, "arguments": ""}
            opening = {"index": index, "id": f"call_{uuid.uuid4().hex[:24]}", "type": "function", "function": function}
            yield self._chunk({"tool_calls": [opening]})
            text = call.arguments_text
            for begin in range(0, len(text), ARGUMENT_CHARS):
                piece = text[begin : begin + ARGUMENT_CHARS]
                yield self._chunk({"tool_calls": [{"index": index, "function": {"arguments": piece}}]})

    def closing(self) -> Iterator[bytes]:
        """How it ended, what it cost, and that this was all."""
        yield self._chunk({}, self._reply.finish_reason)
        if self._usage:
            total = self._prompt_tokens + self.completion_tokens
            usage = {
                "prompt_tokens": self._prompt_tokens,
                "completion_tokens": self.completion_tokens,
                "total_tokens": total,
            }
            yield sse({**self._frame, "choices": [], "usage": usage})
        yield b"data: [DONE]\n\n"

    def _chunk(self, delta: dict[str, Any], finish_reason: str | None = None) -> bytes:
        self.completion_tokens += bool(delta.get("content") or delta.get("tool_calls"))
        choice = {"index": 0, "delta": delta, "logprobs": None, "finish_reason": finish_reason}
        usage = {"usage": None} if self._usage else {}
        return sse({**self._frame, "choices": [choice], **usage})


def sse(event: dict[str, Any]) -> bytes:
    """One event of the stream."""
    return b"data: " + msgspec.json.encode(event) + b"\n\n"


def prompt_tokens(body: dict[str, Any]) -> int:
    """About as many as a tokenizer would find."""
    return sum(len(str(message.get("content") or "")) // 4 + 4 for message in body["messages"])


def refused(body: dict[str, Any], *, reasoning: bool) -> Refusal | None:
    """What the service itself finds wrong with a request. `reasoning`: a model that knows no max_tokens."""
    messages = body.get("messages")
    if not isinstance(messages, list) or not messages:
        return Refusal(400, "invalid_value", "[] is too short - 'messages'", param="messages")
    if body.get("stream") is not True:
        return Refusal(400, "invalid_value", "The emulator only streams.", param="stream")
    if reasoning and "max_tokens" in body:
        return unsupported("max_tokens")
    for name in ("temperature", "top_p"):
        if reasoning and body.get(name, 1) != 1:
            return unsupported(name, value=True)
    for name in (tool.get("function", {}).get("name") for tool in body.get("tools", [])):
        if not name:
            return Refusal(400, "missing_required_parameter", "Missing required parameter.", param="tools[0].function")
    if body.get("tools") == []:
        return Refusal(400, "empty_array", "Invalid 'tools': empty array.", param="tools")
    return _unpaired(messages)


def _unpaired(messages: list[dict[str, Any]]) -> Refusal | None:
    """Each call has its result right behind the message that made it, and no result is there without its call."""
    open_calls: set[str] = set()
    for at, message in enumerate(itertools.chain(messages, [{"role": "end"}])):
        if message["role"] == "tool":
            if message.get("tool_call_id") not in open_calls:
                what = "messages with role 'tool' must be a response to a preceeding message with 'tool_calls'."
                return Refusal(400, "", f"Invalid parameter: {what}", param=f"messages.[{at}].role")
            open_calls.discard(message["tool_call_id"])
            continue
        if open_calls:
            what = "An assistant message with 'tool_calls' must be followed by tool messages responding to each"
            return Refusal(400, "", f"{what} 'tool_call_id'.", param=f"messages.[{at}].role")
        if message["role"] == "assistant" and not message.get("content") and not message.get("tool_calls"):
            return Refusal(400, "", "Invalid value for 'content': expected a string.", param=f"messages.[{at}].content")
        open_calls = {call["id"] for call in message.get("tool_calls") or ()}
    return None
