"""Event Grid's deliveries, in its own schema (`eventType`) or as CloudEvents (`type`), one or several."""

from typing import Any

import msgspec

from protocol.acs.cloud_events import (
    MAX_TYPE_CHARS,
    EventsError,
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
from protocol.acs.participants import Identifier, readable_identifier

__all__ = [
    "CustomContext",
    "EventsError",
    "GridEvent",
    "IncomingCall",
    "Malformed",
    "SubscriptionValidation",
    "UnknownEvent",
    "decode",
]

VALIDATION = "Microsoft.EventGrid.SubscriptionValidationEvent"
DELETION = "microsoft.eventgrid.subscriptiondeletedevent"
"""The type, in lower case, of the event by which Event Grid tells that the subscription was deleted."""
INCOMING_CALL = "Microsoft.Communication.IncomingCall"


class SubscriptionValidation(msgspec.Struct, frozen=True):
    """Event Grid asks whether we want its events; the answer is the code. Its `validationUrl` is never fetched."""

    code: str = msgspec.field(name="validationCode")
    event_id: str = msgspec.field(default="", name="eventId")

    def __post_init__(self) -> None:
        if not self.code:
            raise ValueError("validationCode: empty")


class CustomContext(msgspec.Struct, frozen=True, rename="camel"):
    """Headers and values that the system which placed the call sent along with it."""

    sip_headers: dict[str, str] = {}
    voip_headers: dict[str, str] = {}


class IncomingCall(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """A call that wants to be answered.

    `context` is opaque, about 9 KB, and as good as the call itself: it goes to ACS and into no log. It is all that
    answering needs: whatever else is absent or malformed is left out. Deliveries are at least once, with the same
    `event_id` and `context`.
    """

    context: str = msgspec.field(name="incomingCallContext")
    caller: Identifier | None = msgspec.field(default=None, name="from")
    callee: Identifier | None = msgspec.field(default=None, name="to")
    server_call_id: str = ""
    correlation_id: str = ""
    caller_display_name: str = ""
    custom_context: CustomContext = CustomContext()
    event_id: str = ""

    def __post_init__(self) -> None:
        if not self.context:
            raise ValueError("incomingCallContext: empty")


GridEvent = SubscriptionValidation | IncomingCall | UnknownEvent | Malformed

_TYPES: dict[str, type[SubscriptionValidation | IncomingCall]] = {
    VALIDATION.lower(): SubscriptionValidation,
    INCOMING_CALL.lower(): IncomingCall,
}


def decode(body: str | bytes) -> list[GridEvent]:
    """Read the events of a delivery, in its order.

    Raises:
        EventsError: the body is no JSON, or neither an object nor an array.
    """
    return [_event(value) for value in delivered(body)]


def _event(value: Any) -> GridEvent:
    if not isinstance(value, dict):
        return Malformed("", "event: expected an object")
    value = envelope(value)
    kind = value.get("eventtype")
    if kind is None:
        kind = value.get("type")
    if not isinstance(kind, str):
        return Malformed("", "eventType: missing" if kind is None else "eventType: expected text")
    # Event Grid compares the names of types without regard to case.
    event_type = _TYPES.get(kind.lower())
    if event_type is None:
        return UnknownEvent(kind[:MAX_TYPE_CHARS])
    data = spelled(event_data(value), event_type)
    if not isinstance(data, dict):
        return Malformed(kind, "data: missing" if data is None else "data: expected an object")
    event_id = value.get("id")
    try:
        if event_type is IncomingCall:
            people = {name: readable_identifier(without_nulls(data.get(name))) for name in ("from", "to")}
            data = data | people | {"customContext": _custom_context(data.get("customContext"))}
        fields, _ = fields_of(event_type, data)
        fields = _of_subject(value.get("subject")) | fields | {"eventId": event_id if isinstance(event_id, str) else ""}
        return msgspec.convert(fields, event_type)
    except (ValueError, RecursionError) as error:
        return malformed(kind, error)


def _of_subject(subject: Any) -> dict[str, Any]:
    """Who calls and who is called, as the subject of an event names them: `/caller/4:+1.../recipient/8:acs:...`."""
    match subject.strip("/").split("/") if isinstance(subject, str) else []:
        case ["caller", caller, "recipient", callee] if caller and callee:
            return {"from": {"rawId": caller}, "to": {"rawId": callee}}
        case _:
            return {}


def _custom_context(value: Any) -> dict[str, dict[str, str]]:
    """Headers that are text; a caller is not left ringing for the sake of one that is not."""
    sections = value if isinstance(value, dict) else {}
    return {
        name: {key: text for key, text in section.items() if isinstance(text, str)}
        for name, section in sections.items()
        if isinstance(section, dict)
    }
