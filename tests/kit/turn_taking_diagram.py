"""The states and waits of turn-taking as a page of documentation: `python -m tests.kit.turn_taking_diagram` writes it.

The page is made from the very tables that the rules obey, so it cannot say anything else than they do. A test fails
when it is stale.
"""

import sys
from collections.abc import Mapping, Sequence
from enum import StrEnum
from typing import TypeVar

from actors.rules import transcription
from actors.rules.turn_taking.state import (
    AGENT_CHANGES,
    CALLER_CHANGES,
    COURSE_CHANGES,
    FINAL_CHANGES,
    INTERRUPTION_CHANGES,
    PREEMPTION_CHANGES,
    AgentActivity,
    CallerActivity,
    Course,
    Interruption,
    OwedFinal,
    Preemption,
)
from actors.rules.turn_taking.waits import GOODBYE, WAITS, Wait
from tests.kit.source import ROOT

PAGE = ROOT / "docs" / "turn-taking.md"

INTRODUCTION = """\
# Turn-taking: its states and its waits

This page is written by `make diagrams` from the tables in `actors/rules/turn_taking/state.py` and `waits.py`; do not
edit it. What the states mean, and why there are several, is told at the top of
`actors/rules/turn_taking/machine.py`.
"""

WAITS_INTRODUCTION = """\
## Waits

Whatever turn-taking waits for is a row of this table: who owes it, by which clock, and what is done when it does not
come. After each event exactly those timers run whose row says that something is owed. While the last words of a
session are said, only the last row counts.
"""

LISTENING_INTRODUCTION = """\
## Waits of a session that only listens

There nobody takes turns, and the table in `actors/rules/transcription.py` is obeyed: one timer runs, for the row that
is due first.
"""

S = TypeVar("S", bound=StrEnum)


def state_diagram(title: str, first: S, changes: Mapping[S, Mapping[S, str]]) -> str:
    """One table of changes as a Mermaid state diagram under a heading."""
    arrows = [f"    {now} --> {then}: {reason}" for now, ways in changes.items() for then, reason in ways.items()]
    ends = [f"    {now} --> [*]" for now, ways in changes.items() if not ways]
    diagram = "\n".join(["stateDiagram-v2", f"    [*] --> {first}", *arrows, *ends])
    return f"## {title}\n\n```mermaid\n{diagram}\n```\n"


def table_of_waits(waits: tuple[Wait, ...]) -> str:
    """The waits as a Markdown table."""
    rows = [(str(w.timer), w.awaited, w.owed_by, w.clock, w.otherwise) for w in waits]
    return _table(("timer", "awaited", "owed by", "clock", "when it does not come"), rows)


def table_of_listening() -> str:
    """The waits of a session that only listens as a Markdown table."""
    rows = [(w.awaited, w.owed_by, w.clock, w.otherwise) for w in transcription.WAITS]
    return _table(("awaited", "owed by", "clock", "when it does not come"), rows)


def _table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    return "\n".join(f"| {' | '.join(row)} |" for row in (header, ("---",) * len(header), *rows)) + "\n"


def page() -> str:
    """The whole page."""
    return "\n".join(
        (
            INTRODUCTION,
            state_diagram("The agent", AgentActivity.IDLE, AGENT_CHANGES),
            state_diagram("The caller", CallerActivity.SILENT, CALLER_CHANGES),
            state_diagram("The interruption in hand", Interruption.NONE, INTERRUPTION_CHANGES),
            state_diagram("The reply that is begun before the words are final", Preemption.NONE, PREEMPTION_CHANGES),
            state_diagram("The final transcript that is owed", OwedFinal.NONE, FINAL_CHANGES),
            state_diagram("The course of the session", Course.OPEN, COURSE_CHANGES),
            WAITS_INTRODUCTION,
            table_of_waits((*WAITS, GOODBYE)),
            LISTENING_INTRODUCTION,
            table_of_listening(),
        )
    )


def main() -> int:
    """Write the page."""
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(page(), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
