"""What the server has promised to be, against what a bench found."""

import statistics
from collections.abc import Callable

import msgspec

from tests.load.report import Report
from tests.load.runs import Row

FULL = 50
"""Calls at which latency, lateness and memory are judged."""
TEN, HUNDRED = 10, 100
START_UP_S = 3.0
BESIDE = (
    ("earshot, telemetry", "with metrics and sampled traces", 1.18, 1.05),
    ("earshot, redis", "with Redis", 1.18, 1.05),
)
"""By server: what it has beside, and how much of the CPU per call it may take: 1.18 is 15 % of the calls of a core."""
TELEPHONES = ("earshot", "earshot, 40 ms")
MODES = ("earshot", "earshot, browser", "earshot, voice live", "earshot, redis", "earshot, telemetry")
"""Whoever interrupts is obeyed in all of them."""
LEAST = "floor, uvicorn"
"""What a socket costs at all, on the faster of the two servers."""


FIRST_AUDIO = "first audio over the providers' time"


class Target(msgspec.Struct, frozen=True):
    """One promise: `must` is held, `aim` is hoped for. `measured` is None where the bench did not look."""

    what: str
    must: float
    aim: float
    measured: float | None
    unit: str = ""
    floor: float | None = None
    """What the floor did in the same bench."""
    more_is_better: bool = False

    @property
    def verdict(self) -> str:
        """`aim`, `must`, `missed`, or `not measured`."""
        if self.measured is None:
            return "not measured"
        reached = [name for name in ("aim", "must") if self._reaches(getattr(self, name), self.measured)]
        return reached[0] if reached else "missed"

    def _reaches(self, bound: float, measured: float) -> bool:
        return measured >= bound if self.more_is_better else measured <= bound


def targets(found: Report) -> list[Target]:
    """All of them."""
    return [
        _decision_to_silence(found),
        _calls(found),
        *(_cpu(found, calls) for calls in (FULL, HUNDRED)),
        *(_at(found, calls, f"{FIRST_AUDIO}, p50", 5, 3, lambda row: row.first_audio_ms.p50) for calls in (TEN, FULL)),
        *(
            _at(found, calls, f"{FIRST_AUDIO}, p99", 20, 10, lambda row: row.first_audio_ms.p99)
            for calls in (TEN, FULL)
        ),
        _at(found, FULL, "frame lateness, p99", 10, 3, lambda row: row.late_ms.p99),
        _memory(found),
        _after_stop(found),
        _azure(found),
        *(_voice_live(found, calls) for calls in (TEN, FULL)),
        *(_beside(found, name, what, must, aim) for name, what, must, aim in BESIDE),
        _local(found),
        *(
            Target(f"start to the first frame of a greeting, {wire}", START_UP_S, START_UP_S, seconds, "s")
            for wire, seconds in found.start_up_s.items()
        ),
    ]


def _decision_to_silence(found: Report) -> Target:
    def worst(*servers: str) -> float | None:
        rows = [row.decision_to_silence_ms.p99 for row in found.rows if row.server in servers and row.calls == FULL]
        return max(rows, default=None)

    return Target(f"decision to silence, worst mode, {FULL} calls, p99", 5, 3, worst(*MODES), "ms", worst("floor"))


def _calls(found: Report) -> Target:
    kept, floor = (found.calls_kept.get(server) for server in ("earshot", "floor"))
    return Target("calls of one worker that keep the promise", 150, 200, kept, floor=floor, more_is_better=True)


def cpu_of_least(found: Report, calls: int) -> float | None:
    """The CPU of a call as a share of the least that a socket costs: the median of pairs that ran side by side."""
    rows, floors = (
        [run.cpu_per_call for run in found.runs if (run.server, run.calls) == (server, calls)]
        for server in ("earshot", LEAST)
    )
    shares = [row / floor for row, floor in zip(rows, floors, strict=False)]
    return statistics.median(shares) if shares else None


def _cpu(found: Report, calls: int) -> Target:
    what = f"CPU per call at {calls} calls, of the uvicorn floor's"
    return Target(what, 1.25, 1.0, cpu_of_least(found, calls), floor=1.0)


def _at(found: Report, calls: int, what: str, must: float, aim: float, of: Callable[[Row], float]) -> Target:
    row, floor = (found.row(server, calls) for server in ("earshot", "floor"))
    return Target(f"{what}, {calls} calls", must, aim, of(row) if row else None, "ms", of(floor) if floor else None)


def _memory(found: Report) -> Target:
    row, floor = (found.row(server, FULL) for server in ("earshot", "floor"))
    beside = row.rss_mb_per_call - row.audio_mb_per_call if row else None
    return Target(
        "memory per call beside audio buffers", 0.15, 0.1, beside, "MB", floor.rss_mb_per_call if floor else None
    )


def _after_stop(found: Report) -> Target:
    def summed(*servers: str) -> float | None:
        rows = [row.bytes_after_stop for row in found.rows if row.server in servers]
        return sum(rows) if rows else None

    return Target("audio after StopAudio", 0, 0, summed(*TELEPHONES), "bytes", summed("floor"))


def _azure(found: Report) -> Target:
    kept = found.calls_kept.get("earshot, azure")
    return Target("calls per core with the real Azure Speech SDK", 40, 50, kept, more_is_better=True)


def _beside(found: Report, name: str, what: str, must: float, aim: float) -> Target:
    row, alone = (found.row(server, FULL) for server in (name, "earshot"))
    share = row.cpu_per_call / alone.cpu_per_call if row and alone else None
    return Target(f"CPU per call {what} at {FULL} calls, of without", must, aim, share)


def _local(found: Report) -> Target:
    p95 = found.local.final_ms.p95 if found.local is not None else None
    return Target("end of voice to final transcript on the engines of this machine, 10 calls, p95", 350, 350, p95, "ms")


def _voice_live(found: Report, calls: int) -> Target:
    row, media = (found.row(server, calls) for server in ("earshot, voice live", "earshot"))
    share = row.cpu_per_call / media.cpu_per_call if row and media else None
    return Target(f"CPU per call in voice_live at {calls} calls, of media's", 1.3, 1.0, share)
