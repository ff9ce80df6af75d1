"""What a bench found, as Markdown."""

from collections.abc import Callable, Sequence

from tests.load.report import Report
from tests.load.runs import Row, Spread
from tests.load.targets import FULL as JUDGED_AT
from tests.load.targets import cpu_of_least, targets

APART = ("floor, 40 ms", "earshot, 40 ms")
"""Their messages carry twice as much: a table of their own."""

Column = tuple[str, Callable[[Report, Row], str]]


def _spread(spread: Spread) -> str:
    return f"{spread.p50:.1f} / {spread.p95:.1f} / {spread.p99:.1f} / {spread.max:.1f}"


def _ends(spread: Spread) -> str:
    return f"{spread.p50:.1f} / {spread.p99:.1f}"


def _of_floor(found: Report, row: Row) -> str:
    ratio = found.ratio(row.server, row.calls)
    return f"{ratio.cpu:.2f}" if ratio else "1" if row.server.startswith("floor") else ""


WHO: tuple[Column, ...] = (
    ("server", lambda _, row: row.server),
    ("calls", lambda _, row: str(row.calls)),
)
COST: tuple[Column, ...] = (
    ("CPU per call", lambda _, row: f"{row.cpu_per_call * 100:.2f} %"),
    ("of the floor's", _of_floor),
    ("MB per call", lambda _, row: f"{row.rss_mb_per_call:.2f}"),
    ("of it audio", lambda _, row: f"{row.audio_mb_per_call:.2f}"),
    ("failures", lambda _, row: str(row.failures)),
)
SHORT: tuple[Column, ...] = (
    *WHO,
    ("onset to StopAudio", lambda _, row: _ends(row.barge_in_ms)),
    ("decision to silence", lambda _, row: _ends(row.decision_to_silence_ms)),
    ("first audio", lambda _, row: _ends(row.first_audio_ms)),
    ("lateness", lambda _, row: _ends(row.late_ms)),
    *COST,
)
"""The columns of docs/performance.md: p50 / p99 of each."""
FULL: tuple[Column, ...] = (
    *WHO,
    ("onset to StopAudio", lambda _, row: _spread(row.barge_in_ms)),
    ("onset to pause", lambda _, row: _spread(row.pause_ms)),
    ("decision to silence", lambda _, row: _spread(row.decision_to_silence_ms)),
    ("first audio", lambda _, row: _spread(row.first_audio_ms)),
    ("lateness", lambda _, row: _spread(row.late_ms)),
    *COST,
    ("MB grown", lambda _, row: f"{row.rss_growth_mb:.2f}"),
    ("threads", lambda _, row: str(row.threads)),
    ("descriptors", lambda _, row: str(row.descriptors)),
    ("Redis commands per turn", lambda _, row: f"{row.redis_commands:.1f}" if row.redis_commands else ""),
    ("loop lag p99", lambda _, row: f"{row.lag_p99_ms:.1f}" if row.lag_p99_ms else ""),
    ("bytes after stop", lambda _, row: str(row.bytes_after_stop)),
    ("callers late p99", lambda _, row: f"{row.own_late_ms.p99:.2f}"),
)
"""All that was measured: p50 / p95 / p99 / max."""


def rows_table(found: Report, columns: Sequence[Column], *, apart: bool) -> str:
    """The rows of 20 ms messages, or those apart; empty if there are none."""
    rows = [row for row in found.rows if (row.server in APART) is apart]
    cells = [[cell(found, row) for _, cell in columns] for row in rows]
    return table([name for name, _ in columns], cells) if cells else ""


def targets_table(found: Report) -> str:
    """What was promised and what came of it; without what was not looked at."""
    cells = []
    for target in targets(found):
        if target.measured is None:
            continue
        unit = f" {target.unit}" if target.unit else ""
        floor = "" if target.floor is None else f"{target.floor:.3g}{unit}"
        bounds = (f"{bound:g}{unit}" for bound in (target.must, target.aim))
        cells.append([target.what, *bounds, f"{target.measured:.3g}{unit}", floor, target.verdict])
    return table(["target", "must", "aim", "measured", "the floor", "met"], cells)


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Cells as Markdown."""
    lines = [head, ["---"] * len(head), *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- ", "|---").replace("--- |", "---|")


def belief(found: Report) -> str:
    """What a reader should believe, in one sentence; empty where the bench has not looked at all that it says."""
    row, floor = found.row("earshot", JUDGED_AT), found.ratio("earshot", JUDGED_AT)
    least, calls = cpu_of_least(found, JUDGED_AT), found.calls_kept.get("earshot", 0)
    if row is None or floor is None or least is None or not calls:
        return ""
    return (
        f"One worker on one core of this machine holds {calls} calls, and whoever interrupts is obeyed"
        f" {row.barge_in_ms.p50:.1f} ms after the first sound of their voice (at p99 {row.barge_in_ms.p99:.1f}; 20 is"
        f" the least there can be, with {JUDGED_AT} calls); such a call takes {floor.cpu:.2f} times the CPU of a bare"
        f" Hypercorn socket that carries the same frames, and {least:.2f} times that of a bare uvicorn socket."
    )


def kept(found: Report) -> str:
    """By server, up to how many calls the promise was kept; at least, where no more were asked of it."""
    most = {row.server: row.calls for row in sorted(found.rows, key=lambda row: row.calls)}
    return "; ".join(
        f"{server}: {'at least ' if most.get(server) == calls else ''}{calls}"
        for server, calls in found.calls_kept.items()
    )
