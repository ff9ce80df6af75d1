"""A reply in the making: the model's stream as a task of the orchestrator."""

import asyncio

from actors.errors import ErrorKind, ModelError
from actors.messages import ModelFailed, ModelTold
from actors.ports import (
    LanguageModel,
    MemoryUpdated,
    ModelEvent,
    ModelRequest,
    ReplyGenerated,
    TextGenerated,
    ToolCalled,
)
from actors.session_actor import SessionActor, tell_quietly
from actors.unicode_text import well_formed, well_formed_json

FIRST_TOKEN_S = 8.0
"""A model that has said nothing by then has failed."""
NEXT_TOKEN_S = 8.0
"""A model that falls silent for so long in mid-reply has failed."""


class Generation:
    """The model's stream of one actor: at most one at a time."""

    def __init__(self, actor: SessionActor, model: LanguageModel) -> None:
        self._actor = actor
        self._model = model
        self._task: asyncio.Task[None] | None = None
        self.tool_calls: list[ToolCalled] = []

    def start(self, request: ModelRequest) -> None:
        """Stream the reply to `request`: each event is told to the actor as `ModelTold`, a failure as `ModelFailed`."""
        self.cancel()
        self._task = self._actor.spawn(self._stream(request), "model", lambda error: self._failed(request.turn, error))

    def cancel(self) -> None:
        """Close the stream at once."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
        self.tool_calls = []

    async def _stream(self, request: ModelRequest) -> None:
        events = aiter(self._model.reply(request))
        timeout_s = FIRST_TOKEN_S
        while True:
            try:
                # Not wait_for, which would make a task for every token.
                async with asyncio.timeout(timeout_s):
                    event = await anext(events)
            except StopAsyncIteration:
                raise ModelError(
                    ErrorKind.INTERNAL, "the stream ended without saying that the reply is complete"
                ) from None
            except TimeoutError:
                raise ModelError(ErrorKind.TIMEOUT, f"nothing came for {timeout_s:.0f} s") from None
            timeout_s = NEXT_TOKEN_S
            self._actor.actor_ref.tell(ModelTold(request.turn, _checked(event)))
            if isinstance(event, ReplyGenerated):
                return

    def _failed(self, turn: int, error: BaseException) -> None:
        provider = error if isinstance(error, ModelError) else ModelError(ErrorKind.INTERNAL, type(error).__name__)
        tell_quietly(self._actor.actor_ref, ModelFailed(turn, provider.kind, provider.detail))


def _checked(event: ModelEvent) -> ModelEvent:
    """The event with text that can go anywhere.

    Raises:
        ModelError: it holds something else than the port promises.
    """
    match event:
        case TextGenerated(str(text)):
            return event if text.isascii() else TextGenerated(well_formed(text))
        case ToolCalled(str(call_id), str(name), str(arguments)):
            return ToolCalled(well_formed(call_id), well_formed(name), well_formed(arguments))
        case MemoryUpdated(dict(memory)):
            return MemoryUpdated(well_formed_json(memory))
        case ReplyGenerated():
            return event
        case _:
            raise ModelError(ErrorKind.INTERNAL, f"a {type(event).__name__} does not hold what it must")
