"""Reads Call Automation's callbacks: CloudEvents to the Structs of `call_events.py`.

An unknown type is an `UnknownEvent`, and fields that are null are absent. One malformed event of a delivery does not
spoil the others, nor one malformed field its event: the end of a call is its end whatever stands beside it.
"""

from typing import Any

import msgspec

from protocol.acs.call_events import EVENTS, OF_A_SERVER_CALL, AcsEvent
from protocol.acs.cloud_events import (
    MAX_TYPE_CHARS,
    Malformed,
    UnknownEvent,
    delivered,
    envelope,
    event_data,
    fields_of,
    malformed,
    spelled,
    without_nulls,
)
from protocol.acs.participants import CallParticipant, readable_identifier

PREFIX = "Microsoft.Communication."
NEEDED = ("dtmfResult", "participants", "recordingId", "state")
"""Fields that decide what an event means: if one of them is malformed, the whole event is."""
IDS = ("callConnectionId", "serverCallId", "recordingId")
"""The ids of the call and the recording that an event is about: from its data, else from its `source`."""
_TYPES = {f"{PREFIX}{name}".lower(): event_type for name, event_type in EVENTS.items()}


def decode(body: str | bytes) -> list[AcsEvent | UnknownEvent | Malformed]:
    """The events of a delivery, in its order: one CloudEvent or an array of them.

    Raises:
        EventsError: the body is no JSON, or neither an object nor an array.
    """
    return [_event(value) for value in delivered(body)]


def _event(value: Any) -> AcsEvent | UnknownEvent | Malformed:
    if not isinstance(value, dict):
        return Malformed("", "event: expected an object")
    value = envelope(value)
    kind = value.get("type")
    if not isinstance(kind, str):
        return Malformed("", "type: missing" if kind is None else "type: expected text")
    data = spelled(event_data(value), AcsEvent)
    # Event Grid compares the names of types without regard to case; so do others of the same house.
    event_type = _TYPES.get(kind.lower())
    if event_type is None:
        return UnknownEvent(kind[:MAX_TYPE_CHARS], _text(data, "callConnectionId") if isinstance(data, dict) else "")
    source = _from_source(value)
    if data is None and source:
        data = {}
    if not isinstance(data, dict):
        return Malformed(kind, "data: missing" if data is None else "data: expected an object")
    try:
        data = _with_readable_participants(spelled(data, event_type))
        fields, defect = fields_of(event_type, data, NEEDED)
        named = {name: text for name in IDS if (text := _text(fields, name))}
        around = {"eventId": _text(value, "id"), "time": _text(value, "time"), "defect": defect}
        event = msgspec.convert(fields | source | named | around, event_type, strict=False)
    except (ValueError, RecursionError) as error:
        return malformed(kind, error)
    if event.call_connection_id or (event.server_call_id and isinstance(event, OF_A_SERVER_CALL)):
        return event
    return Malformed(kind, defect or "data.callConnectionId: missing")


def _with_readable_participants(data: dict[str, Any]) -> dict[str, Any]:
    """The fields of a ParticipantsUpdated event without the participants that cannot be read, who hide no others."""
    listed = data.get("participants")
    if not isinstance(listed, list):
        return data
    return data | {"participants": [read for one in listed if (read := _readable(one)) is not None]}


def _readable(participant: Any) -> dict[str, Any] | None:
    """A participant without the fields that cannot be read; None if it is not known who it is."""
    participant = without_nulls(participant)
    if not isinstance(participant, dict):
        return None
    participant = participant | {"identifier": readable_identifier(participant.get("identifier"))}
    try:
        fields, _ = fields_of(CallParticipant, participant)
        msgspec.convert(fields, CallParticipant, strict=False)
    except (ValueError, RecursionError):
        return None
    return fields


def _from_source(value: dict[str, Any]) -> dict[str, str]:
    """The ids that the source or subject of a CloudEvent holds."""
    _, _, path = (_text(value, "source") or _text(value, "subject")).partition("calling/")
    match path.split("/"):
        case ["callConnections", call_connection_id, *_] if call_connection_id:
            return {"callConnectionId": call_connection_id}
        case ["recordings", server_call_id, recording_id, *_]:
            return {"serverCallId": server_call_id, "recordingId": recording_id}
        case _:
            return {}


def _text(fields: dict[str, Any], name: str) -> str:
    value = fields.get(name)
    return value if isinstance(value, str) else ""
