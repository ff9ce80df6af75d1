"""The clock of a load generator: what a call lost while it slipped says nothing of the server.

On a machine that is too small for both, the callers do not speak when they should, and workers that are well are not
run for so long that others take them for dead. The loop of this process, which has no more right to the processor
than a worker has, shows by how much.
"""

import asyncio
import os
import time
from contextlib import suppress
from pathlib import Path

LOOK_S = 0.05
SLIPPED_S = 0.5
"""A loop that is later than this is one whose time-outs, and those of a worker beside it, mean nothing."""
MOST_LATE_SHARE = 0.01
"""Of all looks, so many may be later than `LATE_S` on a machine that carries the run."""
LATE_S = 0.1


class OwnClock:
    """Looks from `start` until `stop`. Belongs to one event loop."""

    def __init__(self) -> None:
        self.late_s: list[float] = []
        self._slips: list[tuple[float, float]] = []
        self._task: asyncio.Task[None] | None = None
        self._began = (0.0, 0.0)
        self.busy_cores = 0.0
        """Of all cores of the machine, by whatever runs, on average"""
        self.run_cores = 0.0
        """Of those, what this process took, with all that it has started"""
        self.own_cores = 0.0
        """Of those, what this process took alone"""

    def start(self) -> None:
        """Look from now on."""
        self._wall_s, self._own_s, self._run_s, self._busy_s = time.monotonic(), _own_s(), _run_s(), _busy_s()
        self._task = asyncio.get_running_loop().create_task(self._look(), name="own clock")

    def stop(self) -> None:
        """Look no more, and sum up."""
        if self._task is not None:
            self._task.cancel()
        wall_s = max(time.monotonic() - self._wall_s, 1e-3)
        self.own_cores = (_own_s() - self._own_s) / wall_s
        self.run_cores = (_run_s() - self._run_s) / wall_s
        self.busy_cores = (_busy_s() - self._busy_s) / wall_s

    def slipped(self, since_s: float, until_s: float | None = None) -> bool:
        """Whether it slipped between two times of `time.monotonic`; `until_s`: by default until now."""
        until_s = time.monotonic() if until_s is None else until_s
        return any(begun_s <= until_s and ended_s >= since_s for begun_s, ended_s in self._slips)

    @property
    def slips(self) -> int:
        """How often it slipped."""
        return len(self._slips)

    @property
    def is_trusted(self) -> bool:
        """Whether the machine carried the run: what was lost in it was lost by the server."""
        late = sum(seconds > LATE_S for seconds in self.late_s)
        return late <= MOST_LATE_SHARE * len(self.late_s)

    def late(self, share: float) -> float:
        """By how much it was late, in seconds, in all but so large a share of the looks."""
        ordered = sorted(self.late_s) or [0.0]
        return ordered[min(len(ordered) - 1, int(len(ordered) * share))]

    def looked(self, before_s: float, now_s: float) -> None:
        """Note a look at `now_s`, which was due `LOOK_S` after `before_s`."""
        late_s = now_s - before_s - LOOK_S
        self.late_s.append(late_s)
        if late_s > SLIPPED_S:
            self._slips.append((before_s, now_s))

    async def _look(self) -> None:
        while True:
            before_s = time.monotonic()
            await asyncio.sleep(LOOK_S)
            self.looked(before_s, time.monotonic())


def _own_s() -> float:
    times = os.times()
    return times.user + times.system


def _run_s() -> float:
    """What this process and all that it has started have worked, those included that have ended, in seconds."""
    ticks, waiting = 0, [os.getpid()]
    while waiting:
        pid = waiting.pop()
        # One that has just ended is in the times of whoever waits for it.
        with suppress(OSError):
            fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
            ticks += sum(map(int, fields[11:15]))
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += map(int, (task / "children").read_text().split())
    return ticks / os.sysconf("SC_CLK_TCK")


def _busy_s() -> float:
    """What all cores have worked since the machine was started, in seconds of one core; of this container, if the
    kernel tells."""
    own = Path("/sys/fs/cgroup/cpu.stat")
    if own.exists():
        return int(own.read_text().split()[1]) / 1e6
    user, nice, system, _, _, irq, soft_irq, *_ = map(int, Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:])
    return (user + nice + system + irq + soft_irq) / os.sysconf("SC_CLK_TCK")
