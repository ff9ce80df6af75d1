"""Whether what an engine tells is an event of its port, field by field: engines are somebody else's code. Pure.

A number is finite, a whole number is no bool, and audio is whole samples of 16 bits.
"""

import math
import types
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any, Union, get_args, get_origin, get_type_hints

import msgspec

_Check = Callable[[Any], bool]


def violation(event: object, allowed: tuple[type[msgspec.Struct], ...]) -> str:
    """What is wrong with `event`, which is to be one of the `allowed`: "NoneType", or "AudioSynthesized.pcm".

    Names the class and the field, and never a value, which can carry what was said. Empty if nothing is wrong.
    """
    kind = type(event)
    if kind not in allowed:
        return kind.__name__
    for name, plain, is_sound, is_right in _checks(kind):
        value = getattr(event, name)
        if type(value) is plain:
            if is_sound is None or is_sound(value):
                continue
        elif is_right(value):
            continue
        return f"{kind.__name__}.{name}"
    return ""


@cache
def _checks(kind: type) -> tuple[tuple[str, type | None, _Check | None, _Check], ...]:
    """By field, the class that nearly every value of it is of, and what is left to check of those; then the check of
    all other values. None for a field of no such class, and where every value of the class is right.
    """
    hints = get_type_hints(kind)
    fields = ((field.name, hints[field.name]) for field in msgspec.structs.fields(kind))
    return tuple((name, *_PLAIN.get(hint, (None, None)), _check_of(hint)) for name, hint in fields)


def _check_of(hint: Any) -> _Check:
    if (simple := _SIMPLE.get(hint)) is not None:
        return simple
    if get_origin(hint) in (Union, types.UnionType):
        options = [_check_of(option) for option in get_args(hint)]
        return lambda value: any(is_right(value) for is_right in options)
    if get_origin(hint) is tuple:
        return lambda value: isinstance(value, tuple)
    if issubclass(hint, msgspec.Struct):
        return lambda value: not violation(value, (hint,))
    return lambda value: isinstance(value, hint)


def _is_finite(value: object) -> bool:
    return isinstance(value, _NUMBERS) and not isinstance(value, bool) and math.isfinite(value)


def _is_whole(pcm: bytes) -> bool:
    return len(pcm) % 2 == 0


# Named, since to write `int | float` makes another union with each event of an engine.
_NUMBERS, _BUFFERS = (int, float), (bytes, bytearray)

_PLAIN: Mapping[Any, tuple[type, _Check | None]] = {
    str: (str, None),
    int: (int, None),
    bool: (bool, None),
    float: (float, math.isfinite),
    bytes: (bytes, _is_whole),
}
"""Classes whose own instances need no check, or a short one: an int that is a bool is of another class."""

_SIMPLE: Mapping[Any, _Check] = {
    float: _is_finite,
    int: lambda value: isinstance(value, int) and not isinstance(value, bool),
    bytes: lambda value: isinstance(value, _BUFFERS) and len(value) % 2 == 0,
}
