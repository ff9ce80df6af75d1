"""Settings: what is told of each conversation when it is over, and to whom."""

from typing import Annotated

import msgspec

from config import kinds
from config.secret import Secret
from config.variables import Variable


class Records(msgspec.Struct, frozen=True, kw_only=True):
    """What is told of each conversation when it is over, and to whom."""

    url: Annotated[
        str, Variable("CALL_RECORD_URL", "Webhook that is sent the record of each conversation", kinds.address())
    ] = ""
    secret: Annotated[
        Secret | None,
        Variable(
            "CALL_RECORD_SECRET",
            "What these records are signed with, for the webhook to check",
            kinds.hard_to_guess(16),
        ),
    ] = None
