"""The tools that agents may name. Every `Tool` in a module of this package is one: to add one, add a function.

A plain function with types and a docstring is one too, for an agent whose file names it.
"""

import importlib
import inspect
import pkgutil
from collections.abc import Callable, Iterator
from types import ModuleType
from typing import Any

from actors.tools import AnyTool, Tool, ToolDefinitionError, end_conversation
from app.plugins import in_one_line


def load_tools() -> dict[str, AnyTool]:
    """By name: the built-in `end_conversation`, and all of this package.

    Raises:
        ToolDefinitionError: a module cannot be imported, two tools have the same name, or a function cannot be a tool.
    """
    tools: dict[str, AnyTool] = {end_conversation.name: end_conversation}
    for module in _modules():
        for value in vars(module).values():
            if not isinstance(value, Tool):
                continue
            if tools.setdefault(value.name, value) is not value:
                raise ToolDefinitionError(f"{module.__name__}: there is already a tool named {value.name}")
    return tools


def plain_function(name: str) -> Callable[..., Any] | None:
    """The function of this name that a module of this package defines, and that is no `Tool`; None if there is none.

    Raises:
        ToolDefinitionError: a module cannot be imported.
    """
    defined = (vars(module).get(name) for module in _modules() if not name.startswith("_"))
    return next(
        (value for value in defined if inspect.isfunction(value) and value.__module__.startswith(__name__)), None
    )


def _modules() -> Iterator[ModuleType]:
    for found in pkgutil.iter_modules(__path__):
        name = f"{__name__}.{found.name}"
        try:
            yield importlib.import_module(name)
        except (Exception, SystemExit) as error:
            raise ToolDefinitionError(f"{name} cannot be imported: {in_one_line(error)}") from error
