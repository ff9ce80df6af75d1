"""Who takes part in a call: the identifiers of telephone numbers, users and applications."""

from enum import StrEnum

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


class Value(msgspec.Struct, frozen=True):
    """A value in an object of its own."""

    value: str = ""


class User(msgspec.Struct, frozen=True):
    """An id in an object of its own."""

    id: str = ""


class Identifier(msgspec.Struct, frozen=True, rename="camel", kw_only=True):
    """The identity of a participant of a call: a telephone number, a user or an application."""

    raw_id: str = ""
    stated_kind: str = msgspec.field(default="", name="kind")
    telephone: Value = msgspec.field(default=Value(), name="phoneNumber")
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


class CallParticipant(msgspec.Struct, frozen=True, rename="camel"):
    """One of those on the call, as the network tells it."""

    identifier: Identifier
    is_muted: bool = False
    is_on_hold: bool = False
