"""A language model that does what a scenario says, in place of one that costs money and is never twice the same."""

import asyncio
from collections.abc import AsyncIterator, Sequence

import msgspec

from actors.errors import ErrorKind, ModelError
from actors.ports.llm import ModelEvent, ModelRequest, ReplyGenerated, TextGenerated, ToolCalled
from app.evals.scenario import Reply


class ScriptedModel:
    """Implements `LanguageModel`: one reply of the script each time it is asked."""

    def __init__(self, replies: Sequence[Reply]) -> None:
        self._replies = replies
        self._asked = 0

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream the next reply of the script.

        Raises:
            ModelError: the script is over.
        """
        if request.is_aside:
            # Asked for a verdict of guardrails, it finds that nothing is forbidden; what it remembers is its script.
            yield TextGenerated("0")
            yield ReplyGenerated()
            return
        if self._asked == len(self._replies):
            raise ModelError(ErrorKind.BAD_REQUEST, f"the script has only {len(self._replies)} replies")
        reply = self._replies[self._asked]
        self._asked += 1
        await asyncio.sleep(reply.after_ms / 1000)
        if reply.say:
            yield TextGenerated(reply.say)
        for number, call in enumerate(reply.calls):
            arguments = msgspec.json.encode(call.arguments).decode()
            yield ToolCalled(call_id=f"call_{self._asked}_{number}", name=call.tool, arguments=arguments)
        yield ReplyGenerated()

    async def close(self) -> None:
        """Do nothing: there is no connection."""
