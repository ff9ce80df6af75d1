"""The conversation as it is remembered: what the caller said, what was heard of the agent, what the tools answered."""

from collections.abc import Iterable, Sequence

import msgspec

from actors.conversation import ChatMessage, Memory, PositionPrecision, Role, ToolRequest, UtteranceKind
from actors.ports.llm import ToolCalled
from actors.rules.backchannel import is_without_blanks
from actors.rules.pending_reply import PendingReply
from actors.rules.summary import Summary, summarized
from actors.rules.unicode_text import is_speakable

WITHHELD = '"A content filter keeps this result back. Do not repeat the call by yourself."'
"""What the model reads in place of the result of a tool that must not be sent to it again."""
NOT_FOR_THE_MODEL = (UtteranceKind.FILLER, UtteranceKind.APOLOGY)
"""Kinds of utterances that the model does not read, since they only bridge a gap."""


class History:
    """Messages and the model's memory; `at` is in seconds since the epoch.

    Args:
        messages: what was said before.
        memory: the language model's notes.
        memory_before: the notes as they were before the turn in hand.
        summary: what the model reads in place of the beginning.
    """

    __slots__ = ("memory", "memory_before", "messages", "summary")

    def __init__(
        self,
        messages: Sequence[ChatMessage] = (),
        memory: Memory | None = None,
        memory_before: Memory | None = None,
        summary: Summary | None = None,
    ) -> None:
        self.summary = summary
        self.messages = list(messages)
        self.memory: Memory = memory or {}
        self.memory_before: Memory = memory_before or {}

    def add_user_words(self, text: str, turn: int, at: float, *, continues: bool, confidence: float) -> None:
        """Record what the caller said in `turn`.

        With `continues`, `text` begins with the words of a turn that was not answered. They are replaced, and what the
        model noted of them is forgotten; but if tools were called for them, they stand, and only the rest is added.
        """
        standing = self._unanswered() if continues else []
        if standing and not self._read_since(standing[-1]):
            self.messages.pop(standing.pop())
            self.memory = self.memory_before
        text = _without_prefix(text, [self.messages[index].text for index in standing])
        self.memory_before = self.memory
        if text:
            self.messages.append(ChatMessage(role=Role.USER, text=text, turn=turn, at=at, confidence=confidence))

    def set_user_words(self, turn: int, text: str) -> None:
        """Record the words of what the caller said in `turn`, which were not known when it was answered."""
        for index in range(len(self.messages) - 1, -1, -1):
            message = self.messages[index]
            if message.role is Role.USER and message.turn == turn:
                self.messages[index] = msgspec.structs.replace(message, text=text)
                return

    def user_text(self, turn: int) -> str:
        """What the caller said in `turn`, as it is recorded; empty if nothing is."""
        return next((m.text for m in reversed(self.messages) if m.role is Role.USER and m.turn == turn), "")

    @property
    def stands(self) -> bool:
        """Whether the caller's words that were not answered stay as they are, since tools were called for them."""
        unanswered = self._unanswered()
        return bool(unanswered) and self._read_since(unanswered[-1])

    @property
    def unanswered_since(self) -> int:
        """The turn of the oldest of the caller's words that were not answered; 0 if all were."""
        unanswered = self._unanswered()
        return self.messages[unanswered[0]].turn if unanswered else 0

    def _unanswered(self) -> list[int]:
        """The places of those of the caller's messages to which no reply was heard, the oldest first."""
        unanswered: list[int] = []
        for index in range(len(self.messages) - 1, -1, -1):
            message = self.messages[index]
            if message.role is Role.USER:
                unanswered.insert(0, index)
            elif _is_answer(message):
                break
        return unanswered

    def _read_since(self, index: int) -> bool:
        """Whether the conversation holds anything for the model after this message, notes apart: they answer nobody."""
        return any(m.kind not in NOT_FOR_THE_MODEL and m.role is not Role.NOTE for m in self.messages[index + 1 :])

    def has_turn(self, turn: int) -> bool:
        """Whether the caller's words of this turn are recorded."""
        return any(m.role is Role.USER and m.turn == turn for m in self.messages)

    def tool_rounds(self, turn: int) -> int:
        """How often the model has called tools in this turn."""
        return sum(bool(m.tool_requests) for m in self.messages if m.turn == turn)

    def unanswered_calls(self) -> list[tuple[int, ToolRequest]]:
        """The calls of tools that have no result yet, with their turns."""
        answered = {m.call_id for m in self.messages if m.role is Role.TOOL}
        return [(m.turn, r) for m in self.messages for r in m.tool_requests if r.call_id not in answered]

    def with_unique_ids(self, calls: Sequence[ToolCalled]) -> list[ToolCalled]:
        """The calls, renamed where the model gave no id or one that was used before: each has its own result."""
        used = {r.call_id for m in self.messages for r in m.tool_requests}
        unique = []
        for call in calls:
            call_id, number = call.call_id, 1
            while not call_id or call_id in used:
                number += 1
                call_id = f"{call.call_id or 'call'}-{number}"
            used.add(call_id)
            unique.append(msgspec.structs.replace(call, call_id=call_id))
        return unique

    def add_heard(
        self, reply: PendingReply, text: str, precision: PositionPrecision, at: float, *, interrupted: bool
    ) -> ChatMessage:
        """Record what was heard of a reply that is over, and return the message.

        It may be over after the next turn has begun, as that of an agent who has handed the conversation off: it stands
        before what came of that turn all the same, as it was said.
        """
        message = ChatMessage(
            role=Role.ASSISTANT,
            text=text,
            turn=reply.turn,
            kind=reply.kind,
            precision=precision,
            interrupted=interrupted,
            at=at,
            is_withheld=self._is_withheld(reply.turn),
        )
        comes_first = reply.kind is UtteranceKind.GREETING
        behind = (index for index, other in enumerate(self.messages) if _is_behind(other, reply.turn, comes_first))
        self.messages.insert(next(behind, len(self.messages)), message)
        return message

    def end(self, replies: Iterable[PendingReply], at: float) -> list[ChatMessage]:
        """Record what was heard of replies that were not over when the session ended, and return the messages added."""
        added = []
        for reply in replies:
            if reply.heard is not None and (text := whole_words(reply.text, reply.heard.text_end).strip()):
                interrupted = not reply.finished or text != reply.text.strip()
                added.append(self.add_heard(reply, text, reply.heard.precision, at, interrupted=interrupted))
        return added

    def add_tool_calls(self, turn: int, calls: Sequence[ToolCalled], at: float) -> None:
        """Record that the model called these tools in `turn`."""
        requests = tuple(ToolRequest(call.call_id, call.name, call.arguments) for call in calls)
        self.messages.append(ChatMessage(role=Role.ASSISTANT, turn=turn, tool_requests=requests, at=at))

    def add_tool_answer(self, call_id: str, text: str, turn: int, at: float) -> bool:
        """Put a tool's result beside the request that it answers; False if that has a result already."""
        if any(m.role is Role.TOOL and m.call_id == call_id for m in self.messages):
            return False
        asked = [i for i, m in enumerate(self.messages) if any(r.call_id == call_id for r in m.tool_requests)]
        index = (asked[-1] if asked else len(self.messages) - 1) + 1
        while index < len(self.messages) and self.messages[index].role is Role.TOOL:
            index += 1
        self.messages.insert(index, ChatMessage(role=Role.TOOL, text=text, turn=turn, call_id=call_id, at=at))
        return True

    def add_note(self, text: str, turn: int, at: float) -> None:
        """Record in `turn` what the model has to know of and nobody said."""
        self.messages.append(ChatMessage(role=Role.NOTE, text=text, turn=turn, at=at))

    def withhold(self, turn: int) -> None:
        """Send no model again what was said and found in `turn`, which a content filter refuses.

        If it refuses twice running, more of the conversation is at fault than these words: no model is sent any of it.
        """
        before = [message for message in self.messages if message.role is Role.USER and message.turn != turn]
        refuses_again = bool(before) and before[-1].is_withheld
        if refuses_again:
            self.summary = None
        self.messages[:] = [
            msgspec.structs.replace(message, is_withheld=True) if refuses_again or message.turn == turn else message
            for message in self.messages
        ]

    def _is_withheld(self, turn: int) -> bool:
        """Whether no model is sent again what was said in `turn`: what was heard of its reply is known later."""
        return any(message.is_withheld for message in self.messages if message.turn == turn)

    def for_the_model(self, prelude: str = "") -> tuple[ChatMessage, ...]:
        """The messages that the model reads; `prelude` is what the reply in hand said before it called its tools."""
        messages = self.messages
        if prelude:
            index = next(i for i in range(len(messages) - 1, -1, -1) if messages[i].tool_requests)
            with_prelude = msgspec.structs.replace(messages[index], text=prelude)
            messages = [*messages[:index], with_prelude, *messages[index + 1 :]]
        return tuple(summarized(tuple(filter(None, map(_as_read, messages))), self.summary))


