"""Who takes part in a call, as the service writes it."""

from typing import Any, Literal

import msgspec

Kind = Literal[
    "unknown", "communicationUser", "phoneNumber", "microsoftTeamsUser", "microsoftTeamsApp", "teamsExtensionUser"
]
Cloud = Literal["public", "dod", "gcch"]


class Wire(msgspec.Struct, rename="camel", omit_defaults=True, forbid_unknown_fields=True):
    """An object of the service's JSON: keys in camel case, nothing unknown, nulls left out."""


class PhoneNumber(Wire):
    """A telephone number in E.164."""

    value: str
    is_anonymous: bool | None = None
    asserted_id: str | None = None


class CommunicationUser(Wire):
    """A user of the ACS resource."""

    id: str


class TeamsUser(Wire):
    """A user of Microsoft Teams."""

    user_id: str
    is_anonymous: bool | None = None
    cloud: Cloud | None = None


class TeamsApp(Wire):
    """An application of Microsoft Teams."""

    app_id: str
    cloud: Cloud | None = None


class TeamsExtensionUser(Wire):
    """A Teams user who answers for an ACS resource."""

    user_id: str
    tenant_id: str
    resource_id: str
    cloud: Cloud | None = None


class Identifier(Wire):
    """Exactly one of the kinds; the client leaves `kind` out, the service does not."""

    kind: Kind | None = None
    raw_id: str | None = None
    communication_user: CommunicationUser | None = None
    phone_number: PhoneNumber | None = None
    microsoft_teams_user: TeamsUser | None = None
    microsoft_teams_app: TeamsApp | None = None
    teams_extension_user: TeamsExtensionUser | None = None

    def __post_init__(self) -> None:
        if sum(part is not None for part in self._parts().values()) > 1:
            raise ValueError("an identifier has one kind")
        if self.raw_id is None and all(part is None for part in self._parts().values()):
            raise ValueError("an identifier needs rawId or one of its kinds")

    def _parts(self) -> dict[Kind, Wire | None]:
        return {
            "communicationUser": self.communication_user,
            "phoneNumber": self.phone_number,
            "microsoftTeamsUser": self.microsoft_teams_user,
            "microsoftTeamsApp": self.microsoft_teams_app,
            "teamsExtensionUser": self.teams_extension_user,
        }

    @property
    def raw(self) -> str:
        """The raw id, made from the kind where it was left out."""
        if self.raw_id:
            return self.raw_id
        if self.phone_number:
            return f"4:{self.phone_number.value}"
        if self.communication_user:
            return self.communication_user.id
        if self.microsoft_teams_user:
            return f"8:orgid:{self.microsoft_teams_user.user_id}"
        if self.microsoft_teams_app:
            return f"28:orgid:{self.microsoft_teams_app.app_id}"
        assert self.teams_extension_user is not None
        return f"8:acs:{self.teams_extension_user.user_id}"

    def completed(self) -> "Identifier":
        """As the service writes it: with kind and raw id."""
        kind: Kind = next((kind for kind, part in self._parts().items() if part is not None), "unknown")
        return msgspec.structs.replace(self, kind=kind, raw_id=self.raw)

    def wire(self) -> dict[str, Any]:
        """As JSON, completed."""
        wire: dict[str, Any] = msgspec.to_builtins(self.completed())
        return wire


def phone(number: str) -> Identifier:
    """Who is behind a telephone number; `anonymous` withholds it."""
    return Identifier(phone_number=PhoneNumber(value=number)).completed()


def user(user_id: str) -> Identifier:
    """A user of the ACS resource, such as the application itself."""
    return Identifier(communication_user=CommunicationUser(id=user_id)).completed()


def anybody(name: str) -> Identifier:
    """Who is behind a telephone number, `anonymous`, or a raw id such as `8:acs:...`."""
    return user(name) if name.startswith("8:") else phone(name)
