"""Floods beside a good conversation: `make flood`, a table with a verdict, which `WRITE=1` has in docs/performance.md.

For each kind of flood a good conversation goes on for SECONDS undisturbed, and then for as long beside the flood. Its
worst pong and its worst gap between two messages of audio may not be more than twice what they were, or 20 ms more; the
memory of the server has to come back to within 20 MB. What was missed is tried again, up to ATTEMPTS times, since the
machine has other things to do.
"""

import argparse
import subprocess
import sys
import time
from collections.abc import Sequence
from datetime import UTC, datetime

import msgspec

from tests.load.figures import PAGE, with_figures
from tests.load.flood_attacker import Flooded
from tests.load.floods import FLOODS, SHORT, Flood
from tests.load.good_conversation import GoodConversation, Suffered
from tests.load.report import machine
from tests.load.servers import CALLERS_CORE, KINDS, ROOT, Kind, Server, end_all_when_told, pinned_to, running

BEGIN, END = "<!-- figures: make flood -->", "<!-- end of the floods -->"
"""What stands between these two lines of docs/performance.md is written by `--write`."""
FACTOR, MORE_MS, MORE_MB = 2.0, 20.0, 20.0
ATTEMPTS = 3
SETTLED_WITHIN_S = 8.0
WITHOUT_LIMITS = tuple(
    (f"CLIENT_{name}", "0")
    for name in (
        *("SESSIONS", "RELAYS", "CONNECTIONS_PER_MINUTE", "TEXTS_PER_MINUTE", "REQUESTS_PER_MINUTE"),
        *("MODEL_REQUESTS_PER_MINUTE", "MODEL_TOKENS_PER_MINUTE"),
    )
)
"""What one address may take is limited elsewhere: here many clients come from one."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """Of one flood. Memory in MB: before, at the end of the flood, and when it has settled."""

    flood: str
    calm: Suffered
    beside: Suffered
    before_mb: float
    after_mb: float
    settled_mb: float
    flooded: Flooded

    @property
    def missed(self) -> list[str]:
        """What was more than it may be, in words."""
        judged = (
            ("pong", self.calm.pong_ms, self.beside.pong_ms),
            ("audio gap", self.calm.gap_ms, self.beside.gap_ms),
        )
        found = [
            f"{what} {beside:.0f} ms beside the flood, {calm:.0f} ms without"
            for what, calm, beside in judged
            if beside > max(FACTOR * calm, calm + MORE_MS)
        ]
        if self.settled_mb > self.before_mb + MORE_MB:
            found.append(f"{self.settled_mb - self.before_mb:.0f} MB are not given back")
        if not self.flooded.opened:
            found.append("no socket of the flood was opened")
        return found


def kind_of_server() -> Kind:
    """Earshot with fake providers, and no limits by address."""
    kind = KINDS["earshot, browser"]
    return msgspec.structs.replace(kind, environment=(*kind.environment, *WITHOUT_LIMITS))


def endured(server: Server, flood: Flood, seconds: float) -> Outcome:
    """A good conversation without the flood, and beside it."""
    conversation = GoodConversation(server.url)
    try:
        conversation.listen(0.5)
        calm = conversation.listen(seconds)
        before_mb = server.usage().rss_mb
        with subprocess.Popen(
            (
                *pinned_to(CALLERS_CORE),
                *(sys.executable, "-m", "tests.load.flood_attacker", server.url, flood.name),
                *("--seconds", str(seconds)),
            ),
            cwd=ROOT,
            stdout=subprocess.PIPE,
        ) as attacker:
            try:
                # Until it has begun.
                conversation.listen(0.5)
                beside = conversation.listen(seconds - 0.5)
                after_mb = server.usage().rss_mb
                flooded = msgspec.json.decode(attacker.communicate(timeout=20)[0], type=Flooded)
            finally:
                attacker.kill()
    finally:
        conversation.close()
    return Outcome(
        flood=flood.name,
        calm=calm,
        beside=beside,
        before_mb=before_mb,
        after_mb=after_mb,
        settled_mb=_settled_mb(server, before_mb),
        flooded=flooded,
    )


def _settled_mb(server: Server, before_mb: float) -> float:
    ends = time.monotonic() + SETTLED_WITHIN_S
    while (now_mb := server.usage().rss_mb) > before_mb + MORE_MB and time.monotonic() < ends:
        time.sleep(0.2)
    return now_mb


def endured_at_best(flood: Flood, seconds: float) -> Outcome:
    """The first attempt in which nothing was missed, or else the last, each with a server of its own."""
    for _ in range(ATTEMPTS):
        with running(kind_of_server()) as server:
            outcome = endured(server, flood, seconds)
        if not outcome.missed:
            break
    return outcome


LEGEND = "Without the flood / beside it; memory before / at its end / settled."
HEAD = "| Flood | sent | sockets | worst pong, ms | worst audio gap, ms | memory, MB | |\n|---|---|---|---|---|---|---|"


def row(outcome: Outcome) -> str:
    """A line of the table: without the flood, and beside it."""
    ends = ", ".join(f"{count} {end}" for end, count in sorted(outcome.flooded.ends.items()))
    return (
        f"| {outcome.flood} | {outcome.flooded.sent_bytes / 2**20:.1f} MB | {outcome.flooded.opened}"
        f"{f' ({ends})' if ends else ''} | {outcome.calm.pong_ms:.1f} / {outcome.beside.pong_ms:.1f}"
        f" | {outcome.calm.gap_ms:.1f} / {outcome.beside.gap_ms:.1f} | {outcome.before_mb:.0f} / {outcome.after_mb:.0f}"
        f" / {outcome.settled_mb:.0f} | {'; '.join(outcome.missed) or 'kept'} |"
    )


def summary(outcomes: Sequence[Outcome]) -> str:
    """What the table comes to, in a sentence or two."""
    missed = sum(bool(each.missed) for each in outcomes)
    verdict = f"{missed} of {len(outcomes)} missed" if missed else f"All {len(outcomes)} kept"
    pongs = [each.beside.pong_ms for each in outcomes]
    gaps = sorted(outcomes, key=lambda each: each.beside.gap_ms)
    widest = gaps[-1]
    return (
        f"{verdict}: worst pong beside a flood {min(pongs):.1f} to {max(pongs):.1f} ms, worst audio gap "
        f"{gaps[0].beside.gap_ms:.1f} to {widest.beside.gap_ms:.1f} ms (*{widest.flood}*; {widest.calm.gap_ms:.1f} ms "
        "without the flood), memory "
        f"{min(each.before_mb for each in outcomes):.0f} MB before and at most "
        f"{max(each.settled_mb for each in outcomes):.0f} MB settled."
    )


def figures(outcomes: Sequence[Outcome], seconds: float, date: str) -> str:
    """As Markdown, for docs/performance.md. `seconds`: how long each conversation went on, `date` in ISO 8601."""
    about = f"{machine()}; {date}; {seconds:g} s without and {seconds:g} s beside each flood."
    return "\n\n".join((about, summary(outcomes), LEGEND, "\n".join((HEAD, *map(row, outcomes)))))


def main(arguments: list[str]) -> int:
    """All floods, or those named; returns the exit status."""
    parser = argparse.ArgumentParser(prog="python -m tests.load.flood")
    parser.add_argument("--seconds", type=float, default=3.0)
    parser.add_argument("--only", default="", help="floods whose name holds this")
    parser.add_argument("--short", action="store_true", help="a few of them")
    parser.add_argument("--write", action="store_true", help=f"write what all of them came to into docs/{PAGE.name}")
    options = parser.parse_args(arguments)
    if options.write and (options.only or options.short):
        parser.error("--write is for all floods")
    end_all_when_told()
    print(f"{LEGEND}\n")
    print(HEAD, flush=True)
    outcomes: list[Outcome] = []
    for flood in FLOODS:
        if options.only in flood.name and (not options.short or flood.name in SHORT):
            outcomes.append(endured_at_best(flood, options.seconds))
            print(row(outcomes[-1]), flush=True)
    if outcomes:
        print(f"\n{summary(outcomes)}")
    if options.write:
        text = figures(outcomes, options.seconds, datetime.now(UTC).date().isoformat())
        PAGE.write_text(with_figures(PAGE.read_text("utf-8"), text, BEGIN, END), "utf-8")
    return 1 if any(outcome.missed for outcome in outcomes) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
