"""Tools: typed functions that a model may call. The schema a model reads is made from the signature and the docstring.

    @tool(timeout_s=5)
    def free_times(day: date, context: ToolContext) -> list[str]:
        "Find free appointment times.

        Args:
            day: The day to look at.
        "

A parameter annotated with `ToolContext` is filled in by the caller of the tool and never shown to a model. `async def`
runs on the event loop, a plain `def` in one of a few threads of its own.
"""

import asyncio
import inspect
import logging
import re
from collections.abc import Callable
from contextvars import copy_context
from enum import StrEnum
from functools import partial
from typing import Any, Generic, Literal, ParamSpec, TypeVar, overload

import msgspec
from opentelemetry import metrics

from actors.errors import ToolDefinitionError, WrongArgumentsError
from actors.ports.call_controls import CallControls
from actors.ports.llm import ToolSchema
from actors.rules.unicode_text import well_formed_json
from actors.runtime.containment import comes_from_outside
from actors.runtime.time_limit import OverdueError, within
from actors.runtime.tool_threads import ToolThreads, ToolThreadsBusyError
from actors.session_context import SessionContext
from actors.tool_arguments import ToolArguments, read_arguments
from actors.tool_outcome import ToolEnding, ToolOutcome

__all__ = [
    "AnyTool",
    "OnInterruption",
    "Tool",
    "ToolContext",
    "ToolDefinitionError",
    "ToolEnding",
    "ToolOutcome",
    "ToolSchema",
    "end_conversation",
    "tool",
]
"""All that the author of a tool needs, wherever it is defined."""

P = ParamSpec("P")
R = TypeVar("R")

_logger = logging.getLogger(__name__)
_meter = metrics.get_meter("earshot")
_timed_out = _meter.create_counter("earshot.tool.timeouts", description="Tool calls that were given up")
_refused = _meter.create_counter("earshot.tool.refusals", description="Tool calls that were not begun: none returns")
_NAME = re.compile(r"[a-zA-Z_][a-zA-Z0-9_]{0,63}")


class OnInterruption(StrEnum):
    """What happens to a running tool when the caller takes the floor."""

    CANCEL = "cancel"
    FINISH = "finish"  # for what must not be done by halves; the result is kept for the next turn


class ToolContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool may know of the conversation that calls it."""

    session_id: str
    turn: int = 0
    agent: str = ""
    now: float = 0.0
    """When the call began, in seconds since the epoch. A tool uses this and no clock, so that a session can be
    replayed."""
    call: CallControls | None = None
    """The telephone call; None in a browser."""
    about: SessionContext = SessionContext()
    """What is known of the session before anybody speaks: caller, called number, context. `language` is that of the
    conversation, where the agent has several."""
    languages: tuple[str, ...] = ()
    """The languages to which the agent can change."""
    progress: Callable[[float], None] = lambda percent: None
    """Reports how many percent of the work are done, for the caller's page; may be called from any thread."""


