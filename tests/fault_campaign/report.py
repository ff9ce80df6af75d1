"""One conversation judged, and what is printed of many: a table by kind of fault, and the log of one."""

import os
import signal
import sys
from collections import Counter
from collections.abc import Iterable

import msgspec

from actors.messages.output import AudioFrame
from tests.fault_campaign.conversation import converse
from tests.fault_campaign.evidence import Evidence
from tests.fault_campaign.invariants import Verdict, judge
from tests.fault_campaign.kinds import drawn

COLUMNS = ("runs", "clean", "answered", "apologised", "ended with a word", "violated")
RUN_CPU_S = 60.0
"""Processor time for one conversation, which takes a tenth of a second: with more it will never end."""


class Run(msgspec.Struct, frozen=True):
    """One conversation, judged."""

    seed: int
    kinds: tuple[str, ...]
    verdict: Verdict


def run(seed: int) -> Run:
    """Have the conversation of a seed, and judge it."""
    scenario = drawn(seed)
    return Run(seed, tuple(scenario.kinds), judge(converse(scenario)))


def bounded_run(seed: int) -> Run:
    """Have the conversation of a seed; one that never ends ends this process, and is named.

    No exception: an actor that is at work when it is raised would contain it.
    """

    def give_up(*_: object) -> None:
        print(f"make faults RUNS=1 SEED={seed}: it never ends", file=sys.stderr, flush=True)
        os._exit(1)

    signal.signal(signal.SIGPROF, give_up)
    signal.setitimer(signal.ITIMER_PROF, RUN_CPU_S)
    try:
        return run(seed)
    finally:
        signal.setitimer(signal.ITIMER_PROF, 0.0)


def table(runs: Iterable[Run]) -> str:
    """What became of each kind of fault; a run counts for each of its kinds, and once in the totals."""
    rows: dict[str, Counter[str]] = {}
    for one in runs:
        violated = bool(one.verdict.violations)
        counted = Counter(
            {
                "runs": 1,
                "clean": int(not violated),
                "answered": one.verdict.answered,
                "apologised": one.verdict.apologised,
                "ended with a word": int(one.verdict.ended_with_a_word),
                "violated": int(violated),
            }
        )
        for kind in (*one.kinds, "~ all"):
            rows.setdefault(kind, Counter()).update(counted)
    width = max(map(len, rows))
    lines = [" ".join([f"{'kind of fault':{width}}", *(f"{column:>{max(8, len(column))}}" for column in COLUMNS)])]
    for kind in sorted(rows):
        cells = (f"{rows[kind][column]:>{max(8, len(column))}}" for column in COLUMNS)
        lines.append(" ".join([f"{kind.removeprefix('~ '):{width}}", *cells]))
    return "\n".join(lines)


def log(evidence: Evidence) -> str:
    """All that happened in a conversation; the audio of a reply as one line."""
    entries = [(at, f"    {deed}") for at, deed in evidence.deeds]
    reply = -1
    for at, message in evidence.shown:
        if not isinstance(message, AudioFrame):
            entries.append((at, repr(message)))
            continue
        if message.reply != reply:
            entries.append((at, f"Audio of reply {message.reply} ({message.kind}) ..."))
            reply = message.reply
    return "\n".join(f"{at:8.3f} {entry}" for at, entry in sorted(entries, key=lambda entry: entry[0]))
