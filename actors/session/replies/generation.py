"""A reply in the making: the model's stream as a task of the orchestrator."""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import closing
from itertools import count
from typing import Any, Protocol

import msgspec

from actors.conversation import ExpectedAnswer
from actors.errors import ErrorKind, ModelError
from actors.messages.model import ModelFailed
from actors.ports.llm import (
    LanguageModel,
    MemoryUpdated,
    ModelEvent,
    ModelRequest,
    ReplyGenerated,
    TextGenerated,
    ToolCalled,
)
from actors.rules.reply_bounds import ReplyBounds
from actors.rules.text.sentences import PAUSE_S
from actors.rules.unicode_text import well_formed, well_formed_json
from actors.runtime.closing import end_in_background
from actors.runtime.exits import tell_quietly
from actors.runtime.session_trace import Stage
from actors.runtime.supervised_actor import SupervisedActor, logger
from actors.runtime.telemetry import count_cut_reply
from actors.session.engine_events import ModelPaused, ModelReported
from actors.session.engine_violations import EngineViolations
from actors.session.measurements import first_token_came, model_failed
from actors.session.replies.summaries import log_failure, summarize

CHAT = {"gen_ai.operation.name": Stage.MODEL.value}
"""The attribute that the span of every request to a model has."""
_SOON_S = 1e-3
MAX_MEMORY_BYTES = 65_536
"""The most bytes of a language model's notes, as JSON. Notes are kept with the conversation and stored with each turn;
longer ones are ignored, and the former ones stay."""
EVENTS_AT_ONCE = 16
"""The most pieces of a reply that are told in one turn of the loop, so that a fast model does not hold up others."""


class ReplySource(Protocol):
    """What makes the model's part of one reply at a time: a stream of text, or a model that speaks by itself."""

    tool_calls: list[ToolCalled]
    """The tool calls that the model has asked for, until they are run."""
    stream: int
    """The number of the stream that was opened last; events of older ones are ignored."""

    def start(self, request: ModelRequest) -> None:
        """Have the reply to `request` made, and give up any other."""
        ...

    def cancel(self) -> None:
        """Have nothing more made of the reply in hand, if there is one."""
        ...

    def summarize(self, request: ModelRequest) -> bool:
        """Have a part of the conversation summed up, told as `ConversationSummarized`; False if it cannot be."""
        ...


class Generation:
    """The model's stream of one actor: at most one at a time."""

    __slots__ = ("_actor", "_model", "_task", "_told", "_trace", "_violations", "stream", "tool_calls")

    def __init__(self, actor: SupervisedActor, model: LanguageModel) -> None:
        self._actor = actor
        self._trace = actor.trace
        self._model = model
        self._task: asyncio.Task[None] | None = None
        self._violations = EngineViolations("language model")
        self._told = 0
        self.tool_calls: list[ToolCalled] = []
        self.stream = 0

    def start(self, request: ModelRequest) -> None:
        """Stream the reply to `request`: each event is told as `ModelReported`, a failure as `ModelFailed`."""
        self.cancel()
        self.stream += 1
        self._trace.begin(Stage.MODEL, attributes=CHAT | {"gen_ai.conversation.id": request.session_id})
        with self._trace.inside(Stage.MODEL):
            stream = self.stream
            work = self._stream(request, stream)
            self._task = self._actor.spawn(work, "model", lambda error: self._failed(request.turn, stream, error))

    def cancel(self) -> None:
        """Close the model's stream at once, if there is one."""
        if self._task is not None:
            self._task.cancel()
            self._task = None
            self._trace.end(Stage.MODEL, attributes={"earshot.cancelled": True})
        self.tool_calls = []

    def summarize(self, request: ModelRequest) -> bool:
        """Have the summary made in parallel to the replies, which it never delays: told as `ConversationSummarized`."""
        self._actor.spawn(summarize(self._model, request, self._actor.actor_ref), "summary", log_failure)
        return True

    async def _stream(self, request: ModelRequest, stream: int) -> None:
        """Stream a reply. A model that is busy and has said nothing yet is asked again when it has said that it can
        answer."""
        told_before = self._told
        try:
            await self._attempt(request, stream)
        except ModelError as error:
            wait_s = error.retry_after_s
            is_over = error.kind is not ErrorKind.THROTTLED or self._told > told_before
            if is_over or wait_s is None or wait_s > request.agent.model.wait_s:
                raise
            logger.warning("the language model is busy and is asked again in %.1f s", wait_s)
            await asyncio.sleep(wait_s)
            await self._attempt(request, stream)

    async def _attempt(self, request: ModelRequest, stream: int) -> None:
        loop = asyncio.get_running_loop()
        asked_at = told_at = loop.time()
        bounds = ReplyBounds(asked_at)
        paused = ModelPaused(request.turn, stream)
        with closing(_PauseWatch(lambda: tell_quietly(self._actor.actor_ref, paused))) as pauses:
            events = aiter(self._model.reply(request))
            try:
                # One for all tokens: a timeout of its own would cost each of them more than all else that is done here.
                async with asyncio.timeout_at(asked_at + request.agent.model.first_token_s) as patience:
                    for number in count(1):
                        event = await anext(events)
                        told_at = loop.time()
                        if number == 1:
                            # How long the caller waits for its next words is turn-taking's to say: it knows what was
                            # heard.
                            patience.reschedule(bounds.until)
                            self._first_token_came(told_at - asked_at)
                        event = self._taken(event)
                        admitted = bounds.admit(event, told_at)
                        if admitted is not None:
                            self._told += 1
                            pauses.written()
                            self._actor.actor_ref.tell(ModelReported(request.turn, admitted, stream))
                        if bounds.exceeded:
                            self._cut(request.turn, stream, events, bounds.exceeded)
                            return
                        if isinstance(event, ReplyGenerated):
                            self._trace.end(Stage.MODEL, attributes=usage(event))
                            return
                        if number % EVENTS_AT_ONCE == 0:
                            await asyncio.sleep(0)
            except StopAsyncIteration:
                raise ModelError(
                    ErrorKind.INTERNAL, "the stream ended without saying that the reply is complete"
                ) from None
            except TimeoutError:
                raise ModelError(ErrorKind.TIMEOUT, f"nothing came for {loop.time() - told_at:.0f} s") from None

    def _taken(self, event: ModelEvent) -> ModelEvent:
        """The event, or an empty piece of text for what is none: that counts towards the bounds of a reply too."""
        if (checked := _checked(event)) is not None:
            return checked
        self._violations.pass_over(type(event).__name__)
        return TextGenerated("")

    def _first_token_came(self, waited_s: float) -> None:
        first_token_came(waited_s)
        self._trace.describe(Stage.MODEL, {"gen_ai.response.time_to_first_chunk": waited_s})

    def _cut(self, turn: int, stream: int, events: AsyncIterator[ModelEvent], bound: str) -> None:
        """End a reply that does not end by itself; the conversation goes on with what there is of it."""
        logger.warning("a reply was cut: it had more than %s", bound)
        count_cut_reply()
        self._trace.end(Stage.MODEL, attributes={"earshot.cut": True})
        self._actor.actor_ref.tell(ModelReported(turn, ReplyGenerated(cut=True), stream))
        end_in_background(events)

    def _failed(self, turn: int, stream: int, error: BaseException) -> None:
        provider = error if isinstance(error, ModelError) else ModelError(ErrorKind.INTERNAL, type(error).__name__)
        model_failed(provider.kind.value)
        self._trace.end(Stage.MODEL, error=provider.kind)
        tell_quietly(self._actor.actor_ref, ModelFailed(turn, provider.kind, provider.detail, stream))


