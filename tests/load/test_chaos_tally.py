"""What a chaos run cost is judged by kind, and what the callers themselves are to blame for is told apart."""

import time

import pytest

from tests.load.chaos_tally import NOT_JUDGED, Gap, Tally, faults, status, table
from tests.load.own_clock import OwnClock


class Clock(OwnClock):
    """One that slipped, or did not."""

    is_slipped = False

    def slipped(self, since_s: float, until_s: float | None = None) -> bool:
        return self.is_slipped


def tally(*gaps: Gap) -> Tally:
    found = Tally(10, Clock())
    found.gaps = list(gaps)
    return found


def gap(mishap: str, seconds: float, over_s: float, who: str = "phone", *, is_slipped: bool = False) -> Gap:
    return Gap(mishap, who, seconds, over_s, is_slipped)


@pytest.mark.parametrize(
    ("found", "told"),
    [
        (gap("kill", 3.9, 3.7), []),
        (gap("kill", 4.1, 3.9), ["kill, phone: gap p99 4.10 s, at most 4 s"]),
        (gap("drain", 0.7, 0.49, "browser"), []),
        (gap("drain", 0.8, 0.6, "browser"), ["drain, browser: gap p99 0.60 s, at most 0.5 s"]),
        (gap("drain", 9.0, 9.0, is_slipped=True), []),
        (gap("stop", 9.0, 9.0), []),
    ],
)
def test_a_gap_is_judged_by_its_kind(found: Gap, told: list[str]) -> None:
    assert faults(tally(found)) == told
    assert status(tally(found)) == bool(told)


def test_what_is_lost_fails_the_run_and_what_the_callers_lost_leaves_it_unjudged() -> None:
    found = tally()
    found.lose("call-1: CallOver", time.monotonic())
    assert (faults(found), status(found)) == (["conversations lost: 1"], 1)
    found = tally()
    found.clock.is_slipped = True  # type: ignore[attr-defined]
    found.lose("call-1: CallOver", time.monotonic())
    assert (faults(found), status(found)) == ([], NOT_JUDGED)
    assert "not counted: call-1: CallOver" in table(found, ["kill"])
    assert "NOT JUDGED" in table(found, ["kill"])
    found = tally()
    found.turns_lost = 1
    assert status(found) == 1
    found.clock.late_s = [1.0]
    assert status(found) == NOT_JUDGED, "whatever was lost"
    assert "FAILED turns lost: 1" in table(found, ["kill"])


def test_the_table_has_a_row_for_each_kind_and_who_and_says_what_failed() -> None:
    found = tally(gap("kill", 1.0, 0.8), gap("drain", 0.9, 0.7, "browser"))
    lines = table(found, ["kill", "drain", "kill"]).splitlines()
    assert [line.split()[:2] for line in lines[1:5]] == [
        ["kill", "phone"],
        ["kill", "browser"],
        ["drain", "phone"],
        ["drain", "browser"],
    ]
    assert any(line.startswith("FAILED drain, browser") for line in lines)


def test_nothing_is_heard_of_a_worker_that_is_killed_from_then_on() -> None:
    now = [10.0]
    found = Tally(1, Clock(), lambda: now[0])
    for mishap in ("kill", "drain"):
        found.happens(mishap)
        now[0] += 2.0
        found.gap(now[0] - 0.5, 0.0, "phone", 0.2)
    killed, drained = found.gaps
    assert (killed.seconds, drained.seconds) == (2.0, 0.5)
    assert drained.over_s == pytest.approx(0.3)
