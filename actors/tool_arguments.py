"""The arguments of a tool: the schema that a model reads of them, and how what it gives is read and converted."""

import inspect
import re
from collections.abc import Callable, Mapping
from datetime import time
from typing import Annotated, Any, get_args, get_type_hints

import msgspec
from msgspec import Meta

from actors.errors import ToolDefinitionError, WrongArgumentsError
from protocol.schema_patterns import for_every_dialect

_ARGUMENT = re.compile(r"\s*(\w+)(?:\s*\([^)]*\))?:\s*(.*)")
_NO_SECONDS = re.compile(r"\d\d:\d\d")
_REFERENCE = "#/$defs/{name}"


class ToolArguments:
    """What one function takes, as its signature and its docstring say.

    Args:
        tool: the name of the tool, for what is wrong with it.
        function: is called with the arguments.
        hidden_type: a parameter of this type is no argument: the caller of the tool fills it in, not the model.

    Raises:
        ToolDefinitionError: a parameter has no type, or one that JSON cannot carry.
    """

    def __init__(self, tool: str, function: Callable[..., Any], hidden_type: type) -> None:
        hints = get_type_hints(function, include_extras=True)
        self.hidden = next((name for name, hint in hints.items() if hint is hidden_type), None)
        """The name of the parameter that the model does not see; None if there is none."""
        self.summary, descriptions = _read_docstring(function)
        """What the tool does, as the model reads it."""
        self._times = frozenset(name for name, hint in hints.items() if hint is time or time in get_args(hint))
        self._struct = _argument_struct(tool, function, hints, descriptions, self.hidden)
        self.schema = _parameters(self._struct)
        """A JSON schema of an object with the arguments as its properties. It holds no references."""

    def keywords(self, raw: Any) -> dict[str, Any]:
        """The arguments in `raw`, a JSON value, by name, each of the type of its parameter.

        Raises:
            msgspec.ValidationError: they are not what the function takes.
        """
        values = msgspec.convert(self._with_seconds(raw), self._struct, strict=False)
        return {field: getattr(values, field) for field in self._struct.__struct_fields__}

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


def read_arguments(tool: str, arguments: str, keywords: Callable[[Any], dict[str, Any]]) -> dict[str, Any]:
    """The arguments by name in a text that a model has written: a JSON object; an empty text counts as an empty one.

    Args:
        tool: the name of the tool.
        arguments: the text.
        keywords: called with the JSON value for the arguments in it; raises `msgspec.ValidationError`.

    Raises:
        WrongArgumentsError: they are not what the tool takes.
    """
    try:
        return keywords(msgspec.json.decode(arguments or "{}"))
    except msgspec.DecodeError as error:  # covers wrong types too: ValidationError is one
        raise WrongArgumentsError(f"wrong arguments for {tool}: {_describe(error)}") from None
    except (RecursionError, ValueError):
        raise WrongArgumentsError(f"wrong arguments for {tool}: nested too deep, or no text that can be read") from None


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
    name: str,
    function: Callable[..., Any],
    hints: Mapping[str, Any],
    descriptions: Mapping[str, str],
    hidden: str | None,
) -> type[msgspec.Struct]:
    fields: list[tuple[str, Any] | tuple[str, Any, Any]] = []
    for parameter in inspect.signature(function).parameters.values():
        hint = hints.get(parameter.name)
        if parameter.name == hidden:
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
    schema: dict[str, Any] = for_every_dialect(_inline(root, components))
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
