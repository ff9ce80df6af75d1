"""Settings: Event Grid, which reports calls that come in."""

from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class EventGrid(msgspec.Struct, frozen=True, kw_only=True):
    """Event Grid, which reports calls that come in."""

    secret: Annotated[
        Secret | None,
        Variable(
            "EVENT_GRID_SECRET",
            "Value of the delivery property x-earshot-event-grid-secret of the Event Grid subscription",
            kinds.hard_to_guess(16),
        ),
    ] = None
    audience: Annotated[
        str,
        Variable(
            "EVENT_GRID_AUDIENCE",
            "Audience of Event Grid's tokens, if its delivery is protected by Entra",
            kinds.identifier("an application id or its URI"),
        ),
    ] = ""
    issuer: Annotated[
        str, Variable("EVENT_GRID_ISSUER", "Issuer of those; unset: the tenant", kinds.identifier("an issuer"))
    ] = ""
