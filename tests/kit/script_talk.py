"""A conversation with a script of the keyless dialogue engine: what is said, what tools give, what comes of it."""

from typing import Any

import msgspec

from actors.conversation import ChatMessage, Memory, Role, ToolRequest
from app.dialogue.engine import Reaction, Script
from app.dialogue.state import state_of


class ScriptTalk:
    """One conversation, whose memory is carried over as it is stored.

    Args:
        script: answers.
        at: when everything is said, in seconds since the epoch.
        greeting: what the agent has said first.
    """

    def __init__(self, script: Script, at: float, greeting: str) -> None:
        self.messages: list[ChatMessage] = []
        self.memory: Memory = {}
        self.last = Reaction("", None, {})
        self._script = script
        self._at = at
        self._greeting = greeting

    def say(self, *turns: str | dict[str, str]) -> str:
        """Texts are the user's; a mapping is the result of the tool it names, which must have been called."""
        for turn in turns:
            if isinstance(turn, str):
                self.messages.append(ChatMessage(role=Role.USER, text=turn, at=self._at))
            else:
                self._result(turn)
            self._react()
        return self.last.text

    def say_interrupting(self, heard: str, text: str) -> str:
        """The user speaks when of the last reply only `heard` had been heard."""
        self.messages[-1] = ChatMessage(role=Role.ASSISTANT, text=heard, interrupted=True)
        return self.say(text)

    @property
    def slots(self) -> dict[str, Any]:
        """What is known by now, by the names of the slots."""
        return state_of(self.memory).slots

    @property
    def call(self) -> tuple[str, dict[str, Any]] | None:
        """The tool that is called, with its arguments; None if none is."""
        called = self.last.call
        return (called.name, msgspec.json.decode(called.arguments)) if called else None

    def _result(self, result: dict[str, str]) -> None:
        ((name, text),) = result.items()
        called = self.last.call
        assert called is not None
        assert called.name == name
        request = ToolRequest(called.call_id, called.name, called.arguments)
        self.messages[-1] = ChatMessage(role=Role.ASSISTANT, text=self.last.text, tool_requests=(request,))
        self.messages.append(ChatMessage(role=Role.TOOL, text=text, call_id=called.call_id, at=self._at))

    def _react(self) -> None:
        memory = msgspec.json.decode(msgspec.json.encode(self.memory))
        self.last = self._script.react(self.messages, memory, self._greeting)
        self.memory = self.last.memory
        self.messages.append(ChatMessage(role=Role.ASSISTANT, text=self.last.text))
