"""Rows that nobody measured, for tests of what is made of them."""

import msgspec

from tests.load.report import Report
from tests.load.runs import Row, Spread

NOTHING = Spread(0.0, 0.0, 0.0, 0.0)
QUICK = Spread(20.0, 20.5, 21.0, 22.0)

ROW = Row(
    server="earshot",
    calls=50,
    barge_in_ms=QUICK,
    decision_to_silence_ms=NOTHING,
    pause_ms=NOTHING,
    first_audio_ms=NOTHING,
    late_ms=NOTHING,
    greeting_ms=NOTHING,
    own_late_ms=NOTHING,
    failures=0,
    failed={},
    bytes_after_stop=0,
    ran_dry=0,
    frames=1,
    cpu_per_call=0.01,
    rss_mb_per_call=0.2,
    audio_mb_per_call=0.06,
    rss_mb=60.0,
    rss_growth_mb=0.0,
    threads=3,
    descriptors=40,
    lag_p99_ms=1.0,
    callers_cpu=0.1,
)


def row(**changes: object) -> Row:
    """`ROW`, but for `changes`."""
    return msgspec.structs.replace(ROW, **changes)


def report_of(*rows: Row, calls_kept: dict[str, int] | None = None) -> Report:
    """As if these were all medians."""
    return Report("a machine", "2026-11-21", 5, 10.0, list(rows), [], calls_kept or {}, {}, [])
