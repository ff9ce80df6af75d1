"""Deliveries of events: what a body holds before it is known which events they are."""

import binascii
from collections.abc import Container, Mapping
from typing import Any
from urllib.parse import unquote

import msgspec

from protocol.acs.tolerant_base64 import decode_base64
from protocol.errors import WireError

BYTE_ORDER_MARK = b"\xef\xbb\xbf"
"""Some write it before JSON in UTF-8, and RFC 8259 lets readers ignore it."""
ATTRIBUTES = ("id", "source", "subject", "time", "type")
"""Attributes of a CloudEvent that are read."""
MAX_TYPE_CHARS = 128
"""As much of an event's type is kept of one that is unknown or malformed."""


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
    raw = body.encode("utf-8", "surrogatepass") if isinstance(body, str) else body
    try:
        values = msgspec.json.decode(raw.removeprefix(BYTE_ORDER_MARK))
    except RecursionError:
        raise EventsError("body: nested too deeply") from None
    except ValueError as error:
        raise EventsError(f"body: not JSON: {error}") from error
    if isinstance(values, dict):
        return [values]
    if not isinstance(values, list):
        raise EventsError("body: expected an event or an array of events")
    return values


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
    """The data of an event: the object itself, or the one that its text or its `data_base64` holds, which CloudEvents
    allows. Anything else is returned as it is, None for nothing.
    """
    data = event.get("data")
    if data is None and isinstance(encoded := event.get("data_base64"), str):
        try:
            data, _ = decode_base64(encoded)
        except ValueError:
            return encoded
    if not isinstance(data, str | bytes):
        return data
    try:
        return msgspec.json.decode(data)
    except (ValueError, RecursionError):
        return data


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
    """The same, where fields that are null are absent."""
    if isinstance(value, dict):
        return {key: without_nulls(inner) for key, inner in value.items() if inner is not None}
    if isinstance(value, list):
        return [without_nulls(inner) for inner in value]
    return value
