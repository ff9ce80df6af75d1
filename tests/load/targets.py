"""What the server has promised to be, against what a bench found."""

from collections.abc import Callable

import msgspec

from tests.load.report import Report
from tests.load.runs import Row

FULL = 50
"""Calls at which latency, lateness and memory are judged."""
TEN = 10
START_UP_S = 3.0
BESIDE = (
    ("earshot, telemetry", "with metrics and sampled traces", 1.11, 1.05),
    ("earshot, redis", "with Redis", 1.17, 1.05),
)
"""By server: what it has beside, and how much of the CPU per call it may take: 1.11 is a tenth of the calls."""
TELEPHONES = ("earshot", "earshot, 40 ms")


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
        _share_of_the_floor(found),
        *(_cpu(found, calls) for calls in (10, FULL)),
        _at_full(found, "first audio over the providers' time, p50", 5, 2, lambda row: row.first_audio_ms.p50),
        _at_full(found, "first audio over the providers' time, p99", 20, 8, lambda row: row.first_audio_ms.p99),
        _at_full(found, "frame lateness, p99", 10, 3, lambda row: row.late_ms.p99),
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
    def worst(server: str) -> float | None:
        rows = [row.decision_to_silence_ms.p99 for row in found.rows if row.server == server and row.calls <= FULL]
        return max(rows, default=None)

    return Target(f"decision to silence, 1 to {FULL} calls, p99", 10, 3, worst("earshot"), "ms", worst("floor"))


def _share_of_the_floor(found: Report) -> Target:
    kept, floor = (found.calls_kept.get(server, 0) for server in ("earshot", "floor"))
    share = kept / floor if floor else None
    return Target("calls per core, as a share of the floor's", 0.75, 1.0, share, floor=1.0, more_is_better=True)


def _cpu(found: Report, calls: int) -> Target:
    ratio = found.ratio("earshot", calls)
    return Target(f"CPU per call at {calls} calls, of the floor's", 1.3, 1.0, ratio.cpu if ratio else None, floor=1.0)


def _at_full(found: Report, what: str, must: float, aim: float, of: Callable[[Row], float]) -> Target:
    row, floor = (found.row(server, FULL) for server in ("earshot", "floor"))
    return Target(f"{what}, {FULL} calls", must, aim, of(row) if row else None, "ms", of(floor) if floor else None)


def _memory(found: Report) -> Target:
    row, floor = (found.row(server, FULL) for server in ("earshot", "floor"))
    beside = row.rss_mb_per_call - row.audio_mb_per_call if row else None
    return Target(
        "memory per call beside audio buffers", 0.3, 0.1, beside, "MB", floor.rss_mb_per_call if floor else None
    )


def _after_stop(found: Report) -> Target:
    def summed(*servers: str) -> float | None:
        rows = [row.bytes_after_stop for row in found.rows if row.server in servers]
        return sum(rows) if rows else None

    return Target("audio after StopAudio", 0, 0, summed(*TELEPHONES), "bytes", summed("floor"))


def _azure(found: Report) -> Target:
    kept = found.calls_kept.get("earshot, azure")
    return Target("calls per core with the real Azure Speech SDK", 25, 50, kept, more_is_better=True)


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
