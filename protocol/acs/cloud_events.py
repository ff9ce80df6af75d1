"""Deliveries of events: what a body holds before it is known which events they are."""

import binascii
from collections.abc import Container, Mapping
from datetime import UTC, datetime
from functools import cache
from typing import Any, get_args
from urllib.parse import unquote

import msgspec

from protocol.acs.tolerant_base64 import decode_base64
from protocol.errors import WireError
from protocol.tolerant_json import JsonError, decode_json

MOST_TOLERATED_BYTES = 65_536
"""The longest delivery in bytes of which malformed JSON is repaired. That of one call has 12 kB, mostly the context
that is needed to answer it."""
ATTRIBUTES = ("id", "source", "subject", "time", "type")
"""Attributes of a CloudEvent that are read."""
MAX_TYPE_CHARS = 128
"""How many characters of the type of an unknown or malformed event are kept, for the log."""


class EventsError(WireError):
    """A body in which no event can be looked for; the text says what is wrong."""


class UnknownEvent(msgspec.Struct, frozen=True):
    """An event of a type that is not known here; to be counted, never an error."""

    type: str
    call_connection_id: str = ""


class Malformed(msgspec.Struct, frozen=True):
    """An event that cannot be understood; `reason` names the field, not what it held."""

    type: str
    reason: str


def delivered(body: str | bytes) -> list[Any]:
    """What a body delivers, one or several, not looked at yet.

    Raises:
        EventsError: the body is no JSON, or neither an object nor an array.
    """
    try:
        values = _unwrapped(decode_json(body, MOST_TOLERATED_BYTES))
    except JsonError as error:
        raise EventsError(f"body: {error}") from error
    if isinstance(values, dict):
        return [values]
    if not isinstance(values, list):
        raise EventsError("body: expected an event or an array of events")
    return [_unwrapped(value) for value in values]


def _unwrapped(value: Any) -> Any:
    """An event as it is; the value in it where it is JSON that was written as a text once more."""
    if not isinstance(value, str | bytes):
        return value
    try:
        return decode_json(value)
    except JsonError:
        return value


def envelope(event: dict[str, Any]) -> dict[str, Any]:
    """What stands around the data of an event, by its names in lower case; exact spelling comes before another."""
    return {key.lower(): value for key, value in event.items()} | event


def structured(headers: Mapping[str, str], body: bytes) -> bytes:
    """The body of a delivery in CloudEvents' structured mode, which has all in the body.

    In the binary mode the attributes of an event are headers, percent-encoded, and the body is its data. `headers` has
    lower-case names, or ignores case.
    """
    if not headers.get("ce-type"):
        return body
    attributes = {name: unquote(headers[f"ce-{name}"]) for name in ATTRIBUTES if f"ce-{name}" in headers}
    return msgspec.json.encode({**attributes, "data_base64": binascii.b2a_base64(body, newline=False).decode()})


def event_data(event: dict[str, Any]) -> Any:
    """The data of an event, by its `envelope`: the object itself, or the one that its text or its `data_base64` holds,
    which CloudEvents allows, or that is alone in a list. Anything else is returned as it is, None for nothing.
    """
    data = event.get("data")
    if data is None and isinstance(encoded := event.get("data_base64"), str):
        try:
            data, _ = decode_base64(encoded)
        except ValueError:
            return encoded
    data = _unwrapped(data)
    return _unwrapped(data[0]) if isinstance(data, list) and len(data) == 1 else data


def moment(time: str) -> float | None:
    """The `time` of a CloudEvent in seconds since the epoch; None where there is none that can be read.

    One without a time zone is in UTC.
    """
    try:
        told_at = datetime.fromisoformat(time)
        return (told_at if told_at.tzinfo is not None else told_at.replace(tzinfo=UTC)).timestamp()
    except ValueError:
        return None


def spelled(value: Any, expected: Any) -> Any:
    """The same, with the names in objects as the Struct has them that `expected` is or speaks of, whatever their case.

    Names that the Struct does not have stay as they are; exact spelling comes before another.
    """
    names = _names(expected)
    if isinstance(value, list):
        return [spelled(inner, expected) if isinstance(inner, dict) else inner for inner in value]
    if not isinstance(value, dict) or not names:
        return value
    found: dict[str, Any] = {}
    for key, inner in value.items():
        name, inner_type = names.get(key.lower(), (key, None))
        if key == name or name not in value:
            found[name] = spelled(inner, inner_type)
    return found


@cache
def _names(expected: Any) -> dict[str, tuple[str, Any]]:
    """By a name in lower case, the name and type of a field of the Struct that a type is or speaks of."""
    if isinstance(expected, type) and issubclass(expected, msgspec.Struct):
        return {
            field.encode_name.lower(): (field.encode_name, field.type) for field in msgspec.structs.fields(expected)
        }
    return next((names for inner in get_args(expected) if (names := _names(inner))), {})


def fields_of(
    event_type: type[msgspec.Struct], data: dict[str, Any], needed: Container[str] = ()
) -> tuple[dict[str, Any], str]:
    """The fields of an event's `data` that can be read, and what is wrong with the first other one, empty for nothing.

    What happened is true though something beside it cannot be read, so a field that is wrong is left out. Those that
    are required or `needed` are given as they are, for the conversion of the event to say what is wrong. A number or
    a truth value may be written as text.
    """
    readable: dict[str, Any] = {}
    defect = ""
    for field in msgspec.structs.fields(event_type):
        name = field.encode_name
        if (value := data.get(name)) is None:
            continue
        try:
            value = without_nulls(value)
            msgspec.convert(value, field.type, strict=False)
        except (ValueError, RecursionError) as error:
            if not field.required and name not in needed:
                defect = defect or _wrong(name, error)
                continue
        readable[name] = value
    return readable, defect


def _wrong(name: str, error: Exception) -> str:
    """What is wrong with a field, in words that repeat nothing of it."""
    text = "nested too deeply" if isinstance(error, RecursionError) else str(error)
    what, _, path = text.partition(" - at `$")
    return f"data.{name}{path.rstrip('`')}: {what[:1].lower()}{what[1:]}"


def malformed(kind: str, error: Exception) -> Malformed:
    """Why the `data` of an event of that type could not be converted."""
    reason = "nested too deeply" if isinstance(error, RecursionError) else str(error).replace("`$", "`data")
    return Malformed(kind[:MAX_TYPE_CHARS], reason if "`" in reason else f"data: {reason}")


def without_nulls(value: Any) -> Any:
    """The object without the fields that are null, so that they count as absent."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value
