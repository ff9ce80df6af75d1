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
from collections.abc import Callable, Mapping
from contextvars import copy_context
from datetime import time
from enum import StrEnum
from functools import partial
from typing import Annotated, Any, Generic, Literal, ParamSpec, TypeVar, get_args, get_type_hints, overload

import msgspec
from msgspec import Meta
from opentelemetry import metrics

from actors.errors import ActorsError
from actors.ports.call_controls import CallControls
from actors.ports.llm import ToolSchema
from actors.rules.unicode_text import well_formed_json
from actors.runtime.containment import comes_from_outside
from actors.runtime.tool_threads import ToolThreads, ToolThreadsBusyError
from actors.session_context import SessionContext
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
_ARGUMENT = re.compile(r"\s*(\w+)(?:\s*\([^)]*\))?:\s*(.*)")
_NO_SECONDS = re.compile(r"\d\d:\d\d")
_REFERENCE = "#/$defs/{name}"


class OnInterruption(StrEnum):
    """What happens to a running tool when the user takes the floor."""

    CANCEL = "cancel"
    FINISH = "finish"  # for what must not be done by halves; the result is kept for the next turn


class ToolContext(msgspec.Struct, frozen=True, kw_only=True):
    """What a tool may know of the conversation that calls it."""

    session_id: str
    turn: int = 0
    agent: str = ""
    now: float = 0.0
    """Seconds since the epoch: a tool reads no clock of its own, so that a session can be replayed."""
    call: CallControls | None = None
    """The telephone call; None in a browser."""
    about: SessionContext = SessionContext()
    """What is known of the session before a word is said: caller, called number, context. `language` is that of the
    conversation, where the agent has several."""
    languages: tuple[str, ...] = ()
    """Those that the agent can change to."""


class ToolDefinitionError(ActorsError):
    """A function cannot be a tool; says which and why."""


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
        hints = get_type_hints(function, include_extras=True)
        self._context_name = next((key for key, hint in hints.items() if hint is ToolContext), None)
        self._times = frozenset(name for name, hint in hints.items() if hint is time or time in get_args(hint))
        summary, descriptions = _read_docstring(function)
        self._arguments = _argument_struct(self.__name__, function, hints, descriptions)
        self.schema = ToolSchema(self.__name__, summary, _parameters(self._arguments))

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
        keywords = self._read(arguments)
        if isinstance(keywords, ToolOutcome):
            return keywords
        if self._context_name is not None:
            keywords[self._context_name] = context
        task = asyncio.current_task()
        try:
            async with asyncio.timeout(self.timeout_s) as limit:
                result = await self.call(keywords)
        except ToolThreadsBusyError as error:
            _refused.add(1, {"tool": self.name})
            _logger.warning("tool %s is refused: %s", self.name, error)
            return _failure(f"{self.name} was not begun: its service is not answering; do not try again now")
        except BaseException as error:
            if comes_from_outside(error, task):
                raise
            if limit.expired():
                _timed_out.add(1, {"tool": self.name})
                _logger.warning("tool %s took longer than %g s", self.name, self.timeout_s)
                return _failure(
                    f"{self.name} took longer than {self.timeout_s:g} seconds and was given up: it is not known whether"
                    " it was done, do not repeat it without asking the user"
                )
            # The message of an exception may quote what the user said; its class does not.
            _logger.warning("tool %s failed: %s", self.name, type(error).__name__)
            return _failure(f"the tool {self.name} failed")
        return _as_outcome(self.name, result)

    def fault(self, arguments: str) -> str:
        """What is wrong with `arguments`, a JSON object as text, for the model; empty if the tool takes them."""
        return found.result["error"] if isinstance(found := self._read(arguments), ToolOutcome) else ""

    def _read(self, arguments: str) -> dict[str, Any] | ToolOutcome:
        """The arguments by name, or the outcome of a call with wrong ones."""
        try:
            return self.keywords(msgspec.json.decode(arguments or "{}"))
        except msgspec.DecodeError as error:  # covers wrong types too: ValidationError is one
            return _failure(f"wrong arguments for {self.name}: {_describe(error)}")
        except (RecursionError, ValueError):
            return _failure(f"wrong arguments for {self.name}: nested too deep, or no text that can be read")

    def keywords(self, raw: Any) -> dict[str, Any]:
        """The arguments in `raw`, a JSON value, by name.

        Raises:
            msgspec.ValidationError: they are not what the tool takes.
        """
        values = msgspec.convert(self._with_seconds(raw), self._arguments, strict=False)
        return {field: getattr(values, field) for field in self._arguments.__struct_fields__}

    def _with_seconds(self, raw: Any) -> Any:
        """`10:30` as `10:30:00` where a time is wanted: models leave the seconds out, msgspec insists on them."""
        if not isinstance(raw, dict):
            return raw
        return {
            key: f"{value}:00"
            if key in self._times and isinstance(value, str) and _NO_SECONDS.fullmatch(value)
            else value
            for key, value in raw.items()
        }

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


