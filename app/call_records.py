"""What a worker tells the launcher of the calls it has, so that another worker can take them over when it dies."""

from typing import Any

import msgspec

KEPT = "call_kept"
"""Topic: a call, as it now stands, is the teller's. The fields are those of a `CallRecord`."""
OVER = "call_over"
"""Topic: a call of the teller's is over. The field `secret` says which."""
ORPHANED = "call_orphaned"
"""Topic, from the launcher: the worker that had this call is dead, and the call is now the hearer's."""

LONGEST_CONTEXT_BYTES = 16_384
"""A longer context is not kept: the pipe carries lines of less than 64 kB."""


class CallRecord(msgspec.Struct, frozen=True, kw_only=True):
    """One call as far as another worker needs to know it: nothing that was said on it, and no key that was pressed."""

    secret: str
    """The part of its callback and media addresses that nobody else knows"""
    session_id: str
    direction: str
    agent: str
    mode: str
    created_at: float
    caller: str = ""
    """The person's number or raw id"""
    own_number: str = ""
    """The number that was called, or called from"""
    about: dict[str, Any] = {}
    """The fields of its `SessionContext`"""
    call_id: str = ""
    server_call_id: str = ""
    connected: bool = False
    admitted: bool = False
    """No access code has to be given any more"""

    def fields(self) -> dict[str, Any]:
        """The fields of a notice."""
        record = self
        if len(msgspec.json.encode(self.about)) > LONGEST_CONTEXT_BYTES:
            record = msgspec.structs.replace(self, about={})
        fields: dict[str, Any] = msgspec.to_builtins(record)
        return fields

    def without_personal_data(self) -> "CallRecord":
        """The same without who calls and why, for a file."""
        return msgspec.structs.replace(self, caller="", own_number="", about={})


def record_of(fields: dict[str, Any]) -> CallRecord:
    """The record in a notice.

    Raises:
        ValueError: the fields are not those of a record.
    """
    return msgspec.convert(fields, CallRecord)
