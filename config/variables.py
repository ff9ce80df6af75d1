"""The variables of the environment: what a field of a group of settings says of its own, and how a group is read."""

import re
from collections.abc import Iterator, Mapping
from typing import Any, TypeVar, get_type_hints

import msgspec

from config.errors import GuessableError, SettingsError
from config.kinds import Kind

MOST_SHOWN_CHARS = 60
"""The most characters of a wrong value that the line about it shows."""
PASSWORD_IN_ADDRESS = re.compile(r"://[^/@]*:[^/@]*@")
"""Matches a password in a URL; passwords are never shown, whatever variable holds the URL."""

Group = TypeVar("Group", bound=msgspec.Struct)


class Variable(msgspec.Struct, frozen=True):
    """The variable that a field of a group of settings is read from."""

    name: str
    help: str
    kind: Kind


class Documented(msgspec.Struct, frozen=True, kw_only=True):
    """One row of the table of variables. `default` is as one would write it, empty for none."""

    name: str
    default: str
    help: str
    allowed: str
    secret: bool = False


def variables(group: type[msgspec.Struct]) -> dict[str, Variable]:
    """The variables of a group of settings, by field."""
    hints = get_type_hints(group, include_extras=True)
    return {field: hints[field].__metadata__[0] for field in group.__struct_fields__}


def read(group: type[Group], environ: Mapping[str, str]) -> Group:
    """A group of settings from `environ`, which is asked for nothing else. An empty variable has its default.

    Raises:
        SettingsError: a value cannot be used; names the first such variable.
    """
    given: dict[str, Any] = {}
    for field, variable in variables(group).items():
        text = environ.get(variable.name, "").strip()
        if text:
            given[field] = _parsed(variable, text)
    return group(**given)


def documented(group: type[msgspec.Struct]) -> Iterator[Documented]:
    """The rows of a group of settings, in the order of its fields."""
    defaults = {field.name: field.default for field in msgspec.structs.fields(group)}
    for field, variable in variables(group).items():
        yield Documented(
            name=variable.name,
            default=written(defaults[field]),
            help=variable.help,
            allowed=variable.kind.allowed,
            secret=variable.kind.secret,
        )


def _parsed(variable: Variable, text: str) -> Any:
    name, kind = variable.name, variable.kind
    try:
        return kind.parse(text)
    except GuessableError:
        raise SettingsError(f"{name} is easy to guess; `openssl rand -hex 24` makes one that is not") from None
    except ValueError:
        is_secret = kind.secret or PASSWORD_IN_ADDRESS.search(text) is not None
        problem = "has a value that cannot be used" if is_secret else f"is {_shortened(text)!r}"
        raise SettingsError(f"{name} {problem}; it must be {kind.allowed}") from None


def _shortened(text: str) -> str:
    return text if len(text) <= MOST_SHOWN_CHARS else text[: MOST_SHOWN_CHARS - 3] + "..."


def written(value: Any) -> str:
    """A value as one would write it into the environment; empty for none."""
    match value:
        case None:
            return ""
        case bool():
            return "on" if value else "off"
        case float():
            return f"{value:g}"
        case tuple():
            return ",".join(value)
        case _:
            return str(value)