def _describe(error: msgspec.DecodeError) -> str:
    """`Expected ... - at `$.day`` as `day: Expected ...`; other texts of msgspec name the field already."""
    reason, _, path = str(error).partition(" - at ")
    field = path.strip("`").removeprefix("$").lstrip(".")
    return f"{field}: {reason}" if field else reason


def _read_docstring(function: Callable[..., Any]) -> tuple[str, dict[str, str]]:
    """The summary (all up to the first section) and what `Args:` says of each parameter."""
    lines = (inspect.getdoc(function) or "").splitlines()
    sections = {"Args:", "Returns:", "Raises:"}
    end = next((index for index, line in enumerate(lines) if line in sections), len(lines))
    summary = " ".join(line.strip() for line in lines[:end] if line.strip())
    descriptions: dict[str, str] = {}
    name = ""
    start = lines.index("Args:") + 1 if "Args:" in lines else len(lines)
    for line in lines[start:]:
        if not line.startswith(" "):
            break
        found = _ARGUMENT.fullmatch(line) if line.startswith("    ") and not line.startswith("     ") else None
        if found:
            name = found[1]
            descriptions[name] = found[2]
        elif name:
            descriptions[name] += f" {line.strip()}"
    return summary, descriptions


def _argument_struct(
    name: str, function: Callable[..., Any], hints: Mapping[str, Any], descriptions: Mapping[str, str]
) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name)
        if hint is ToolContext:
            continue
        if hint is None or parameter.kind in (
            parameter.VAR_POSITIONAL,
            parameter.VAR_KEYWORD,
            parameter.POSITIONAL_ONLY,
        ):
            raise ToolDefinitionError(f"{name}: parameter {parameter.name} needs a type and must be passable by name")
        if parameter.name in descriptions:
            hint = Annotated[hint, Meta(description=descriptions[parameter.name])]
        if parameter.default is parameter.empty:
            fields.append((parameter.name, hint))
        else:
            fields.append((parameter.name, hint, parameter.default))
    return msgspec.defstruct(name, fields, kw_only=True, forbid_unknown_fields=True)


def _parameters(arguments: type[msgspec.Struct]) -> dict[str, Any]:
    try:
        (root,), components = msgspec.json.schema_components([arguments], ref_template=_REFERENCE)
    except TypeError as error:
        raise ToolDefinitionError(f"{arguments.__name__}: {error}") from error
    schema: dict[str, Any] = _inline(root, components)
    return {key: value for key, value in schema.items() if key != "title"}


def _inline(node: Any, components: Mapping[str, Any]) -> Any:
    """`node` with every reference replaced by what it refers to: some models read no references."""
    if isinstance(node, list):
        return [_inline(item, components) for item in node]
    if not isinstance(node, dict):
        return node
    if "$ref" in node:
        target = components[node["$ref"].removeprefix(_REFERENCE.format(name=""))]
        node = {**target, **{key: value for key, value in node.items() if key != "$ref"}}
    return {key: _inline(value, components) for key, value in node.items()}


@tool
async def end_conversation() -> ToolOutcome:
    """End the conversation. Call it when the user has said goodbye or wants nothing more."""
    return ToolOutcome({"status": "ending"}, ToolEnding.END_SESSION)
