"""The nearest right word for a mistake in an agent's file, or in the name of one."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from enum import Enum
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, get_args, get_origin, get_type_hints

import msgspec

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.+)`")
_UNKNOWN_VALUE = re.compile(r"Invalid enum value '(.+)'", re.DOTALL)
_UNQUOTED = re.compile(r"Expected `str(?: \| null)?`, got `(?:int|bool|float)`")
"""Matches msgspec's error for a text that YAML has read as a number or a boolean, because it has no quotes."""
_INDEX = re.compile(r"\[[^\]]*\]")
MOST_FILES = 1_000
"""The most files of a directory that are looked at."""
T = TypeVar("T")
CLOSENESS = 0.6
"""How alike a name has to be, from 0 to 1, to be suggested: two letters of a word of six may be wrong."""


def nearest(word: str, known: Iterable[str]) -> str:
    """The one of `known` that is most like `word`; empty if none is."""
    found = get_close_matches(word, sorted(known), 1, CLOSENESS)
    return found[0] if found else ""


def with_nearest(reason: str, word: str, known: Iterable[str]) -> str:
    """`reason`, and behind it which of `known` is likely meant, or which there are."""
    known = sorted(known)
    if near := nearest(word, known):
        return f"{reason}; is {near} meant?"
    return f"{reason}; there {'is' if len(known) == 1 else 'are'} {', '.join(known)}" if known else reason


def with_nearest_file(reason: str, missing: Path) -> str:
    """`reason`, and which file of the same directory is likely meant; nothing more where none is like it."""
    folder = missing.parent
    names = [path.name for path in islice(folder.iterdir(), MOST_FILES)] if folder.is_dir() else []
    near = nearest(missing.name, names)
    return f"{reason}; is {near} meant?" if near else reason


def explained(reason: str, path: str, kind: type[msgspec.Struct]) -> str:
    """What msgspec says is wrong at `path` of a `kind`, and which key is likely meant where there is no such key."""
    unknown = _UNKNOWN_FIELD.fullmatch(reason)
    if wrong := _UNKNOWN_VALUE.fullmatch(reason):
        known = {str(value.value) for values in _enums_at(kind, path) for value in values}
        return with_nearest(f"there is no {wrong[1]}", wrong[1], known)
    if not unknown:
        return f"{reason}: put it in quotes" if _UNQUOTED.match(reason) else reason
    said = f"there is no key {unknown[1]}"
    structs = _structs_at(kind, path)
    return with_nearest(
        said, unknown[1], {field.encode_name for each in structs for field in msgspec.structs.fields(each)}
    )


def _enums_at(kind: type[msgspec.Struct], path: str) -> list[type[Enum]]:
    """The enumerations that may stand at a path such as `scenarios[0].steps[1].ended`."""
    before, _, name = path.rpartition(".")
    fields = [field for struct in _structs_at(kind, before) for field in msgspec.structs.fields(struct)]
    name = _INDEX.sub("", name)
    return [each for field in fields if field.encode_name == name for each in _types_in(field.type, Enum)]


def _structs_at(kind: type[msgspec.Struct], path: str) -> list[type[msgspec.Struct]]:
    """The Structs that may stand at a path such as `barge_in.speaking` or `dialogue.intents[0].steps[1]`."""
    found: list[type[msgspec.Struct]] = [kind]
    for name in filter(None, _INDEX.sub("", path).split(".")):
        below = [hints[name] for each in found if name in (hints := get_type_hints(each, include_extras=False))]
        # The keys of a mapping are no fields: what stands behind them is still among these.
        found = [struct for hint in below for struct in _types_in(hint, msgspec.Struct)] or found
    return found


def _types_in(hint: Any, base: type[T]) -> list[type[T]]:
    """The types derived from `base` of which a type is made, as `X | None` is of X."""
    if isinstance(hint, type) and issubclass(hint, base):
        return [hint]
    if get_origin(hint) is None:
        return []
    return [each for inner in get_args(hint) for each in _types_in(inner, base)]
