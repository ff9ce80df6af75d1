"""What a chaos run cost, by kind of mishap, and whether that is more than was promised."""

import os
import time
from collections.abc import Callable, Sequence

import msgspec

from tests.load.own_clock import OwnClock

SILENT = ("kill", "stop")
"""Mishaps at once upon which nothing is heard any more, though the socket may be open still."""
ASKED_FOR = 40 + 20
"""Conversations of the whole run: what this machine lacks for them is told."""
NOT_JUDGED = 3
"""Exit status of a run in which nothing was lost that counts, on a machine that does not carry it."""


class Limit(msgspec.Struct, frozen=True):
    """How long nothing may be heard in 99 of 100 cases; `is_over`: besides what the client itself waits."""

    seconds: float
    is_over: bool


LIMITS = {"kill": Limit(4.0, is_over=False), "drain": Limit(0.5, is_over=True)}
"""Of a worker that is stopped nothing is heard until its lease of three seconds has ended, which is no fault."""


class Gap(msgspec.Struct, frozen=True):
    """A connection that was lost and came back."""

    mishap: str
    who: str
    seconds: float
    """From when on nothing was heard"""
    over_s: float
    """The same without what the network or the browser took to come back when it was told to, or could"""
    is_slipped: bool
    """The callers themselves were late meanwhile: it says nothing of the server"""


class Tally:
    """What became of everything. `now` gives the seconds of a monotonic clock."""

    def __init__(self, conversations: int, clock: OwnClock, now: Callable[[], float] = time.monotonic) -> None:
        self.now = now
        self.conversations = conversations
        self.clock = clock
        self.mishap = ""
        self.mishap_s = 0.0
        """When it happened"""
        self.gaps: list[Gap] = []
        self.turns = 0
        self.repeated = 0
        """Numbers that had to be given again"""
        self.lost: list[str] = []
        """Conversations that ended or began anew"""
        self.lost_late: list[str] = []
        """Those that did while the callers themselves were late: nobody knows whose fault it was"""
        self.missing: list[str] = []
        """Transcripts that lack a number which was answered"""
        self.turns_lost = 0
        """Numbers that were answered and are in no transcript"""
        self.waited_s = 0.0
        """How long mishaps were put off since workers were still being started"""
        self.said: dict[str, list[str]] = {}
        """What was said in each conversation, by the name of its session"""

    def happens(self, mishap: str) -> None:
        """Note that something happens now."""
        self.mishap, self.mishap_s = mishap, self.now()

    def lose(self, conversation: str, since_s: float) -> None:
        """Note that a conversation is lost, of which all was well at `since_s`."""
        (self.lost_late if self.clock.slipped(since_s) else self.lost).append(conversation)

    def gap(self, lost_s: float, before_s: float, who: str, own_s: float) -> None:
        """Note that a connection is back that was lost at `lost_s`, and was there again at `before_s` before that: of a
        worker that was killed or stopped nothing was heard from then on. `own_s`: what the client itself waited.
        """
        silent = self.mishap in SILENT and before_s < self.mishap_s < lost_s
        from_s = self.mishap_s if silent else lost_s
        seconds = self.now() - from_s
        slipped = self.clock.slipped(from_s)
        self.gaps.append(Gap(self.mishap, who, seconds, max(0.0, seconds - own_s), slipped))

    def of(self, mishap: str, who: str) -> list[Gap]:
        """The gaps of one kind."""
        return [gap for gap in self.gaps if (gap.mishap, gap.who) == (mishap, who)]


def faults(tally: Tally) -> list[str]:
    """What was more than was promised, a line each."""
    found = [f"conversations lost: {len(tally.lost)}"] if tally.lost else []
    if tally.turns_lost:
        found.append(f"turns lost: {tally.turns_lost}")
    for mishap, limit in LIMITS.items():
        for who in WHO:
            gaps = [gap.over_s if limit.is_over else gap.seconds for gap in tally.of(mishap, who) if not gap.is_slipped]
            if gaps and share(gaps, 0.99) > limit.seconds:
                found.append(f"{mishap}, {who}: gap p99 {share(gaps, 0.99):.2f} s, at most {limit.seconds:g} s")
    return found


WHO = ("phone", "browser")


def status(tally: Tally) -> int:
    """The exit status: NOT_JUDGED if the machine was too small to tell, else 1 if more was lost than may be."""
    if not tally.clock.is_trusted:
        return NOT_JUDGED
    if faults(tally):
        return 1
    return NOT_JUDGED if tally.lost_late else 0


def share(values: Sequence[float], of: float) -> float:
    """The value below which so large a share of them are; 0 if there are none."""
    ordered = sorted(values) or [0.0]
    return ordered[min(len(ordered) - 1, int(len(ordered) * of))]


def table(tally: Tally, kinds: Sequence[str]) -> str:
    """The result, as it is printed."""
    head = (
        f"{'mishap':<18}{'who':<9}{'lost':>5}{'p50 s':>8}{'p99 s':>8}{'most s':>8}{'over p99':>10}{'slipped':>9}  limit"
    )
    rows = [_row(tally, kind, who) for kind in dict.fromkeys(["", *kinds]) for who in WHO if kind or tally.of("", who)]
    kept = tally.conversations - len(tally.lost) - len(tally.lost_late) - len(tally.missing)
    lines = [
        f"conversations lost {len(tally.lost)} of {tally.conversations}, history continued in {kept}",
        f"conversations lost while the callers themselves were late, not counted: {len(tally.lost_late)}",
        f"turns {tally.turns}, given again {tally.repeated}, lost {tally.turns_lost}",
        *_load(tally),
        *(f"lost: {each}" for each in tally.lost),
        *(f"lost, not counted: {each}" for each in tally.lost_late),
        *tally.missing,
        *(f"FAILED {fault}" for fault in faults(tally)),
    ]
    if status(tally) == NOT_JUDGED:
        lines.append("NOT JUDGED: this machine does not carry so many callers beside the servers")
    return "\n".join([head, *rows, *lines])


def _row(tally: Tally, mishap: str, who: str) -> str:
    gaps = tally.of(mishap, who)
    name = f"{mishap or 'before any':<18}{who:<9}{len(gaps):>5}"
    limit = LIMITS.get(mishap)
    bound = "" if limit is None else f"  p99 {limit.seconds:g} s{' over' if limit.is_over else ''}"
    if not gaps:
        return f"{name}{'':>43}{bound}"
    seconds, over = [gap.seconds for gap in gaps], [gap.over_s for gap in gaps]
    slipped = sum(gap.is_slipped for gap in gaps)
    times = f"{share(seconds, 0.5):>8.2f}{share(seconds, 0.99):>8.2f}{max(seconds):>8.2f}{share(over, 0.99):>10.2f}"
    return f"{name}{times}{slipped:>9}{bound}"


def _load(tally: Tally) -> list[str]:
    """What the run asked of the machine, and what the whole run would."""
    clock, cores = tally.clock, os.cpu_count() or 1
    wanted = clock.run_cores / max(1, tally.conversations) * ASKED_FOR
    return [
        f"callers late: p50 {clock.late(0.5) * 1000:.0f} ms, p99 {clock.late(0.99) * 1000:.0f} ms, most "
        f"{clock.late(1.0) * 1000:.0f} ms, slipped {clock.slips} times",
        f"of {cores} cores {clock.busy_cores:.2f} were busy, {clock.run_cores:.2f} of it with this run, of that "
        f"{clock.own_cores:.2f} with the callers and the network; 40 calls and 20 browsers want about {wanted:.1f}",
        f"mishaps waited {tally.waited_s:.0f} s for workers that were being started",
    ]
