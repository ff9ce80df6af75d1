"""The rows of several runs as medians, and their ratios to the floor."""

import platform
import statistics
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from tests.load.local import Local
from tests.load.runs import Row, Spread

FLOOR_OF = {
    "earshot": "floor",
    "earshot, 40 ms": "floor, 40 ms",
    "earshot, browser": "floor",
    "earshot, azure": "floor",
    "earshot, redis": "floor",
    "earshot, telemetry": "floor",
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
    """By server, the most calls at which the promise was kept, with all lower counts; 0 if it was kept at none."""
    start_up_s: dict[str, float]
    """By wire, from the command to the first frame of a greeting on the local engines; empty if not measured."""
    runs: list[Row]
    local: Local | None = None
    """Conversations on the engines of this machine; None if they were not measured."""

    def row(self, server: str, calls: int) -> Row | None:
        """The medians of a server at a number of calls."""
        return next((row for row in self.rows if (row.server, row.calls) == (server, calls)), None)

    def ratio(self, server: str, calls: int) -> Ratios | None:
        """The same, against its floor."""
        return next((ratio for ratio in self.ratios if (ratio.server, ratio.calls) == (server, calls)), None)


def machine() -> str:
    """The processor and how much of it there is, the kernel and Python."""
    lines = Path("/proc/cpuinfo").read_text().splitlines()
    models = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
    python = f"Python {platform.python_version()}"
    return f"{models[0] if models else platform.machine()}, {len(models)} cores, Linux {platform.release()}, {python}"


def today() -> str:
    """The date, UTC."""
    return datetime.now(UTC).date().isoformat()


def report(runs: Sequence[Row], repeats: int, seconds: float, start_up_s: dict[str, float]) -> Report:
    """Of runs in the order in which they were made: those of one server and count one after the other."""
    rows = [median(group) for group in _groups(runs).values()]
    return Report(
        machine=machine(),
        date=today(),
        repeats=repeats,
        seconds=seconds,
        rows=rows,
        ratios=ratios(runs),
        calls_kept=_calls_kept(rows),
        start_up_s=start_up_s,
        runs=list(runs),
    )


def _calls_kept(rows: Iterable[Row]) -> dict[str, int]:
    kept: dict[str, int] = {}
    broken: set[str] = set()
    for row in sorted(rows, key=lambda row: row.calls):
        kept.setdefault(row.server, 0)
        if not row.kept:
            broken.add(row.server)
        elif row.server not in broken:
            kept[row.server] = row.calls
    return kept


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
