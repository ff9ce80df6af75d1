"""The nearest right word for a mistake in an agent's file. Pure."""

import re
from collections.abc import Iterable
from difflib import get_close_matches
from typing import Any, get_args, get_origin, get_type_hints

import msgspec

_UNKNOWN_FIELD = re.compile(r"Object contains unknown field `(.+)`")
_INDEX = re.compile(r"\[[^\]]*\]")
CLOSENESS = 0.6
"""From 0 to 1: two letters of a word of six may be wrong."""


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


def explained(reason: str, path: str, kind: type[msgspec.Struct]) -> str:
    """What msgspec says is wrong at `path` of a `kind`, and which key is likely meant where there is no such key."""
    unknown = _UNKNOWN_FIELD.fullmatch(reason)
    if not unknown:
        return reason
    said = f"there is no key {unknown[1]}"
    structs = _structs_at(kind, path)
    return with_nearest(
        said, unknown[1], {field.encode_name for each in structs for field in msgspec.structs.fields(each)}
    )


def _structs_at(kind: type[msgspec.Struct], path: str) -> list[type[msgspec.Struct]]:
    """The Structs that may stand at a path such as `barge_in.speaking` or `dialogue.intents[0].steps[1]`."""
    found: list[type[msgspec.Struct]] = [kind]
    for name in filter(None, _INDEX.sub("", path).split(".")):
        below = [hints[name] for each in found if name in (hints := get_type_hints(each, include_extras=False))]
        # The keys of a mapping are no fields: what stands behind them is still among these.
        found = [struct for hint in below for struct in _structs_in(hint)] or found
    return found


def _structs_in(hint: Any) -> list[type[msgspec.Struct]]:
    if isinstance(hint, type) and issubclass(hint, msgspec.Struct):
        return [hint]
    if get_origin(hint) is None:
        return []
    return [struct for inner in get_args(hint) for struct in _structs_in(inner)]
