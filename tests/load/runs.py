"""One run: a server, its callers, and what both showed, as one row."""

import subprocess
import sys
import time
from collections.abc import Sequence

import httpx
import msgspec

from tests.load.caller import Measured
from tests.load.servers import CALLERS_CORE, ROOT, Kind, Server, Usage, pinned_to, running

CALLS_PER_PROCESS = 100
PROMISE_MS = 30.0
"""From the onset to StopAudio, at p99."""
SETTLING_S, MOST_SETTLING_S = 1.0, 20.0
STANDS_STILL_MB = 0.1
"""Memory that grows by less in `SETTLING_S` stands still."""


class Spread(msgspec.Struct, frozen=True):
    """A distribution, in ms."""

    p50: float
    p95: float
    p99: float
    max: float


class Row(msgspec.Struct, frozen=True):
    """What one server did with so many calls. Times in ms."""

    server: str
    calls: int
    barge_in_ms: Spread
    decision_to_silence_ms: Spread
    pause_ms: Spread
    first_audio_ms: Spread
    late_ms: Spread
    greeting_ms: Spread
    own_late_ms: Spread
    failures: int
    failed: dict[str, int]
    bytes_after_stop: int
    ran_dry: int
    frames: int
    cpu_per_call: float
    """Of a core."""
    rss_mb_per_call: float
    audio_mb_per_call: float
    """Of that, the caller's recent audio, which is bounded; 0 where the server does not say. Replies share one copy."""
    rss_mb: float
    rss_growth_mb: float
    """While it was measured."""
    threads: int
    descriptors: int
    lag_p99_ms: float
    """Of the server's loop; 0 where it does not say."""
    callers_cpu: float
    """Of a core, all callers."""
    redis_commands: float = 0.0
    """Of a turn, those within scripts counted, and what workers tell each other while nobody talks; 0 without Redis."""

    @property
    def kept(self) -> bool:
        """The promise: whoever interrupts is obeyed within `PROMISE_MS`, and no call fails."""
        return self.failures == 0 and self.barge_in_ms.p99 < PROMISE_MS


def spread(values: Sequence[float]) -> Spread:
    """The distribution of `values`; zeros if there are none."""
    ordered = sorted(values) or [0.0]

    def at(share: float) -> float:
        return round(ordered[min(len(ordered) - 1, int(len(ordered) * share))], 2)

    return Spread(at(0.5), at(0.95), at(0.99), round(ordered[-1], 2))


def run(kind: Kind, calls: int, seconds: float, *, warm_s: float = 3.0, pinned: bool = True) -> Row:
    """Start a server of `kind`, hold `calls` calls, and stop both."""
    with running(kind, pinned=pinned) as server:
        # What a server sets up for its first call belongs to none.
        _callers(server, kind, 1, seconds=0.2, warm_s=0.2, first=90_000, pinned=pinned)
        return _row(kind, calls, _settled(server), *_callers(server, kind, calls, seconds, warm_s, 0, pinned=pinned))


def _settled(server: Server) -> Usage:
    """What a server has taken once its memory stands still, or after `MOST_SETTLING_S`.

    The phrases of all agents are made for the rate of the first call while others talk already: they are no call's.
    """
    until = time.monotonic() + MOST_SETTLING_S
    usage, before_mb = server.usage(), 0.0
    while usage.rss_mb > before_mb + STANDS_STILL_MB and time.monotonic() < until:
        before_mb = usage.rss_mb
        time.sleep(SETTLING_S)
        usage = server.usage()
    return usage


def run_again(server: Server, kind: Kind, calls: int, seconds: float, first: int) -> Row:
    """Hold `calls` calls with a server that runs already."""
    return _row(kind, calls, server.usage(), *_callers(server, kind, calls, seconds, 2.0, first, pinned=True))


class _Told(msgspec.Struct, frozen=True):
    """What a server says of itself, while its calls are up."""

    lag_p99_ms: float = 0.0
    audio_mb: float = 0.0


def _callers(
    server: Server, kind: Kind, calls: int, seconds: float, warm_s: float, first: int, *, pinned: bool
) -> tuple[Measured, Usage, Usage, _Told]:
    sizes = [len(range(n, calls, -(-calls // CALLS_PER_PROCESS))) for n in range(-(-calls // CALLS_PER_PROCESS))]
    processes = [
        subprocess.Popen(
            (
                *(pinned_to(CALLERS_CORE) if pinned else ()),
                *(sys.executable, "-m", "tests.load.caller", server.url, "--wire", kind.wire),
                *("--calls", str(size), "--first", str(first + n * 10_000)),
                *("--seconds", str(seconds), "--warm", str(warm_s), "--ramp", str(min(2.0, 0.02 * calls))),
            ),
            cwd=ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        for n, size in enumerate(sizes)
    ]
    try:
        _wait_for(processes, "measuring")
        begun = server.usage()
        _wait_for(processes, "measured")
        ended = server.usage()
        told = _told(server) if kind.is_earshot else _Told()
        measured = [msgspec.json.decode(process.communicate()[0], type=Measured) for process in processes]
    finally:
        for process in processes:
            process.kill()
    return _merged(measured), begun, ended, told


def _wait_for(processes: list["subprocess.Popen[str]"], word: str) -> None:
    for process in processes:
        assert process.stdout is not None
        line = process.stdout.readline().strip()
        if line != word:
            raise RuntimeError(f"the callers failed: {line}")


def _merged(parts: list[Measured]) -> Measured:
    total = parts[0]
    for part in parts[1:]:
        for name in Measured.__struct_fields__:
            if name == "failures":
                for what, count in part.failures.items():
                    total.failures[what] = total.failures.get(what, 0) + count
            elif name != "seconds":
                setattr(total, name, getattr(total, name) + getattr(part, name))
    return total


def _told(server: Server) -> _Told:
    found = httpx.get(f"{server.url}/api/v1/health/actors", trust_env=False, timeout=10).json()
    audio_bytes = sum(session["audio_bytes"] for session in found["sessions"])
    return _Told(round(float(found["loop_lag"]["p99_ms"]), 2), audio_bytes / 2**20)


def _row(kind: Kind, calls: int, before: Usage, measured: Measured, begun: Usage, ended: Usage, told: _Told) -> Row:
    return Row(
        server=kind.name,
        calls=calls,
        barge_in_ms=spread(measured.barge_in_ms),
        decision_to_silence_ms=spread(measured.decision_to_silence_ms),
        pause_ms=spread(measured.pause_ms),
        first_audio_ms=spread(measured.first_audio_ms),
        late_ms=spread(measured.late_ms),
        greeting_ms=spread(measured.greeting_ms),
        own_late_ms=spread(measured.own_late_ms),
        failures=sum(measured.failures.values()),
        failed=measured.failures,
        bytes_after_stop=measured.bytes_after_stop,
        ran_dry=measured.ran_dry,
        frames=measured.frames,
        cpu_per_call=round((ended.cpu_s - begun.cpu_s) / measured.seconds / calls, 5),
        rss_mb_per_call=round((ended.rss_mb - before.rss_mb) / calls, 3),
        audio_mb_per_call=round(told.audio_mb / calls, 3),
        rss_mb=round(ended.rss_mb, 1),
        rss_growth_mb=round(ended.rss_mb - begun.rss_mb, 2),
        threads=ended.threads,
        descriptors=ended.descriptors,
        lag_p99_ms=told.lag_p99_ms,
        callers_cpu=round(measured.cpu_s / measured.seconds, 3),
        redis_commands=round((ended.redis_commands - begun.redis_commands) / max(1, len(measured.first_audio_ms)), 1),
    )
