"""A reply in the making: the model's stream as a task of the orchestrator, and a round of tool calls."""

import asyncio
from collections.abc import Callable
from contextlib import suppress

from pykka import ActorDeadError

from actors.errors import ErrorKind, ModelError
from actors.messages import ModelFailed, ModelTold, ToolFinished
from actors.ports import Clock, LanguageModel, ModelRequest, ReplyGenerated, ToolCalled
from actors.session_actor import SessionActor, tell_quietly
from actors.tools import AnyTool, ToolContext, ToolOutcome

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
            self._actor.actor_ref.tell(ModelTold(request.turn, event))
            if isinstance(event, ReplyGenerated):
                return

    def _failed(self, turn: int, error: BaseException) -> None:
        provider = error if isinstance(error, ModelError) else ModelError(ErrorKind.INTERNAL, type(error).__name__)
        tell_quietly(self._actor.actor_ref, ModelFailed(turn, provider.kind, provider.detail))


class ToolRound:
    """Tools called together; the model goes on when all of them are back."""

    def __init__(self, turn: int, calls: list[ToolCalled]) -> None:
        self.turn = turn
        self._open = {call.call_id for call in calls}
        self.cancellable: dict[str, asyncio.Task[None]] = {}

    def finished(self, call_id: str) -> bool:
        """One is back; whether it was the last."""
        self._open.discard(call_id)
        return not self._open

    def cancel(self) -> None:
        """Give up those that an interruption cancels; the others run on and are only recorded."""
        for call_id, task in self.cancellable.items():
            if call_id in self._open:
                task.cancel()

    async def run(
        self,
        call: ToolCalled,
        tool: AnyTool | None,
        context: ToolContext,
        clock: Clock,
        report: Callable[[ToolFinished], None],
    ) -> None:
        """Run one tool and report, whatever happens to it: cancelled too, so that each request has its answer."""
        began = clock.now()
        outcome = ToolOutcome({"error": f"there is no tool named {call.name}"}, failed=True)
        try:
            if tool is not None:
                outcome = await tool.run(call.arguments, context)
        except asyncio.CancelledError:
            outcome = ToolOutcome({"error": "cancelled: the user interrupted"}, failed=True)
            raise
        finally:
            elapsed_ms = (clock.now() - began) * 1000
            with suppress(ActorDeadError):
                report(ToolFinished(self.turn, call.call_id, call.name, outcome, elapsed_ms))
