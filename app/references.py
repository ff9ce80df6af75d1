"""`package.module:name`: how a setting names something to load."""

import importlib
from typing import Any


class UnresolvedReference(Exception):
    """Nothing can be loaded by a reference. The text is one line."""


def resolve(reference: str) -> Any:
    """What `package.module:name` names.

    Raises:
        UnresolvedReference: the module cannot be found or lacks the name. An error while it is imported is passed on.
    """
    module_name, colon, name = reference.partition(":")
    if not (module_name and colon and name.isidentifier()):
        raise UnresolvedReference(f"{reference!r} is not of the form package.module:name")
    try:
        module = importlib.import_module(module_name)
    except ModuleNotFoundError as error:
        raise UnresolvedReference(f"{reference}: there is no module {error.name}") from error
    try:
        return getattr(module, name)
    except AttributeError:
        raise UnresolvedReference(f"{reference}: the module has no {name}") from None
