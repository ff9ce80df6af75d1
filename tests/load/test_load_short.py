"""A few seconds of load beside the floor: neither cost nor latency may be twice what they were when last looked at.

Ratios to the floor of the same run, so that a slow machine changes nothing; the best of several pairs, so that neither
does a busy one.
"""

from pathlib import Path

import msgspec

from tests.load.report import Ratios, ratios
from tests.load.runs import Row, run
from tests.load.servers import KINDS

CALLS, SECONDS, PAIRS = 10, 3.0, 3
FACTOR = 2.0

BASELINE = Path(__file__).with_name("baseline.json")


class Baseline(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Of Earshot, as `make bench` found it with ten calls."""

    cpu: float
    barge_in_p50: float
    rss_mb_per_call: float


def judged(pair: list[Row], baseline: Baseline) -> list[str]:
    """What was more than it may be, in words."""
    found: Ratios = ratios(pair)[0]
    row = pair[-1]
    measured = (
        ("CPU per call of the floor's", found.cpu, FACTOR * baseline.cpu),
        ("onset to StopAudio of the floor's", found.barge_in_p50, FACTOR * baseline.barge_in_p50),
        ("MB per call", row.rss_mb_per_call, FACTOR * baseline.rss_mb_per_call),
        ("failures", row.failures, 0),
        ("bytes after StopAudio", row.bytes_after_stop, 0),
    )
    return [f"{what}: {value:.2f}, at most {most:.2f}" for what, value, most in measured if value > most]


def test_a_call_costs_and_waits_no_more_than_twice_what_it_did() -> None:
    baseline = msgspec.json.decode(BASELINE.read_bytes(), type=Baseline)
    attempts: list[list[str]] = []
    for _ in range(PAIRS):
        pair = [run(KINDS[name], CALLS, SECONDS, warm_s=1.0) for name in ("floor", "earshot")]
        attempts.append(judged(pair, baseline))
        if not attempts[-1]:
            return
    raise AssertionError(attempts)


def test_what_costs_more_than_twice_is_told() -> None:
    kind = KINDS["floor"]
    floor = run(kind, 2, 1.0, warm_s=0.5)
    slow = msgspec.structs.replace(floor, server="earshot", cpu_per_call=floor.cpu_per_call * 4, rss_mb_per_call=9.0)
    told = judged([floor, slow], Baseline(cpu=1.5, barge_in_p50=1.0, rss_mb_per_call=1.0))
    assert [line.split(":")[0] for line in told] == ["CPU per call of the floor's", "MB per call"]
