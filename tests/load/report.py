"""The rows of several runs as medians, ratios to the floor, and a table."""

import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.load.runs import Row, Spread

FLOOR_OF = {
    "earshot": "floor",
    "earshot, 40 ms": "floor, 40 ms",
    "earshot, browser": "floor",
    "earshot, uvicorn": "floor, uvicorn",
}


class Ratios(msgspec.Struct, frozen=True):
    """A server against the floor that ran beside it: the median over the repeats, each against its neighbour."""

    server: str
    calls: int
    cpu: float
    barge_in_p50: float
    barge_in_p99: float
    first_audio_p50_more_ms: float
    """First audio later than the floor's by so much."""
    late_p99_more_ms: float


class Report(msgspec.Struct, frozen=True):
    """What a bench found out."""

    machine: str
    date: str
    repeats: int
    seconds: float
    rows: list[Row]
    """Medians."""
    ratios: list[Ratios]
    calls_kept: dict[str, int]
    """By server, the most calls at which the promise was kept, with all lower counts."""
    runs: list[Row]


def machine() -> str:
    """The processor and how much of it there is, the kernel and Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    python = f"Python {platform.python_version()}"
    return f"{models[0] if models else platform.machine()}, {len(models)} cores, Linux {platform.release()}, {python}"


def report(runs: Sequence[Row], repeats: int, seconds: float) -> Report:
    """Of runs in the order in which they were made: those of one server and count one after the other."""
    rows = [median(group) for group in _groups(runs).values()]
    kept: dict[str, int] = {}
    broken: set[str] = set()
    for row in sorted(rows, key=lambda row: row.calls):
        if not row.kept:
            broken.add(row.server)
        elif row.server not in broken:
            kept[row.server] = row.calls
    return Report(
        machine=machine(),
        date=datetime.now(UTC).date().isoformat(),
        repeats=repeats,
        seconds=seconds,
        rows=rows,
        ratios=ratios(runs),
        calls_kept=kept,
        runs=list(runs),
    )


def _groups(runs: Iterable[Row]) -> dict[tuple[str, int], list[Row]]:
    groups: dict[tuple[str, int], list[Row]] = {}
    for row in runs:
        groups.setdefault((row.server, row.calls), []).append(row)
    return groups


def median(rows: Sequence[Row]) -> Row:
    """Number by number; what must not happen at all is summed."""
    summed = ("failures", "bytes_after_stop", "ran_dry")
    fields: dict[str, Any] = {}
    for name in Row.__struct_fields__:
        values = [getattr(row, name) for row in rows]
        if isinstance(values[0], Spread):
            fields[name] = Spread(*(_middle([getattr(v, at) for v in values]) for at in Spread.__struct_fields__))
        elif name == "failed":
            fields[name] = {what: sum(v.get(what, 0) for v in values) for v in values for what in v}
        elif name in summed:
            fields[name] = sum(values)
        elif isinstance(values[0], str):
            fields[name] = values[0]
        else:
            fields[name] = type(values[0])(_middle(values))
    return Row(**fields)


def _middle(values: Sequence[float]) -> float:
    return round(statistics.median(values), 5)


def ratios(runs: Sequence[Row]) -> list[Ratios]:
    """Of each server and count that ran beside its floor."""
    groups = _groups(runs)
    found = []
    for (server, calls), rows in groups.items():
        floors = groups.get((FLOOR_OF.get(server, ""), calls))
        if floors is None:
            continue
        pairs = list(zip(rows, floors, strict=False))
        found.append(
            Ratios(
                server,
                calls,
                cpu=_middle([row.cpu_per_call / floor.cpu_per_call for row, floor in pairs]),
                barge_in_p50=_middle([row.barge_in_ms.p50 / floor.barge_in_ms.p50 for row, floor in pairs]),
                barge_in_p99=_middle([row.barge_in_ms.p99 / floor.barge_in_ms.p99 for row, floor in pairs]),
                first_audio_p50_more_ms=_middle([row.first_audio_ms.p50 - f.first_audio_ms.p50 for row, f in pairs]),
                late_p99_more_ms=_middle([row.late_ms.p99 - floor.late_ms.p99 for row, floor in pairs]),
            )
        )
    return found


COLUMNS = (
    "server", "calls", "onset to StopAudio", "decision to silence", "first audio", "lateness", "CPU per call",
    "of floor", "MB per call", "failures", "after stop",
)  # fmt: skip


def table(found: Report) -> str:
    """In Markdown; times in ms, p50 / p95 / p99 / max."""
    by_row = {(ratio.server, ratio.calls): ratio for ratio in found.ratios}
    lines = [f"| {' | '.join(COLUMNS)} |", f"|{'---|' * len(COLUMNS)}"]
    for row in found.rows:
        ratio = by_row.get((row.server, row.calls))
        spreads = (row.barge_in_ms, row.decision_to_silence_ms, row.first_audio_ms, row.late_ms)
        cells = [row.server, str(row.calls), *map(_cell, spreads), f"{row.cpu_per_call * 100:.2f} %"]
        cells += [f"{ratio.cpu:.2f}" if ratio else "1"]
        cells += [f"{row.rss_mb_per_call:.2f}", str(row.failures), f"{row.bytes_after_stop} B"]
        lines.append(f"| {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(spread: Spread) -> str:
    return f"{spread.p50:.1f} / {spread.p95:.1f} / {spread.p99:.1f} / {spread.max:.1f}"
