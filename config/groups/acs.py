"""Settings: Azure Communication Services, the telephone network."""

from enum import StrEnum
from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class OutboundCase(StrEnum):
    """How keys are spelled in what ACS is sent on the media socket."""

    PASCAL = "pascal"
    CAMEL = "camel"


class Acs(msgspec.Struct, frozen=True, kw_only=True):
    """Azure Communication Services, the telephone network."""

    connection_string: Annotated[
        Secret | None,
        Variable("ACS_CONNECTION_STRING", "Azure Communication Services, with its key", kinds.connection_string()),
    ] = None
    endpoint: Annotated[
        str, Variable("ACS_ENDPOINT", "The same without a key: Entra identity is used", kinds.address())
    ] = ""
    cognitive_services_endpoint: Annotated[
        str,
        Variable(
            "AZURE_COGNITIVE_SERVICES_ENDPOINT",
            "Azure AI services with which ACS transcribes the calls that are only transcribed; unset: this server does",
            kinds.address(),
        ),
    ] = ""
    frame_ms: Annotated[
        int, Variable("ACS_FRAME_MS", "Audio in each message that a call is sent, in ms", kinds.number_of(20, 40))
    ] = 20
    outbound_case: Annotated[
        OutboundCase,
        Variable(
            "ACS_OUTBOUND_CASE",
            "Spelling of keys on the media socket; some older clients look for camel",
            kinds.one_of(OutboundCase),
        ),
    ] = OutboundCase.PASCAL
    audience: Annotated[
        str,
        Variable(
            "ACS_AUDIENCE",
            "Immutable resource id of the ACS resource, the audience of its tokens",
            kinds.identifier("a GUID"),
        ),
    ] = ""
    issuer: Annotated[str, Variable("ACS_ISSUER", "Issuer of the tokens of ACS", kinds.address())] = (
        "https://acscallautomation.communication.azure.com"
    )
    jwks_url: Annotated[str, Variable("ACS_JWKS_URL", "Where the keys of that issuer are", kinds.address())] = (
        "https://acscallautomation.communication.azure.com/calling/keys"
    )
