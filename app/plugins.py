"""`package.module:name`: how a setting names something to load."""

import importlib
import traceback
from pathlib import PurePath
from typing import Any

from app.errors import AppError
from config.errors import ConfigurationError

MOST_CHARACTERS = 300
"""The most characters of an error's text that are shown."""


class PluginError(AppError, ConfigurationError):
    """Nothing can be loaded by a reference. The text is one line."""


def resolve(reference: str) -> Any:
    """What `package.module:name` names.

    Raises:
        PluginError: the module cannot be found, fails while it is imported, or lacks the name.
    """
    module_name, colon, name = reference.partition(":")
    if not (module_name and colon and name.isidentifier()):
        raise PluginError(f"{reference!r} is not of the form package.module:name")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise PluginError(f"{reference}: there is no module {error.name or module_name}") from error
    except (Exception, SystemExit) as error:
        raise PluginError(f"{reference}: the module cannot be imported: {in_one_line(error)}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise PluginError(f"{reference}: the module has no {name}") from None


def in_one_line(error: BaseException, *, with_text: bool = True) -> str:
    """Text and type of an error of somebody's own code, and the place in that code which raised it."""
    text = " ".join(str(error).split())[:MOST_CHARACTERS] if with_text else ""
    frames = traceback.extract_tb(error.__traceback__)
    origin = [type(error).__name__, *(f"{PurePath(frame.filename).name}:{frame.lineno}" for frame in frames[-1:])]
    return f"{text} ({', '.join(origin)})" if text else ", ".join(origin)