class Tool(Generic[P, R]):
    """A function with its schema. Calling it calls the function."""

    def __init__(
        self,
        function: Callable[P, R],
        *,
        name: str = "",
        timeout_s: float,
        on_interruption: OnInterruption,
        confirm: bool = False,
        connects: bool = False,
        approval: Literal["", "operator"] = "",
    ) -> None:
        self.function = function
        self.confirm = confirm
        self.connects = connects
        self.approval = approval
        self.timeout_s = timeout_s
        self.on_interruption = on_interruption
        self.__name__ = name or function.__name__
        self._threads = ToolThreads(self.__name__, timeout_s)
        self.__doc__ = function.__doc__
        if not _NAME.fullmatch(self.__name__):
            raise ToolDefinitionError(f"{self.__name__!r} is no name for a tool: letters, digits and underscores only")
        if approval not in ("", "operator"):
            raise ToolDefinitionError(f"{self.__name__}: approval is {approval!r}; only an operator can approve a call")
        self._arguments = ToolArguments(self.__name__, function, ToolContext)
        self.schema = ToolSchema(self.__name__, self._arguments.summary, self._arguments.schema)

    @property
    def name(self) -> str:
        """What models and agent files call it."""
        return self.__name__

    def __call__(self, *args: P.args, **kwargs: P.kwargs) -> R:
        return self.function(*args, **kwargs)

    async def run(self, arguments: str, context: ToolContext) -> ToolOutcome:
        """Run with `arguments`, a JSON object as text; an empty text counts as an empty object.

        Nothing but the cancellation of the task that awaits this is raised: wrong arguments, a timeout or whatever the
        tool raises become an outcome with `failed` set, whose result is `{"error": text}`, meant for the model.
        """
        try:
            keywords = read_arguments(self.name, arguments, self.keywords)
        except WrongArgumentsError as error:
            return _failure(str(error))
        if self._arguments.hidden is not None:
            keywords[self._arguments.hidden] = context
        task = asyncio.current_task()
        try:
            result = await within(self.timeout_s, self.call(keywords))
        except ToolThreadsBusyError as error:
            _refused.add(1, {"tool": self.name})
            _logger.warning("tool %s is refused: %s", self.name, error)
            return _failure(f"{self.name} was not begun: its service is not answering; do not try again now")
        except BaseException as error:
            if comes_from_outside(error, task):
                raise
            if isinstance(error, OverdueError):
                _timed_out.add(1, {"tool": self.name})
                _logger.warning("tool %s took longer than %g s", self.name, self.timeout_s)
                return _failure(
                    f"{self.name} took longer than {self.timeout_s:g} seconds and was given up: it is not known whether"
                    " it was done, do not repeat it without asking the user"
                )
            # The message of an exception may quote what the caller said; its class does not.
            _logger.warning("tool %s failed: %s", self.name, type(error).__name__)
            return _failure(f"the tool {self.name} failed")
        return _as_outcome(self.name, result)

    def fault(self, arguments: str) -> str:
        """What is wrong with `arguments`, a JSON object as text, for the model; empty if the tool takes them."""
        try:
            read_arguments(self.name, arguments, self.keywords)
        except WrongArgumentsError as error:
            return str(error)
        return ""

    def keywords(self, raw: Any) -> dict[str, Any]:
        """The arguments in `raw`, a JSON value, by name.

        Raises:
            msgspec.ValidationError: they are not what the tool takes.
        """
        return self._arguments.keywords(raw)

    async def call(self, keywords: dict[str, Any]) -> Any:
        """What the tool returns for these arguments; raises what it raises."""
        function: Callable[..., Any] = self.function
        if inspect.iscoroutinefunction(function):
            return await function(**keywords)
        called = partial(copy_context().run, function, **keywords)
        return await asyncio.get_running_loop().run_in_executor(self._threads, called)


AnyTool = Tool[Any, Any]


@overload
def tool(function: Callable[P, R]) -> Tool[P, R]: ...


@overload
def tool(
    *,
    name: str = "",
    timeout_s: float = 10.0,
    on_interruption: OnInterruption = OnInterruption.CANCEL,
    confirm: bool = False,
    connects: bool = False,
    approval: Literal["", "operator"] = "",
) -> Callable[[Callable[P, R]], Tool[P, R]]: ...


def tool(
    function: Callable[P, R] | None = None,
    *,
    name: str = "",
    timeout_s: float = 10.0,
    on_interruption: OnInterruption = OnInterruption.CANCEL,
    confirm: bool = False,
    connects: bool = False,
    approval: Literal["", "operator"] = "",
) -> Tool[P, R] | Callable[[Callable[P, R]], Tool[P, R]]:
    """Make a typed function a tool.

    Args:
        function: what is done; its docstring tells the model of it.
        name: what models and agent files call it; empty: the function's name.
        timeout_s: a call is given up after this.
        on_interruption: what becomes of a call that runs when the caller interrupts.
        confirm: it must be said back first: the first call with the same arguments is put off, and is made when the
            model calls again after the caller's next words.
        connects: it calls somebody for the caller, who hears the agent's `connecting` phrases meanwhile.
        approval: `operator`: each call waits until an operator approves it, and is not made where nobody does in time.

    Raises:
        ToolDefinitionError: a parameter has no type, or one that JSON cannot carry.
    """

    def decorate(decorated: Callable[P, R]) -> Tool[P, R]:
        return Tool(
            decorated,
            name=name,
            timeout_s=timeout_s,
            on_interruption=on_interruption,
            confirm=confirm,
            connects=connects,
            approval=approval,
        )

    return decorate if function is None else decorate(function)


def _failure(text: str) -> ToolOutcome:
    return ToolOutcome({"error": text}, failed=True)


def _as_outcome(name: str, result: Any) -> ToolOutcome:
    """A plain value becomes an outcome; what is no JSON value counts as a failure of the tool."""
    outcome = result if isinstance(result, ToolOutcome) else ToolOutcome(result)
    try:
        value = well_formed_json(msgspec.to_builtins(outcome.result, str_keys=True))
        msgspec.json.encode(value)
    except Exception:  # noqa: BLE001 - the value is the tool's, and so is what its encoding raises
        _logger.warning("tool %s returned a value that is no JSON", name)
        return _failure(f"the tool {name} failed")
    return msgspec.structs.replace(outcome, result=value)


@tool
async def end_conversation() -> ToolOutcome:
    """End the conversation. Call it when the user has said goodbye or wants nothing more."""
    return ToolOutcome({"status": "ending"}, ToolEnding.END_SESSION)
