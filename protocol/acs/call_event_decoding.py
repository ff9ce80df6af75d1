"""Reads Call Automation's callbacks: CloudEvents to the Structs of `call_events.py`.

An unknown type is an `UnknownEvent`, fields that are null are absent, and one malformed event of a delivery does not
spoil the others.
"""

from typing import Any

import msgspec

from protocol.acs.call_events import EVENTS, OF_A_SERVER_CALL, AcsEvent, Result
from protocol.acs.cloud_events import (
    MAX_TYPE_CHARS,
    Malformed,
    UnknownEvent,
    delivered,
    event_data,
    malformed,
    without_nulls,
)

PREFIX = "Microsoft.Communication."


def decode(body: str | bytes) -> list[AcsEvent | UnknownEvent | Malformed]:
    """The events of a delivery, in its order: one CloudEvent or an array of them.

    Raises:
        EventsError: the body is no JSON, or neither an object nor an array.
    """
    return [_event(value) for value in delivered(body)]


def _event(value: Any) -> AcsEvent | UnknownEvent | Malformed:
    if not isinstance(value, dict):
        return Malformed("", "event: expected an object")
    kind = value.get("type")
    if not isinstance(kind, str):
        return Malformed("", "type: missing" if kind is None else "type: expected text")
    data = event_data(value)
    event_type = EVENTS.get(kind.removeprefix(PREFIX)) if kind.startswith(PREFIX) else None
    if event_type is None:
        return UnknownEvent(kind[:MAX_TYPE_CHARS], _text(data, "callConnectionId") if isinstance(data, dict) else "")
    if not isinstance(data, dict):
        return Malformed(kind, "data: missing" if data is None else "data: expected an object")
    envelope = {"eventId": _text(value, "id"), "time": _text(value, "time")}
    try:
        fields = _from_source(value) | _with_readable_result(without_nulls(data)) | envelope
        event = msgspec.convert(fields, event_type)
    except (ValueError, RecursionError) as error:
        return malformed(kind, error)
    if event.call_connection_id or (event.server_call_id and isinstance(event, OF_A_SERVER_CALL)):
        return event
    return Malformed(kind, "data.callConnectionId: missing")


def _with_readable_result(data: dict[str, Any]) -> dict[str, Any]:
    """The same, without a result that cannot be read: what happened to the call is true without its reason."""
    try:
        msgspec.convert(data.get("resultInformation", {}), Result)
    except ValueError:
        return {name: value for name, value in data.items() if name != "resultInformation"}
    return data


def _from_source(value: dict[str, Any]) -> dict[str, str]:
    """The ids that the source or subject of a CloudEvent holds."""
    match (_text(value, "source") or _text(value, "subject")).strip("/").split("/"):
        case ["calling", "callConnections", call_connection_id, *_]:
            return {"callConnectionId": call_connection_id}
        case ["calling", "recordings", server_call_id, recording_id, *_]:
            return {"serverCallId": server_call_id, "recordingId": recording_id}
        case _:
            return {}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
