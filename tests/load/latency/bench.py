"""How long an answer takes on Azure's SDKs: `make bench-latency CALLS=1,25 OUT=bench-latency.json`.

The server has one core; the emulated cloud and the callers, a process each, have another. What a provider took is
taken out by what its emulator noted: from when it had what it needed to when its answer went out. So is the silence
that ends an utterance, and the wait for the tokens of a first clause, from the first to the one that completes it. What
is left is Earshot, the SDKs and the loopback; `stages.Stages` says where it went.

Then recognizers alone, in a process with a core of its own, more and more of them: see `recognizers.py`.
"""

import argparse
import asyncio
import gc
import os
import subprocess
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, nullcontext
from datetime import UTC, datetime
from pathlib import Path

import msgspec

from tests.load.latency.callers import Calls, Heard
from tests.load.latency.cloud import Notes
from tests.load.latency.recognizers import Level
from tests.load.latency.report import Report, Run, carried, median, run_of, tables
from tests.load.latency.script import answer, clause_token
from tests.load.latency.stages import stages
from tests.load.report import machine
from tests.load.runs import spread
from tests.load.script import END_SILENCE_MS
from tests.load.servers import CALLERS_CORE, EARSHOT, ROOT, SERVER_CORE, Kind, Server, end, pinned_to, running

COLD = ("SPEECH_SYNTHESIZER", "tests.load.latency.cold_synthesizer:create")
SYNTHESIZERS: dict[str, tuple[tuple[str, str], ...]] = {"warm": (), "cold": (COLD,)}
WARM_S = 2.5
SECONDS, LISTEN_S = {1: 14.0}, {1: 1.0}
"""By number of calls: where there is one only, it is measured longer, and takes its turns sooner."""
EVENTS = ("stock", "light")
LEVELS = (10, 30, 50, 70, 90, 110, 130, 150)
LEVEL_S = 3.0
PARTS = ("calls", "recognizers")
OWN_LATE_MS, ATTEMPTS = 10.0, 2
"""A run in which the callers were late by more at p99 tells of what else the machine does, and is made again."""


class Cloud:
    """The emulated one, as a process."""

    def __init__(self, process: "subprocess.Popen[str]") -> None:
        self._process = process
        assert process.stdout is not None
        self.environment: dict[str, str] = msgspec.json.decode(process.stdout.readline())

    def notes(self) -> Notes:
        """What it did since the last time."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("\n")
        self._process.stdin.flush()
        return msgspec.json.decode(self._process.stdout.readline(), type=Notes)

    def cpu_s(self) -> float:
        """What it took so far."""
        return cpu_s(self._process.pid)


@contextmanager
def emulated_cloud(*, pinned: bool = True) -> Iterator[Cloud]:
    """One that runs."""
    command = (*(pinned_to(CALLERS_CORE) if pinned else ()), sys.executable, "-m", "tests.load.latency.cloud")
    with subprocess.Popen(
        command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            yield Cloud(process)
        finally:
            end(process)


def cpu_s(pid: int) -> float:
    """What a process took so far, in all its threads: those of the SDK come and go."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def run(
    cloud: Cloud, synthesizer: str, calls: int, seconds: float, *, warm_s: float = WARM_S, pinned: bool = True
) -> Run:
    """Start a server on the emulated cloud, hold so many calls, and stop it."""
    azure = (("SPEECH_RECOGNIZER", "azure"), ("SPEECH_SYNTHESIZER", "azure"), ("LANGUAGE_MODEL", "azure"))
    environment = (*EARSHOT, *azure, *cloud.environment.items(), *SYNTHESIZERS[synthesizer])
    kind = Kind("earshot on azure", ("-m", "app", "serve"), environment, has_workers=True)
    with running(kind, pinned=pinned) as server, on_callers_core() if pinned else nullcontext():
        heard, server_cpu, cloud_cpu = asyncio.run(_hold(cloud, server, calls, warm_s, seconds))
    found = stages(heard.answers, cloud.notes(), END_SILENCE_MS, clause_token(answer(0)))
    # An answer whose way through the cloud cannot be told is one that nobody knows anything of.
    lost = len(heard.answers) - len(found)
    return run_of(
        synthesizer,
        calls,
        found,
        heard.silenced_ms,
        server_cpu=round(server_cpu / seconds, 3),
        cloud_cpu=round(cloud_cpu / seconds, 3),
        own_late_ms=spread(heard.own_late_ms),
        bytes_after_stop=heard.bytes_after_stop,
        failures=sum(heard.failures.values()) + lost,
    )


@contextmanager
def on_callers_core() -> Iterator[None]:
    """This process, for as long as it is the callers."""
    cores = os.sched_getaffinity(0)
    os.sched_setaffinity(0, {sorted(cores)[CALLERS_CORE % len(cores)]})
    try:
        yield
    finally:
        os.sched_setaffinity(0, cores)


