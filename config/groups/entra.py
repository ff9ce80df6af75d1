"""Settings: Microsoft Entra, which issues the tokens of browsers and of Event Grid."""

from typing import Annotated

import msgspec

from config import kinds
from config.variables import Variable


class Entra(msgspec.Struct, frozen=True, kw_only=True):
    """Microsoft Entra, which issues the tokens of browsers and of Event Grid."""

    tenant_id: Annotated[
        str,
        Variable(
            "AZURE_TENANT_ID", "Microsoft Entra tenant", kinds.matching("a GUID or a domain", r"[0-9A-Za-z.-]{1,256}")
        ),
    ] = ""
    client_id: Annotated[
        str,
        Variable(
            "AZURE_CLIENT_ID",
            "This application in Entra, the audience of its tokens",
            kinds.identifier("an application id"),
        ),
    ] = ""
    allowed_client_ids: Annotated[
        tuple[str, ...],
        Variable(
            "ALLOWED_CLIENT_IDS",
            "Applications whose users may come in; unset: all of the tenant",
            kinds.each("application ids", r"[0-9A-Za-z-]{1,256}"),
        ),
    ] = ()
    authority: Annotated[
        str, Variable("ENTRA_AUTHORITY", "Where Entra is; sovereign clouds have their own", kinds.address())
    ] = "https://login.microsoftonline.com"
