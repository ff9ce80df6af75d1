"""The tools that agents may name. Every `Tool` in a module of this package is one: to add one, add a function."""

import importlib
import pkgutil

from actors.tools import AnyTool, Tool, ToolDefinitionError, end_conversation
from app.plugins import in_one_line


def load_tools() -> dict[str, AnyTool]:
    """By name: the built-in `end_conversation`, and all of this package.

    Raises:
        ToolDefinitionError: a module cannot be imported, two tools have the same name, or a function cannot be a tool.
    """
    tools: dict[str, AnyTool] = {end_conversation.name: end_conversation}
    for found in pkgutil.iter_modules(__path__):
        name = f"{__name__}.{found.name}"
        try:
            module = importlib.import_module(name)
        except (Exception, SystemExit) as error:
            raise ToolDefinitionError(f"{name} cannot be imported: {in_one_line(error)}") from error
        for value in vars(module).values():
            if not isinstance(value, Tool):
                continue
            if tools.setdefault(value.name, value) is not value:
                raise ToolDefinitionError(f"{module.__name__}: there is already a tool named {value.name}")
    return tools