class _PauseWatch:
    """Calls `on_pause` once when nothing was written for PAUSE_S, and again only after more was written."""

    def __init__(self, on_pause: Callable[[], object]) -> None:
        self._loop = asyncio.get_running_loop()
        self._on_pause = on_pause
        self._written_at = 0.0
        self._timer: asyncio.TimerHandle | None = None

    def written(self) -> None:
        """Note that something was written. One timer serves all pieces of a burst."""
        self._written_at = self._loop.time()
        if self._timer is None:
            self._timer = self._loop.call_at(self._written_at + PAUSE_S, self._look)

    def close(self) -> None:
        """Stop watching: `on_pause` is not called any more."""
        if self._timer is not None:
            self._timer.cancel()

    def _look(self) -> None:
        self._timer = None
        due = self._written_at + PAUSE_S
        if due > self._loop.time() + _SOON_S:
            self._timer = self._loop.call_at(due, self._look)
        else:
            self._on_pause()


def usage(reply: ReplyGenerated) -> dict[str, int]:
    """The attributes of a request to a model that say what it cost."""
    return {
        "gen_ai.usage.input_tokens": reply.prompt_tokens,
        "gen_ai.usage.output_tokens": reply.completion_tokens,
    }


def _count(tokens: object) -> int:
    """A number of tokens; 0 for what is none, as some services leave it out."""
    return tokens if type(tokens) is int and tokens > 0 else 0


def _checked(event: object) -> ModelEvent | None:
    """The event with text that can go anywhere; None if it holds something else than the port promises."""
    match event:
        case TextGenerated(str(text)):
            return event if text.isascii() else TextGenerated(well_formed(text))
        case ToolCalled(call_id=str(call_id), name=str(name), arguments=str(arguments)):
            return ToolCalled(call_id=well_formed(call_id), name=well_formed(name), arguments=well_formed(arguments))
        case MemoryUpdated(dict(memory)):
            return _checked_memory(memory)
        case ReplyGenerated(prompt_tokens, completion_tokens, cut, expected):
            expected = expected if isinstance(expected, ExpectedAnswer) else None
            return ReplyGenerated(_count(prompt_tokens), _count(completion_tokens), bool(cut), expected)
        case _:
            return None


def _checked_memory(memory: dict[Any, Any]) -> MemoryUpdated | None:
    """The notes with text that can go anywhere; None if they are longer than notes may be.

    Raises:
        TypeError, RecursionError: they cannot be written as JSON.
    """
    plain = well_formed_json(msgspec.to_builtins(memory, str_keys=True))
    return MemoryUpdated(plain) if len(msgspec.json.encode(plain)) <= MAX_MEMORY_BYTES else None