def _is_behind(message: ChatMessage, turn: int, comes_first: bool) -> bool:
    """Whether a message belongs behind an utterance of `turn`, which may be the first one of that turn."""
    is_of_tools = bool(message.tool_requests) or message.role is Role.TOOL
    return message.turn > turn or (comes_first and message.turn == turn and is_of_tools)


def _as_read(message: ChatMessage) -> ChatMessage | None:
    """A message as the model reads it; None if it does not.

    Of a tool whose call or result is withheld it still reads that it was called: what was done stays done.
    """
    if message.kind in NOT_FOR_THE_MODEL:
        return None
    if not message.is_withheld:
        return message
    if message.role is Role.TOOL:
        return msgspec.structs.replace(message, text=WITHHELD)
    if not message.tool_requests:
        return None
    calls = tuple(msgspec.structs.replace(call, arguments="{}") for call in message.tool_requests)
    return msgspec.structs.replace(message, text="", tool_requests=calls)


def _is_answer(message: ChatMessage) -> bool:
    """Whether a reply was heard that says something: one without a word has failed, and answers nobody."""
    is_reply = message.role is Role.ASSISTANT and message.kind is UtteranceKind.REPLY
    return is_reply and not message.tool_requests and is_speakable(message.text)


def _without_prefix(text: str, said: Sequence[str]) -> str:
    """`text` without the utterances at the end of `said` with which it begins, as many of them as possible.

    The first ones of `said` may be missing in it: they may have been answered by a reply of which no word was heard.
    """
    for first in range(len(said)):
        if text.startswith(before := " ".join(said[first:])):
            return text[len(before) :].strip()
    return text


def whole_words(text: str, end: int) -> str:
    """The words of `text` that end by `end`: an estimated position can fall inside a word, which then was not heard.

    Where a script has no blanks between words, a position is as good as its characters.
    """
    is_inside = 0 < end < len(text) and text[end].isalnum() and text[end - 1].isalnum()
    if is_inside and not is_without_blanks(text[end - 1 : end + 1]):
        end = _word_start(text, end)
    return text[:end].rstrip()


def _word_start(text: str, end: int) -> int:
    """Where the word begins in which position `end` lies."""
    while end > 0 and not text[end - 1].isspace() and not is_without_blanks(text[end - 1]):
        end -= 1
    return end
