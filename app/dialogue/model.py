"""The keyless language model `script`: answers from an agent's dialogue alone, without any network.

The model keeps nothing of a conversation: all state is in the memory that goes out with each reply and comes back with
the next request, so that a session can go on in another process, and the same requests always get the same replies.
"""

import asyncio
import re
from collections.abc import AsyncIterator, Iterable
from functools import partial

from actors.agent import Agent
from actors.errors import ErrorKind, ModelError
from actors.ports.llm import MemoryUpdated, ModelEvent, ModelRequest, ReplyGenerated, TextGenerated
from app.dialogue.engine import Script
from app.dialogue.expectation import expected_by
from app.dialogue.schema import Dialogue, dialogue_of

_PIECE = re.compile(r"\S+\s*\S*\s*\S*\s*")
"""Matches three words, the piece in which a reply is given."""
LONG_CHARS = 200
"""Characters of an utterance above which a thread reads it, since that may take some milliseconds."""


class ScriptModel:
    """Implements `LanguageModel` for agents that have a dialogue."""

    def __init__(self) -> None:
        self._scripts: dict[str, tuple[Dialogue, asyncio.Future[Script]]] = {}

    async def prepare(self, agents: Iterable[Agent]) -> None:
        """Get ready for `agents`, so that the first reply need not wait: about half a second of a thread for each."""
        for agent in agents:
            if (dialogue := dialogue_of(agent)) is not None:
                await self._script(agent.name, dialogue)

    async def reply(self, request: ModelRequest) -> AsyncIterator[ModelEvent]:
        """Stream the next reply: the memory first, so that it is kept even if the caller interrupts the text.

        Raises:
            ModelError: the agent has no dialogue, or there is no message to answer.
        """
        if request.is_aside:  # what a scripted agent has to know is in its memory
            yield ReplyGenerated()
            return
        agent = request.agent
        dialogue = dialogue_of(agent)
        if dialogue is None:
            raise ModelError(ErrorKind.BAD_REQUEST, f"the agent {agent.name} has no dialogue")
        if not request.messages:
            raise ModelError(ErrorKind.BAD_REQUEST, "there is no message to answer")
        script = await self._script(agent.name, dialogue)
        react = partial(script.react, request.messages, request.memory, agent.greeting)
        long = len(request.messages[-1].text) > LONG_CHARS
        reaction = await asyncio.to_thread(react) if long else react()
        yield MemoryUpdated(reaction.memory)
        for piece in _PIECE.findall(reaction.text):
            yield TextGenerated(piece)
            await asyncio.sleep(0)
        if reaction.call is not None:
            yield reaction.call
        yield ReplyGenerated(
            completion_tokens=len(reaction.text.split()),
            expected=expected_by(reaction.memory, dialogue) if reaction.call is None else None,
        )

    async def close(self) -> None:
        """Do nothing: the engine holds no connection and no file open."""
        self._scripts.clear()

    async def _script(self, name: str, dialogue: Dialogue) -> Script:
        """The script of an agent's dialogue, built once, in a thread; all who ask meanwhile wait for the same one."""
        known = self._scripts.get(name)
        if known is None or known[0] is not dialogue:
            building = asyncio.ensure_future(asyncio.to_thread(Script, dialogue))
            known = self._scripts[name] = (dialogue, building)
        return await asyncio.shield(known[1])


def create() -> ScriptModel:
    """The factory that `LANGUAGE_MODEL=script` names."""
    return ScriptModel()
