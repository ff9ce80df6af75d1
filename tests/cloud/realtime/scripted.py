"""A service that follows a script to the letter: what it is sent has to be what is expected, in that order.

    emulator.script(
        Expect("session.update"),
        Send({"type": "session.updated", "session": {}}),
        Expect("response.create", {"response": {"instructions": "Greet."}}),
        Close(1011),
    )

What comes unexpected, and what is expected and does not come, fails the test when the emulator is left.
"""

import json
from collections import deque
from typing import Any

import msgspec
from aiohttp import WSMsgType, web

APPEND = "input_audio_buffer.append"


class Expect(msgspec.Struct, frozen=True):
    """The next message is of this type and has these fields; of objects, at least these parts."""

    type: str
    fields: dict[str, Any] = {}


class Send(msgspec.Struct, frozen=True):
    """This event is sent, as it is."""

    event: dict[str, Any]


class Close(msgspec.Struct, frozen=True):
    """The socket is closed with this code."""

    code: int = 1000


Step = Expect | Send | Close


class ScriptedConversation:
    """One connection's script. Audio that is appended is taken at any time, unless it is what is expected."""

    def __init__(self, steps: tuple[Step, ...]) -> None:
        self._steps = deque(steps)
        self.failures: list[str] = []

    @property
    def unfinished(self) -> list[str]:
        """What went wrong, and what never came."""
        left = [f"never came: {step}" for step in self._steps if isinstance(step, Expect)]
        unsent = [f"never sent: {step}" for step in self._steps if not isinstance(step, Expect)]
        return [*self.failures, *left, *unsent]

    async def run(self, socket: web.WebSocketResponse) -> None:
        """Follow the script, then listen until the client goes."""
        await self._act(socket)
        async for message in socket:
            if message.type is not WSMsgType.TEXT:
                break
            if not self._taken(json.loads(message.data)):
                await socket.close(code=1008)
                return
            await self._act(socket)

    async def _act(self, socket: web.WebSocketResponse) -> None:
        while self._steps and not isinstance(self._steps[0], Expect):
            step = self._steps.popleft()
            if isinstance(step, Send):
                await socket.send_str(json.dumps(step.event))
            elif isinstance(step, Close):
                await socket.close(code=step.code)

    def _taken(self, message: dict[str, Any]) -> bool:
        step = self._steps[0] if self._steps else None
        if isinstance(step, Expect) and step.type == message.get("type") and _holds(message, step.fields):
            self._steps.popleft()
            return True
        if message.get("type") == APPEND:
            return True
        self.failures.append(f"unexpected: {message}; expected: {step}")
        return False


def _holds(value: Any, wanted: Any) -> bool:
    if isinstance(wanted, dict):
        return isinstance(value, dict) and all(name in value and _holds(value[name], wanted[name]) for name in wanted)
    return bool(value == wanted)