@contextmanager
def without_collections() -> Iterator[None]:
    """A collection of all that is imported here takes longer than a frame."""
    gc.disable()
    try:
        yield
    finally:
        gc.enable()


async def _hold(cloud: Cloud, server: Server, calls: int, warm_s: float, seconds: float) -> tuple[Heard, float, float]:
    async with Calls(server.url, calls, LISTEN_S.get(calls, 3.0)) as held:
        await asyncio.sleep(warm_s)
        cloud.notes()
        server_cpu_s, cloud_cpu_s = server.usage().cpu_s, cloud.cpu_s()
        with without_collections():
            heard = await held.measure(seconds)
        return heard, server.usage().cpu_s - server_cpu_s, cloud.cpu_s() - cloud_cpu_s


def levels(
    cloud: Cloud, events: str, counts: Sequence[int] = LEVELS, seconds: float = LEVEL_S, *, pinned: bool = True
) -> list[Level]:
    """More and more recognizers of a process, with these events."""
    arguments = (events, ",".join(map(str, counts)), str(seconds))
    ended = subprocess.run(
        (
            *(pinned_to(SERVER_CORE) if pinned else ()),
            *(sys.executable, "-m", "tests.load.latency.recognizers", *arguments),
        ),
        cwd=ROOT,
        env={"PATH": os.defpath, **cloud.environment},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    cloud.notes()
    return [msgspec.json.decode(line, type=Level) for line in ended.stdout.splitlines()]


def bench(cloud: Cloud, parts: Sequence[str], counts: list[int], repeats: int) -> Report:
    """All that is asked for, each repeat of it beside those of the others."""
    runs: list[Run] = []
    raised: dict[str, list[list[Level]]] = {}
    for repeat in range(repeats):
        turn = f"{repeat + 1} of {repeats}"
        if "calls" in parts:
            runs += _calls(cloud, turn, counts)
        if "recognizers" in parts:
            for events in EVENTS:
                raised.setdefault(events, []).append(_recognizers(cloud, turn, events))
    groups: dict[tuple[str, int], list[Run]] = {}
    for found in runs:
        groups.setdefault((found.synthesizer, found.calls), []).append(found)
    return Report(
        machine(),
        datetime.now(UTC).date().isoformat(),
        repeats,
        rows=[median(group) for group in groups.values()],
        carried=[carried(found) for found in raised.values()],
        runs=runs,
    )


def _calls(cloud: Cloud, turn: str, counts: list[int]) -> Iterator[Run]:
    for calls in counts:
        for synthesizer in SYNTHESIZERS:
            _tell(f"{turn}, {calls} calls, {synthesizer} synthesizers: ", "")
            yield _undisturbed(cloud, synthesizer, calls)


def _undisturbed(cloud: Cloud, synthesizer: str, calls: int) -> Run:
    """A run in which the callers themselves were on time; where there is none, that in which they were least late."""
    runs = []
    for _ in range(ATTEMPTS):
        runs.append(run(cloud, synthesizer, calls, SECONDS.get(calls, 10.0)))
        _tell(_line(runs[-1]))
        if runs[-1].own_late_ms.p99 <= OWN_LATE_MS:
            break
    return min(runs, key=lambda run: run.own_late_ms.p99)


def _recognizers(cloud: Cloud, turn: str, events: str) -> list[Level]:
    _tell(f"{turn}, recognizers with {events} events, partial results p95: ", "")
    found = levels(cloud, events)
    _tell(", ".join(f"{each.recognizers} at {each.partial_ms.p95:.0f} ms" for each in found))
    return found


def _line(run: Run) -> str:
    return (
        f"first audio {run.own_ms.p50:.1f} / {run.own_ms.p95:.1f}, StopAudio {run.silence_ms.p50:.1f} /"
        f" {run.silence_ms.p95:.1f}, callers late {run.own_late_ms.p99:.1f} ms, {run.failures} failures"
    )


def _tell(text: str, last: str = "\n") -> None:
    print(text, end=last, file=sys.stderr, flush=True)


def main(arguments: list[str]) -> None:
    """Measure, print the tables, and keep all of it in OUT."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.latency.bench")
    parser.add_argument("--calls", default="1,25")
    parser.add_argument("--out", type=Path, default=Path("bench-latency.json"))
    parser.add_argument("--parts", default=",".join(PARTS))
    parser.add_argument("--repeats", type=int, default=2)
    options = parser.parse_args(arguments)
    with emulated_cloud() as cloud:
        counts = [int(count) for count in options.calls.split(",")]
        found = bench(cloud, options.parts.split(","), counts, options.repeats)
    options.out.write_bytes(msgspec.json.format(msgspec.json.encode(found)) + b"\n")
    print(f"{found.machine}, {found.date}, medians of {found.repeats} runs; ms, p50 / p95 / p99 / max")
    print(tables(found))


if __name__ == "__main__":
    main(sys.argv[1:])
