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
    """Nothing is done: the response goes on, or the end of the session will be told in a moment."""
    ASK_WHEN_FREE = "ask when free"
    """Ask for the response once the one that is being made is over."""
    ASK_LATER = "ask later"
    """Ask for the response again in the same session, after a pause."""
    RENEW = "renew"
    """Open another session and ask it for what is missing of the response."""
    APOLOGISE = "apologise"
    """Give the reply up, since it would fail again, and ask the caller to say it in another way."""
    GIVE_UP = "give up"
    """Do not ask the model again in this conversation."""


REFUSED: Mapping[FailureKind, Remedy] = {
    FailureKind.HARMLESS: Remedy.ASK_WHEN_FREE,
    FailureKind.REFUSED: Remedy.APOLOGISE,
    FailureKind.RATE_LIMITED: Remedy.ASK_LATER,
    FailureKind.TOO_LONG: Remedy.NOTHING,
    FailureKind.EXPIRED: Remedy.NOTHING,
    FailureKind.TRANSIENT: Remedy.NOTHING,
    FailureKind.FATAL: Remedy.NOTHING,
}
"""What is done when the service does not take an order for a response, by the kind of failure."""
FAILED: Mapping[FailureKind, Remedy] = {
    FailureKind.HARMLESS: Remedy.APOLOGISE,
    FailureKind.REFUSED: Remedy.APOLOGISE,
    FailureKind.RATE_LIMITED: Remedy.ASK_LATER,
    FailureKind.TOO_LONG: Remedy.RENEW,
    FailureKind.EXPIRED: Remedy.RENEW,
    FailureKind.TRANSIENT: Remedy.RENEW,
    FailureKind.FATAL: Remedy.GIVE_UP,
}
"""What is done when a response that was begun fails, by the kind of failure."""
LOST: Mapping[FailureKind, Remedy] = {kind: Remedy.RENEW for kind in FailureKind} | {FailureKind.FATAL: Remedy.GIVE_UP}
"""What is done when a session ends or cannot be opened, by the kind of failure."""

RENEWED_AFTER_S = (0.0, 0.5, 1.0, 2.0)
"""Seconds before each attempt to open another session; after one failure more the model is given up."""
ASKED_AFTER_S = (0.5, 2.0, 4.0)
"""Seconds before a response is asked for again, by how often that was done, where the service names no time."""
MAX_PAUSE_S = 5.0
"""The longest pause in seconds, whatever the service asks for, since the caller waits."""


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
