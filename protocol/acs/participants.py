"""Who takes part in a call: the identifiers of telephone numbers, users and applications."""

from enum import StrEnum
from typing import Any

import msgspec
from msgspec.structs import force_setattr

from protocol.phone_numbers import is_e164


class Kind(StrEnum):
    """What kind of participant an identifier stands for."""

    PHONE_NUMBER = "phonenumber"
    COMMUNICATION_USER = "communicationuser"
    MICROSOFT_TEAMS_USER = "microsoftteamsuser"
    MICROSOFT_TEAMS_APP = "microsoftteamsapp"
    TEAMS_EXTENSION_USER = "teamsextensionuser"
    UNKNOWN = "unknown"


_KINDS_BY_RAW_ID = {
    "4:": Kind.PHONE_NUMBER,
    "8:orgid:": Kind.MICROSOFT_TEAMS_USER,
    "8:dod:": Kind.MICROSOFT_TEAMS_USER,
    "8:gcch:": Kind.MICROSOFT_TEAMS_USER,
    "8:teamsvisitor:": Kind.MICROSOFT_TEAMS_USER,
    "8:": Kind.COMMUNICATION_USER,
    "28:": Kind.MICROSOFT_TEAMS_APP,
}


class Telephone(msgspec.Struct, frozen=True, rename="camel"):
    """A telephone number in an object of its own; its owner may withhold it."""

    value: str = ""
    is_anonymous: bool = False


class User(msgspec.Struct, frozen=True):
    """An id in an object of its own."""

    id: str = ""


class Identifier(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The identity of a participant of a call: a telephone number, a user or an application."""

    raw_id: str = ""
    stated_kind: str = msgspec.field(default="", name="kind")
    telephone: Telephone = msgspec.field(default=Telephone(), name="phoneNumber")
    communication_user: User = User()

    def __post_init__(self) -> None:
        if self.raw_id:
            return
        raw_id = f"4:{self.telephone.value}" if self.telephone.value else self.communication_user.id
        if not raw_id:
            raise ValueError("an identifier needs a rawId")
        force_setattr(self, "raw_id", raw_id)

    @property
    def kind(self) -> Kind:
        """The kind that the identifier states, in any case of letters, else the one that its raw id begins with."""
        try:
            return Kind(self.stated_kind.lower())
        except ValueError:
            return next(
                (kind for start, kind in _KINDS_BY_RAW_ID.items() if self.raw_id.startswith(start)), Kind.UNKNOWN
            )

    @property
    def phone_number(self) -> str | None:
        """The number in E.164; None for a participant who is anonymous, has a short code or is no telephone."""
        number = self.telephone.value or (self.raw_id[2:] if self.raw_id.startswith("4:") else "")
        return number if is_e164(number) else None


def readable_identifier(value: Any) -> Any:
    """An identifier as JSON without the fields that cannot be read; a raw id alone is one, and so is the only one of a
    list. So a caller is known although something beside their id is odd.
    """
    if isinstance(value, list) and len(value) == 1:
        value = value[0]
    if isinstance(value, str):
        return {"rawId": value} if value.startswith(tuple(_KINDS_BY_RAW_ID)) else value
    if not isinstance(value, dict):
        return value
    inner = {"phoneNumber": "value", "communicationUser": "id"}
    spelled = {key: {inner[key]: one} if key in inner and isinstance(one, str) else one for key, one in value.items()}
    return {key: one for key, one in spelled.items() if _is_readable(key, one)}


def _is_readable(name: str, value: Any) -> bool:
    field_type = _FIELDS.get(name)
    try:
        if field_type is not None:
            msgspec.convert(value, field_type, strict=False)
    except (ValueError, RecursionError):
        return False
    return True


_FIELDS = {field.encode_name: field.type for field in msgspec.structs.fields(Identifier)}
"""The type of each field of an identifier, by its name in JSON."""


class CallParticipant(msgspec.Struct, frozen=True, rename="camel"):
    """One of those on the call, as the network tells it."""

    identifier: Identifier
    is_muted: bool = False
    is_on_hold: bool = False
