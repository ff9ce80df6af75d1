"""The tools that an agent's file names: what is in `app/tools`, and `package.module:name` of anywhere."""

import inspect
from collections.abc import MutableMapping
from typing import Any

from actors.tools import AnyTool, Tool, ToolDefinitionError, tool
from app.agents.nearest import with_nearest
from app.plugins import PluginError, in_one_line, resolve
from app.tools import plain_function


class NoToolError(PluginError):
    """What an agent's file names cannot be a tool; the text says what is missing."""


def tool_named(named: str, tools: MutableMapping[str, AnyTool]) -> AnyTool:
    """Find the tool that an agent's file names by `named`, and add it to `tools` under its own name.

    Raises:
        NoToolError: there is no such tool, it cannot be one, or another one has its name.
    """
    if ":" in named:
        found = _referenced(named)
    elif named in tools:
        return tools[named]
    elif (function := plain_function(named)) is not None:
        found = _made(named, function)
    else:
        raise NoToolError(with_nearest(f"there is no tool {named}", named, tools))
    known = tools.setdefault(found.name, found)
    # A plain function is made a tool once; every agent that names it has that one.
    if known is not found and known.function is not found.function:
        raise NoToolError(f"there is already another tool named {found.name}")
    return known


def _referenced(reference: str) -> AnyTool:
    try:
        found = resolve(reference)
    except PluginError as error:
        raise NoToolError(str(error)) from None
    except Exception as error:
        raise NoToolError(f"{reference} cannot be imported: {in_one_line(error)}") from error
    return found if isinstance(found, Tool) else _made(reference, found)


def _made(named: str, function: Any) -> AnyTool:
    """Make a tool of a plain function with the defaults of the decorator; raises `NoToolError` if it cannot be one."""
    if not inspect.isfunction(function):
        raise NoToolError(f"{named} is no tool: it is no function, but of type {type(function).__name__}")
    if not (function.__doc__ or "").strip():
        raise NoToolError(f"{named} is no tool: it needs a docstring, which tells the model what it does")
    try:
        made: AnyTool = tool(function)
    except (ToolDefinitionError, NameError) as error:
        raise NoToolError(f"{named} is no tool: {error}") from None
    return made
