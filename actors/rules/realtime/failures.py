"""What is done about a failure of a speech-to-speech model, by where and of which kind it is. Pure."""

import math
from collections.abc import Mapping
from enum import StrEnum

from actors.ports.realtime_events import (
    Operation,
    RealtimeClosed,
    RealtimeEvent,
    RealtimeFailed,
    ResponseFinished,
    ResponseStatus,
)
from protocol.realtime.failure_kinds import FailureKind


class Remedy(StrEnum):
    """What is done about a failure, from nothing at all to the end of the model in this conversation."""

    NOTHING = "nothing"
    """The response goes on, or the end of the session is told in a moment."""
    ASK_WHEN_FREE = "ask when free"
    """The response is asked for when the one that is being made is over."""
    ASK_LATER = "ask later"
    """The response is asked for again, in the same session, after a pause."""
    RENEW = "renew"
    """Another session is opened, and asked for what is missing."""
    APOLOGISE = "apologise"
    """The reply has failed, and would again: the caller is asked to say it in another way."""
    GIVE_UP = "give up"
    """The model is not asked again in this conversation."""


REFUSED: Mapping[FailureKind, Remedy] = {
    FailureKind.HARMLESS: Remedy.ASK_WHEN_FREE,
    FailureKind.REFUSED: Remedy.APOLOGISE,
    FailureKind.RATE_LIMITED: Remedy.ASK_LATER,
    FailureKind.TOO_LONG: Remedy.NOTHING,
    FailureKind.EXPIRED: Remedy.NOTHING,
    FailureKind.TRANSIENT: Remedy.NOTHING,
    FailureKind.FATAL: Remedy.NOTHING,
}
"""Of an order for a response that was not taken."""
FAILED: Mapping[FailureKind, Remedy] = {
    FailureKind.HARMLESS: Remedy.APOLOGISE,
    FailureKind.REFUSED: Remedy.APOLOGISE,
    FailureKind.RATE_LIMITED: Remedy.ASK_LATER,
    FailureKind.TOO_LONG: Remedy.RENEW,
    FailureKind.EXPIRED: Remedy.RENEW,
    FailureKind.TRANSIENT: Remedy.RENEW,
    FailureKind.FATAL: Remedy.GIVE_UP,
}
"""Of a response that was begun."""
LOST: Mapping[FailureKind, Remedy] = {kind: Remedy.RENEW for kind in FailureKind} | {FailureKind.FATAL: Remedy.GIVE_UP}
"""Of a session that is over, or could not be opened."""

RENEWED_AFTER_S = (0.0, 0.5, 1.0, 2.0)
"""The pauses before the attempts to open another session; with one failure more the model is given up."""
ASKED_AFTER_S = (0.5, 2.0, 4.0)
"""The same before a response is asked for again, where the service does not say how long to wait."""
MAX_PAUSE_S = 5.0
"""No pause is longer, whatever the service says: the caller waits."""


def of_response(status: ResponseStatus, kind: FailureKind | None) -> Remedy:
    """What is done about a response that did not come to its end by itself."""
    match status:
        case ResponseStatus.FILTERED:
            return Remedy.APOLOGISE
        case ResponseStatus.FAILED:
            return FAILED[kind or FailureKind.TRANSIENT]
        case _:
            return Remedy.NOTHING


def of_only_response(event: RealtimeEvent) -> str | None:
    """Why nothing more comes of the one response that a session was opened for, in words for operators.

    None for an event after which it may still come, or has come to its end.
    """
    match event:
        case ResponseFinished(status=ResponseStatus.COMPLETED):
            return None
        case ResponseFinished(status=status, detail=detail):
            return f"the response was {status}: {detail}"
        case RealtimeFailed(operation=Operation.RESPOND, detail=detail) | RealtimeClosed(detail=detail):
            return detail
        case _:
            return None


def bounded(remedy: Remedy, failures: int) -> Remedy:
    """The remedy after so many failures in a row; `GIVE_UP` where `remedy` was tried often enough in vain."""
    most = {
        Remedy.RENEW: len(RENEWED_AFTER_S),
        Remedy.ASK_LATER: len(ASKED_AFTER_S),
        Remedy.ASK_WHEN_FREE: len(ASKED_AFTER_S),
    }
    return Remedy.GIVE_UP if failures >= most.get(remedy, math.inf) else remedy


def pause_s(remedy: Remedy, failures: int, retry_after_s: float | None) -> float:
    """How long to wait with a remedy that may help after so many failures in a row."""
    pauses = ASKED_AFTER_S if remedy is Remedy.ASK_LATER else RENEWED_AFTER_S
    if retry_after_s is None:
        return pauses[failures]
    longer_s = retry_after_s if remedy is Remedy.ASK_LATER else max(retry_after_s, pauses[failures])
    return min(longer_s, MAX_PAUSE_S)
