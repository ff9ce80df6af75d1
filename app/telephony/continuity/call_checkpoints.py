"""What a worker tells the launcher of the calls it has, so that another worker can take them over when it dies."""

from typing import Any

import msgspec

from actors.conversation import Role, SessionRecord
from protocol.calls import CallEvent, CallState, Participant

KEPT = "call_kept"
"""Topic of a worker's notice that it has a call; its fields are those of the call's `CallCheckpoint`."""
OVER = "call_over"
"""Topic of a worker's notice that a call of its own is over; the field `secret` says which."""
ORPHANED = "call_orphaned"
"""Topic of the launcher's notice to a worker that it has a call from here on, whose former worker is dead."""

LONGEST_CONTEXT_BYTES = 16_384
"""The longest context of a call, as JSON, that is told to the launcher: its pipe carries lines of less than 64 kB."""


LONGEST_CONVERSATION_BYTES = 40_000
"""The longest conversation in bytes of JSON that is kept; of a longer one the beginning is left out."""


class OpenOrder(msgspec.Struct, frozen=True):
    """An order in a call of which the network has not said yet what came. `subject`: what it is about, if known."""

    id: str
    """The operation context of the order, by which its event is recognised"""
    kind: str
    state: str
    subject: str = ""


class CallCheckpoint(msgspec.Struct, frozen=True, kw_only=True):
    """One call as far as another worker needs to know it, to go on with it."""

    secret: str
    """The part of its callback and media URLs that nobody else knows"""
    session_id: str
    direction: str
    agent: str
    mode: str
    created_at: float
    caller: str = ""
    """The caller's number or raw id"""
    own_number: str = ""
    """The number on our side, which was called or which the call was placed from"""
    about: dict[str, Any] = {}
    """The fields of its `SessionContext`"""
    call_id: str = ""
    server_call_id: str = ""
    admitted: bool = False
    """Whether the caller need not give an access code any more"""
    conversation: SessionRecord | None = None
    """The record of the call's session as it was stored last, with what was said; never written to a file."""
    worker: str = ""
    """The id of the worker that has the call, unique on all machines; empty where workers share no store"""
    state: CallState = CallState.INITIATING
    connected_at: float | None = None
    participants: tuple[Participant, ...] = ()
    events: tuple[CallEvent, ...] = ()
    """What has happened to the call; not told to other workers if they share a store."""
    recording: str = ""
    """The id of the recording that runs or is paused"""
    recording_paused: bool = False
    orders: tuple[OpenOrder, ...] = ()
    """The orders that were given to the network and whose outcome is not known yet"""
    is_joined: bool = False
    """The caller talks with somebody who was brought into the call, which the agent has only to leave"""

    def fields(self) -> dict[str, Any]:
        """The record as the fields of a notice to the launcher."""
        record = msgspec.structs.replace(self, events=())
        if len(msgspec.json.encode(self.about)) > LONGEST_CONTEXT_BYTES:
            record = msgspec.structs.replace(record, about={})
        if record.conversation is not None:
            record = msgspec.structs.replace(record, conversation=_shortened(record.conversation))
        fields: dict[str, Any] = msgspec.to_builtins(record)
        return fields

    def without_personal_data(self) -> "CallCheckpoint":
        """The checkpoint without who calls and why, for a file."""
        return msgspec.structs.replace(
            self, caller="", own_number="", about={}, conversation=None, participants=(), events=(), orders=()
        )


def _shortened(conversation: SessionRecord) -> SessionRecord | None:
    """As much of the end of a conversation as the pipe carries, beginning with something that the caller said."""
    messages = conversation.messages
    while True:
        shortened = msgspec.structs.replace(conversation, messages=messages)
        if len(msgspec.json.encode(shortened)) <= LONGEST_CONVERSATION_BYTES:
            return shortened
        if not messages:
            return None
        later = range(len(messages) // 2 or 1, len(messages))
        messages = messages[next((i for i in later if messages[i].role is Role.USER), len(messages)) :]


_TYPES = {field.name: field.type for field in msgspec.structs.fields(CallCheckpoint)}


def decode_record(data: bytes) -> CallCheckpoint:
    """The record in JSON. A field that cannot be read, such as one with a value that only another version of the server
    knows, has its default.

    Raises:
        ValueError: it is no JSON, or what every record has is missing.
    """
    try:
        return msgspec.json.decode(data, type=CallCheckpoint)
    except msgspec.ValidationError:
        fields = msgspec.json.decode(data, type=dict[str, Any])
    return msgspec.convert({name: fields[name] for name in fields if _is_readable(name, fields)}, CallCheckpoint)


def _is_readable(name: str, fields: dict[str, Any]) -> bool:
    try:
        msgspec.convert(fields[name], _TYPES.get(name, Any))
    except msgspec.ValidationError:
        return False
    return True


def record_of(fields: dict[str, Any]) -> CallCheckpoint:
    """The record in a notice.

    Raises:
        ValueError: the fields are not those of a record.
    """
    return msgspec.convert(fields, CallCheckpoint)
