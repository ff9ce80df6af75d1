"""The conversation as it is remembered: what the user said, what was heard of us, what the tools answered."""

from collections.abc import Sequence

import msgspec

from actors.conversation import ChatMessage, Heard, Memory, Role, Said, ToolRequest
from actors.lines import SpokenReply
from actors.ports import ToolCalled

NOT_FOR_THE_MODEL = (Said.FILLER, Said.APOLOGY)
"""What is said to bridge a gap is no part of what the model reads."""


class History:
    """Messages and the model's memory. `at` is in seconds since the epoch."""

    def __init__(self, messages: Sequence[ChatMessage] = (), memory: Memory | None = None) -> None:
        self.messages = list(messages)
        self.memory: Memory = memory or {}
        self._memory_before = self.memory

    def user_said(self, text: str, turn: int, at: float, *, continues: bool, confidence: float) -> None:
        """The user's words; those of an unanswered turn are replaced, and what the model noted of it is forgotten."""
        if continues and self.messages and self.messages[-1].role is Role.USER:
            self.messages.pop()
            self.memory = self._memory_before
        self._memory_before = self.memory
        self.messages.append(ChatMessage(Role.USER, text, turn, at=at, confidence=confidence))

    def was_heard(self, spoken: SpokenReply, text: str, heard: Heard, at: float, *, interrupted: bool) -> None:
        """What was heard of a reply, now that it is over."""
        self.messages.append(
            ChatMessage(Role.ASSISTANT, text, spoken.turn, spoken.kind, heard, interrupted=interrupted, at=at)
        )

    def tools_called(self, turn: int, calls: Sequence[ToolCalled], at: float) -> None:
        """The model wants tools."""
        requests = tuple(ToolRequest(call.call_id, call.name, call.arguments) for call in calls)
        self.messages.append(ChatMessage(Role.ASSISTANT, turn=turn, tool_requests=requests, at=at))

    def tool_answered(self, call_id: str, text: str, turn: int, at: float) -> None:
        """A tool's result, beside the request that it answers, wherever the conversation has gone since."""
        asked = [i for i, m in enumerate(self.messages) if any(r.call_id == call_id for r in m.tool_requests)]
        index = (asked[-1] if asked else len(self.messages) - 1) + 1
        while index < len(self.messages) and self.messages[index].role is Role.TOOL:
            index += 1
        self.messages.insert(index, ChatMessage(Role.TOOL, text, turn, call_id=call_id, at=at))

    def for_the_model(self, prelude: str = "") -> tuple[ChatMessage, ...]:
        """What the model reads; `prelude` is what the reply in hand said before it called its tools."""
        messages = self.messages
        if prelude:
            index = next(i for i in range(len(messages) - 1, -1, -1) if messages[i].tool_requests)
            with_prelude = msgspec.structs.replace(messages[index], text=prelude)
            messages = [*messages[:index], with_prelude, *messages[index + 1 :]]
        return tuple(message for message in messages if message.kind not in NOT_FOR_THE_MODEL)


def whole_words(text: str, end: int) -> str:
    """The words of `text` that end by `end`: an estimated position can fall inside a word, which then was not heard."""
    if 0 < end < len(text) and text[end].isalnum() and text[end - 1].isalnum():
        end = max(text.rfind(" ", 0, end), 0)
    return text[:end].rstrip()
