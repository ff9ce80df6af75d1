"""The table of what is done about each failure of a speech-to-speech model."""

import pytest

from actors.ports.realtime_events import (
    Operation,
    RealtimeClosed,
    RealtimeEvent,
    RealtimeFailed,
    RealtimeReady,
    ResponseFinished,
    ResponseStatus,
)
from actors.rules.realtime.failures import (
    FAILED,
    LOST,
    REFUSED,
    Remedy,
    bounded,
    of_only_response,
    of_response,
    pause_s,
)
from protocol.realtime.failure_kinds import FailureKind


def test_each_kind_has_a_remedy_wherever_it_is_met() -> None:
    assert set(REFUSED) == set(FAILED) == set(LOST) == set(FailureKind)


@pytest.mark.parametrize(
    ("status", "kind", "remedy"),
    [
        (ResponseStatus.COMPLETED, None, Remedy.NOTHING),
        (ResponseStatus.CANCELLED, None, Remedy.NOTHING),
        (ResponseStatus.CUT, None, Remedy.NOTHING),
        (ResponseStatus.FILTERED, FailureKind.REFUSED, Remedy.APOLOGISE),
        (ResponseStatus.FAILED, None, Remedy.RENEW),
        (ResponseStatus.FAILED, FailureKind.TRANSIENT, Remedy.RENEW),
        (ResponseStatus.FAILED, FailureKind.RATE_LIMITED, Remedy.ASK_LATER),
        (ResponseStatus.FAILED, FailureKind.REFUSED, Remedy.APOLOGISE),
        (ResponseStatus.FAILED, FailureKind.TOO_LONG, Remedy.RENEW),
        (ResponseStatus.FAILED, FailureKind.FATAL, Remedy.GIVE_UP),
    ],
)
def test_a_response_that_ends(status: ResponseStatus, kind: FailureKind | None, remedy: Remedy) -> None:
    assert of_response(status, kind) is remedy


@pytest.mark.parametrize(
    ("event", "failure"),
    [
        (RealtimeReady(), None),
        (ResponseFinished(response_id="r", status=ResponseStatus.COMPLETED), None),
        (
            ResponseFinished(response_id="r", status=ResponseStatus.FILTERED, detail="content"),
            "the response was filtered: content",
        ),
        (
            RealtimeFailed(kind=FailureKind.RATE_LIMITED, operation=Operation.RESPOND, detail="busy", request=1),
            "busy",
        ),
        (RealtimeFailed(kind=FailureKind.HARMLESS, operation=Operation.CLEAR, detail="nothing to clear"), None),
        (RealtimeClosed(FailureKind.TRANSIENT, "the connection was lost"), "the connection was lost"),
        (RealtimeClosed(FailureKind.TRANSIENT, ""), ""),
    ],
)
def test_what_ends_the_only_response_of_a_session(event: RealtimeEvent, failure: str | None) -> None:
    assert of_only_response(event) == failure


@pytest.mark.parametrize("remedy", [Remedy.RENEW, Remedy.ASK_LATER, Remedy.ASK_WHEN_FREE])
def test_what_does_not_help_is_not_done_for_ever(remedy: Remedy) -> None:
    tried = [bounded(remedy, failures) for failures in range(6)]
    assert tried[0] is remedy
    assert tried[-1] is Remedy.GIVE_UP
    assert tried == sorted(tried, key=lambda each: each is Remedy.GIVE_UP)


@pytest.mark.parametrize("remedy", [Remedy.NOTHING, Remedy.APOLOGISE, Remedy.GIVE_UP])
def test_what_is_done_once_has_no_bound(remedy: Remedy) -> None:
    assert bounded(remedy, 100) is remedy


@pytest.mark.parametrize(
    ("remedy", "failures", "retry_after_s", "expected_s"),
    [
        (Remedy.RENEW, 0, None, 0.0),
        (Remedy.RENEW, 3, None, 2.0),
        (Remedy.RENEW, 0, 3.0, 3.0),
        (Remedy.RENEW, 3, 1.0, 2.0),
        (Remedy.RENEW, 0, 600.0, 5.0),
        (Remedy.ASK_LATER, 1, None, 2.0),
        (Remedy.ASK_LATER, 1, 0.2, 0.2),
        (Remedy.ASK_LATER, 0, 600.0, 5.0),
    ],
)
def test_the_pause_is_what_the_service_says_within_bounds(
    remedy: Remedy, failures: int, retry_after_s: float | None, expected_s: float
) -> None:
    assert pause_s(remedy, failures, retry_after_s) == expected_s
